"""How the order of writes treats a failing server, a refused object, and a pod that came in another's place."""

from __future__ import annotations

from dataclasses import replace

from detnet.kubernetes.caps.work_queue import Failure, RateLimits, WorkQueue
from detnet.kubernetes.objects.patches import Cap, PendingPatch
from detnet.kubernetes.objects.workloads import POD, Ref
from detnet.model.rate import Rate

M = 1_000_000


def _order() -> WorkQueue:
    return WorkQueue(RateLimits(), lambda: 1.0)


def _wish(number: int, *, mbps: int = 10, uid: str = "uid", urgent: bool = True, kind: str = POD) -> PendingPatch:
    return PendingPatch(Ref(kind, "factory", f"upload-{number}"), uid, Cap(Rate(mbps * M)), urgent, urgent)


def _take(order: WorkQueue, now_s: float) -> PendingPatch:
    pending = order.take(now_s)
    assert pending is not None
    return pending


def test_while_the_server_fails_one_write_at_a_time_finds_out_whether_it_is_back() -> None:
    """A thousand pods in eight threads would otherwise hammer a server that is coming up."""
    order = _order()
    for number in range(10):
        order.put(_wish(number), 0.0)
    first, second = _take(order, 0.0), _take(order, 0.0)
    order.failed(first.ref, 0.0, Failure.SERVER)
    assert order.take(60.0) is None  # the second is still under way
    order.failed(second.ref, 0.0, Failure.SERVER)
    probe = _take(order, 60.0)
    assert order.take(60.0) is None
    order.written(probe.ref, 60.0)
    assert [order.take(60.0) is not None for _ in range(10)] == [True] * 9 + [False]


def test_a_failing_server_is_asked_about_once_a_second() -> None:
    """The pauses double up to one second, so that a minute of outage is a minute of about sixty requests."""
    order, now_s, asked = _order(), 0.0, 0
    for number in range(100):
        order.put(_wish(number), now_s)
    while now_s < 60.0:
        now_s += order.wait_s(now_s) or 0.0
        order.failed(_take(order, now_s).ref, now_s, Failure.SERVER)
        asked += 1
    assert 55 <= asked <= 70


def test_a_server_that_asks_for_peace_gets_it_within_reason() -> None:
    """``Retry-After`` holds all writes, and an hour of it is not believed."""
    for asked_s, least_s, most_s in ((2.0, 2.0, 2.2), (3600.0, 5.0, 5.5)):
        order = _order()
        order.put(_wish(1), 0.0)
        order.put(_wish(2), 0.0)
        order.failed(_take(order, 0.0).ref, 0.0, Failure.SERVER, asked_s)
        assert least_s <= (order.wait_s(0.0) or 0.0) <= most_s


def test_one_refused_pod_does_not_hold_up_the_others() -> None:
    """Its own pauses grow; the others go on."""
    order = _order()
    order.put(_wish(1), 0.0)
    order.failed(_take(order, 0.0).ref, 0.0, Failure.REFUSED)
    assert order.take(0.0) is None
    order.put(_wish(2), 0.0)
    assert order.wait_s(0.0) == 0.0


def test_a_server_that_refuses_everything_is_not_hammered() -> None:
    """A policy against us refuses every pod: after eight in a row it counts as trouble with the server."""
    order, now_s, asked = _order(), 0.0, 0
    for number in range(1000):
        order.put(_wish(number), now_s)
    while now_s < 30.0:
        now_s += order.wait_s(now_s) or 0.0
        order.failed(_take(order, now_s).ref, now_s, Failure.REFUSED)
        asked += 1
    assert asked <= 320


def test_a_wish_for_the_pod_before_does_not_outlive_it() -> None:
    """A StatefulSet's pod comes back under its name; what was wanted of the old one is forgotten for the new."""
    order = _order()
    order.put(_wish(1, mbps=10, uid="old"), 0.0)
    flying = _take(order, 0.0)
    order.put(_wish(1, mbps=20, uid="new"), 0.0)
    order.gone(flying.ref, 0.0)
    assert (_take(order, 0.0).uid, order.waiting) == ("new", 0)


def test_a_new_pod_does_not_wait_for_the_failures_of_the_one_before() -> None:
    """It has the name and nothing else of it."""
    order = _order()
    order.put(_wish(1, uid="old"), 0.0)
    order.failed(_take(order, 0.0).ref, 0.0, Failure.REFUSED)
    order.put(_wish(1, uid="new"), 0.0)
    assert _take(order, 0.0).uid == "new"


def test_a_small_step_further_down_does_not_slow_a_cut_that_waits() -> None:
    """The decay of the next pass must not take the urgency from the cut of this one."""
    order = _order()
    order.put(_wish(1, mbps=30), 0.0)
    order.written(_take(order, 0.0).ref, 0.0)
    order.put(_wish(1, mbps=20), 1.0)
    order.put(replace(_wish(1, mbps=19), urgent=False), 1.0)
    assert _take(order, 1.0).change == Cap(Rate(19 * M))


def test_a_template_waits_for_its_turn_even_for_a_cut() -> None:
    """Each write of a template restarts pods."""
    order = _order()
    for mbps in (20, 10):
        order.put(_wish(1, mbps=mbps, kind="Deployment"), 0.0)
        if mbps == 20:
            order.written(_take(order, 0.0).ref, 0.0)
    assert order.take(59.9) is None
    assert _take(order, 60.1).change == Cap(Rate(10 * M))


def test_without_a_pace_raises_follow_each_other_at_once() -> None:
    """A release has no reason to wait."""
    order = WorkQueue(RateLimits(every_s=0.0), lambda: 1.0)
    for _round in range(2):
        order.put(_wish(1, urgent=False), 0.0)
        order.written(_take(order, 0.0).ref, 0.0)


def test_the_age_of_the_oldest_cut_counts_from_the_first_wish() -> None:
    """A cut that is deepened while it waits has been waiting since the beginning."""
    order = _order()
    order.put(_wish(1, mbps=20), 0.0)
    order.put(_wish(1, mbps=10), 3.0)
    assert order.oldest_cut_s(5.0) == 5.0
    order.failed(_take(order, 5.0).ref, 5.0, Failure.SERVER)
    assert order.oldest_cut_s(6.0) == 6.0
