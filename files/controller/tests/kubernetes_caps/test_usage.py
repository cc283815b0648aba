"""Byte counters of pods become byte counters of targets that only grow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.actuators.base import Usage
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.caps.usage import Counters, Tally
from detnet.kubernetes.objects.faults import Faults
from detnet.runtime.control_loop import TrafficMeter

counts = st.dictionaries(st.sampled_from(["a-1", "a-2", "b-1"]), st.floats(0.0, 1e12))


def _domain(**pods: tuple[str, ...]) -> Domain:
    return Domain("node-1", frozenset(), (), pods)


TWO = _domain(a=("a-1", "a-2"), b=("b-1",))


@given(st.lists(st.tuples(counts, st.none() | st.floats(0.0, 1e13)), min_size=1, max_size=10))
def test_whatever_the_counters_do_ours_never_go_back(readings: list[tuple[dict[str, float], float | None]]) -> None:
    """Pods come, go and restart; a counter that went back would be a rate below zero."""
    tally, last = Tally(), Usage(0.0, {"a": 0, "b": 0}, 0)
    for number, (pods, node) in enumerate(readings):
        tally.take(Counters(float(number), pods, {} if node is None else {"node-1": node}), [TWO], Faults())
        usage = tally.usage(TWO)
        if usage is not None:
            assert usage.other_bytes >= last.other_bytes
            assert all(usage.target_bytes[name] >= last.target_bytes[name] for name in ("a", "b"))
            last = usage


def test_targets_and_the_rest_of_the_node_are_told_apart() -> None:
    """The rest is the node's own counter less the targets'."""
    tally = Tally()
    tally.take(Counters(0.0, {"a-1": 10.0, "a-2": 20.0, "b-1": 5.0}, {"node-1": 1000.0}), [TWO], Faults())
    tally.take(Counters(1.0, {"a-1": 110.0, "a-2": 220.0, "b-1": 5.0}, {"node-1": 1500.0}), [TWO], Faults())
    assert tally.usage(TWO) == Usage(1.0, {"a": 300, "b": 0}, 200)


def test_a_pod_without_a_counter_makes_the_domain_unknown() -> None:
    """A workload whose bytes are missing must not look idle; the next scrape may have them."""
    tally = Tally()
    tally.take(Counters(0.0, {"a-1": 1.0, "b-1": 5.0}, {"node-1": 10.0}), [TWO], Faults())
    assert tally.usage(TWO) is None
    tally.take(Counters(1.0, {"a-1": 2.0, "a-2": 7.0, "b-1": 6.0}, {"node-1": 20.0}), [TWO], Faults())
    assert tally.usage(TWO) is not None
    tally.take(Counters(2.0, {"a-1": 3.0, "a-2": 8.0, "b-1": 7.0}, {}), [TWO], Faults())
    assert tally.usage(TWO) is None


def test_between_two_scrapes_nothing_is_known_and_not_nothing_sent() -> None:
    """The meter must see one reading per scrape, or it would take the pause for silence."""
    tally, meter, rates = Tally(), TrafficMeter(), []
    for second in range(31):
        scraped = second // 15 * 15.0
        tally.take(
            Counters(float(second), {"a-1": 100.0 * scraped}, {"node-1": 300.0 * scraped}),
            [_domain(a=("a-1",))],
            Faults(),
        )
        rates.append(meter.rates(tally.usage(_domain(a=("a-1",)))))
    assert [(r.target_bps["a"], r.other_bps) for r in rates if r] == [(800.0, 1600.0)] * 2


def test_a_target_that_came_or_went_since_the_scrape_is_not_answered_for() -> None:
    """The loop asks about the targets of now."""
    tally = Tally()
    tally.take(Counters(0.0, {"a-1": 1.0, "a-2": 1.0, "b-1": 5.0}, {"node-1": 10.0}), [TWO], Faults())
    assert tally.usage(_domain(a=("a-1", "a-2"))) is None
