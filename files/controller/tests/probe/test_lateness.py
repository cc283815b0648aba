"""A probe that we sent late is not used, nor is one of a second in which we were late often."""

from __future__ import annotations

from detnet.probe.pacing import Lateness

MS = 10**6
PERIOD = 10 * MS  # 100 Hz


def verdicts(late_ms: list[float]) -> tuple[list[bool], Lateness]:
    """Judge one probe per 10 ms of the given latenesses, limit 0.5 ms."""
    lateness = Lateness(0.5)
    due = range(0, len(late_ms) * PERIOD, PERIOD)
    return [lateness.judge(at, at + round(late * MS)) for at, late in zip(due, late_ms, strict=True)], lateness


def test_punctual_probes_are_used() -> None:
    """Lateness up to the limit invalidates nothing."""
    used, lateness = verdicts([0.5] * 300)
    assert all(used)
    assert (lateness.invalidated, lateness.windows) == (False, 0)


def test_a_single_late_probe_goes_alone() -> None:
    """One late probe in a hundred leaves the second usable."""
    used, lateness = verdicts([0.1] * 150 + [3.0] + [0.1] * 150)
    assert [index for index, usable in enumerate(used) if not usable] == [150]
    assert lateness.windows == 0


def test_six_late_of_a_hundred_spoil_the_second() -> None:
    """When the p95 of the last second is over the limit, punctual probes are dropped too, until it has passed."""
    used, lateness = verdicts([0.1] * 150 + [3.0] * 6 + [0.1] * 200)
    assert not any(used[150:250])
    assert all(used[256:])
    assert lateness.windows == 1


def test_each_invalidated_second_is_counted() -> None:
    """Three seconds of lateness are three windows."""
    _, lateness = verdicts([2.0] * 300)
    assert lateness.invalidated
    assert lateness.windows == 3
