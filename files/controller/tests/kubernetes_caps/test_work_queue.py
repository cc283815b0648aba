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
        order.put(_wish(number, urgent=False), 0.0)
    first, second = _take(order, 0.0), _take(order, 0.0)
    order.failed(first.ref, 0.0, Failure.SERVER)
    assert order.take(60.0) is None  # the second is still under way
    order.failed(second.ref, 0.0, Failure.SERVER)
    probe = _take(order, 60.0)
    assert order.take(60.0) is None
    order.written(probe.ref, 60.0)
    assert [order.take(60.0) is not None for _ in range(7)] == [True] * 7


def test_a_failing_server_is_asked_about_once_a_second() -> None:
    """The pauses double up to one second, so that a minute of outage is a minute of about sixty requests.

    Each cut is tried once before that, ten a second: it may be the objects that failed, and not the server.
    """
    order, now_s, asked_s = _order(), 0.0, list[float]()
    for number in range(100):
        order.put(_wish(number), now_s)
    while now_s < 70.0:
        now_s += order.wait_s(now_s) or 0.0
        pending = order.take(now_s)
        if pending is not None:
            order.failed(pending.ref, now_s, Failure.SERVER)
            asked_s.append(now_s)
    assert sum(at_s <= 10.0 for at_s in asked_s) <= 100 + 15
    assert 55 <= sum(at_s > 10.0 for at_s in asked_s) <= 70


def test_objects_that_fail_hold_up_no_cut_that_has_not() -> None:
    """A webhook that hangs for the pods of one workload looks like an outage, and the victim's cut is not theirs."""
    for why in (Failure.SERVER, Failure.REFUSED):
        order, now_s = _order(), 0.0
        for number in range(500):
            order.put(replace(_wish(number), group="attacker"), now_s)
        for _attempt in range(20):
            now_s += order.wait_s(now_s) or 0.0
            while (pending := order.take(now_s)) is not None:
                order.failed(pending.ref, now_s, why)
        victim = replace(_wish(1000), group="victim")
        order.put(victim, now_s)
        put_s = now_s
        while order.take(now_s) != victim:
            now_s += order.wait_s(now_s) or 0.0
        assert now_s - put_s <= 0.2, why


def test_requests_that_hang_leave_room_for_another_workload() -> None:
    """The last worker is not for who has writes in flight, and half of them at most for what has failed before."""
    order = _order()
    for number in range(100):
        order.put(replace(_wish(number), group="attacker"), 0.0)
    hanging = [_take(order, 0.0) for _worker in range(7)]
    assert (order.take(0.0), order.wait_s(0.0)) == (None, None)
    order.put(replace(_wish(1000), group="victim"), 0.0)
    assert _take(order, 0.0).group == "victim"
    for pending in hanging:
        order.failed(pending.ref, 3.0, Failure.SERVER)
    again = 0
    while (pending_again := order.take(60.0)) is not None:
        again += pending_again.group == "attacker"
    assert again <= 4


def test_workloads_take_turns() -> None:
    """The cut of one pod does not wait for the five hundred of its neighbour."""
    order = _order()
    for number in range(500):
        order.put(replace(_wish(number), group="large"), 0.0)
    order.put(replace(_wish(1000), group="small"), 0.0)
    first = [_take(order, 0.0) for _each in range(3)]
    assert "small" in {pending.group for pending in first}


def test_a_server_that_asks_for_peace_gets_it_within_reason() -> None:
    """``Retry-After`` holds all writes, and an hour of it is not believed."""
    for asked_s, least_s, most_s in ((2.0, 2.0, 2.2), (3600.0, 5.0, 5.5)):
        order = _order()
        order.put(_wish(1), 0.0)
        order.put(_wish(2), 0.0)
        order.failed(_take(order, 0.0).ref, 0.0, Failure.BUSY, asked_s)
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
    """A policy against us refuses every pod: each is asked about once, and all retries together are five a second."""
    order, now_s, asked = _order(), 0.0, 0
    for number in range(1000):
        order.put(_wish(number), now_s)
    while now_s < 30.0:
        now_s += order.wait_s(now_s) or 0.0
        pending = order.take(now_s)
        if pending is not None:
            order.failed(pending.ref, now_s, Failure.REFUSED)
            asked += 1
    assert asked <= 1000 + 30.0 / 0.2 + 1


def test_when_one_refused_object_can_be_written_all_are_tried_again() -> None:
    """The policy is gone, or the right is there: nobody waits minutes for that."""
    order, now_s = _order(), 0.0
    for number in range(20):
        order.put(_wish(number), now_s)
    while now_s < 120.0:
        now_s += order.wait_s(now_s) or 0.0
        pending = order.take(now_s)
        if pending is not None:
            order.failed(pending.ref, now_s, Failure.REFUSED)
    while (pending := order.take(now_s)) is None:
        now_s += order.wait_s(now_s) or 0.0
    order.written(pending.ref, now_s)
    for _each in range(19):
        assert order.wait_s(now_s) == 0.0
        order.written(_take(order, now_s).ref, now_s)


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


def test_the_end_of_an_outage_lets_its_cuts_go_at_once() -> None:
    """They have waited for the server, and not for themselves: the first success of anybody is their turn."""
    order, now_s = _order(), 0.0
    victim = replace(_wish(1000), group="victim")
    for pending in (victim, *(replace(_wish(number), group="others") for number in range(20))):
        order.put(pending, now_s)
    while now_s < 15.0:
        now_s += order.wait_s(now_s) or 0.0
        pending_now = order.take(now_s)
        if pending_now is not None:
            order.failed(pending_now.ref, now_s, Failure.SERVER)
    order.put(replace(_wish(2000), group="others"), now_s)  # never failed: tried at once
    while (first := order.take(now_s)) is None:
        now_s += order.wait_s(now_s) or 0.0
    order.written(first.ref, now_s)
    assert victim in [first, *(order.take(now_s) for _each in range(3))]


def test_who_fails_in_outage_after_outage_is_behind_who_does_not() -> None:
    """While others are served its failures are its own, and half of the workers are free of it."""
    order, now_s = _order(), 0.0
    for number in range(10):
        order.put(replace(_wish(number), group="attacker"), now_s)
    for number in range(100, 130):
        now_s += 0.2
        for pending in [p for _each in range(8) if (p := order.take(now_s)) is not None]:
            order.failed(pending.ref, now_s, Failure.SERVER)
        well = replace(_wish(number), group="well")
        order.put(well, now_s)
        while order.take(now_s) != well:
            now_s += 0.1
        order.written(well.ref, now_s)
    now_s += 10.0
    assert sum(order.take(now_s) is not None for _each in range(8)) == 4


def test_a_conflict_suspects_nobody() -> None:
    """The object changed meanwhile: its cut stays among the first, and waits for a second at most."""
    order, now_s = _order(), 0.0
    order.put(_wish(1), now_s)
    for _time in range(8):
        order.failed(_take(order, now_s).ref, now_s, Failure.CONFLICT)
        wait_s = order.wait_s(now_s)
        assert wait_s is not None
        assert wait_s <= 1.0
        now_s += wait_s
