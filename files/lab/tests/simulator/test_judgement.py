"""The judgement stands on the plant's truth, leaves the warm-up out and counts goodput in clean seconds only."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detnet_lab.simulator.outcome import judge
from detnet_lab.simulator.trace import GroundTruthWindow, LinkTrace, Trace
from simulator.small_runs import SMALL


def trace(*links: Sequence[bool], writes: Sequence[float] = (), disturbances: tuple[float, ...] = ()) -> Trace:
    """Return a trace whose windows violate where told, each with 10 Mbit/s of goodput."""
    traces = []
    for violates in links:
        windows = [
            GroundTruthWindow(at, 5.0 if bad else 0.1, 0.0, ("robot",) * bad, 10e6) for at, bad in enumerate(violates)
        ]
        traces.append(LinkTrace(("upload",), ("robot",), 2.0, (), windows, tuple((at_s, "upload") for at_s in writes)))
    return Trace("test", "policy", SMALL, 0, float(len(links[0])), disturbances, tuple(traces))


def seconds(total: int, *bad: int) -> list[bool]:
    """Return which of ``total`` seconds violate."""
    return [at in bad for at in range(total)]


def test_the_warm_up_is_left_out() -> None:
    """Twenty seconds of violations at the start are no violation."""
    assert judge(trace(seconds(80, *range(20)))).violating == 0


def test_goodput_counts_in_clean_seconds_only() -> None:
    """A quarter of the time in violation costs a quarter of the goodput."""
    found = judge(trace(seconds(80, *range(30, 45))))
    assert (found.violation_ratio, found.goodput_bps) == (0.25, 10e6)
    assert found.compliant_bps == pytest.approx(7.5e6)


def test_the_longest_run_is_in_a_row() -> None:
    """Three here and two there are three."""
    assert judge(trace(seconds(80, 30, 31, 32, 40, 41))).longest_run_s == 3


def test_a_second_violates_when_it_does_on_any_link() -> None:
    """Two bottlenecks, one promise."""
    found = judge(trace(seconds(80, 30), seconds(80, 50)))
    assert found.violating == 2
    assert found.goodput_bps == pytest.approx(20e6)


def test_protection_is_the_first_of_five_clean_seconds() -> None:
    """From the disturbance, the worst of them; one that never ends in five clean seconds is counted."""
    found = judge(trace(seconds(80, 30, 31, 33, 70, *range(72, 80)), disturbances=(30.0, 70.0)))
    assert (found.protect_s, found.unprotected) == (4.0, 1)


def test_writes_are_per_minute_and_target_after_the_warm_up() -> None:
    """Six writes in a minute, and those of the warm-up are free."""
    assert judge(trace(seconds(80), writes=[1.0, 2.0, *range(20, 26)])).writes_per_min == 6.0
