"""Profiles: what a rate does over a scenario, as a sum of terms."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest

from detnet_lab.simulator.profile import check, draw

SLOTS = 6000


def drawn(profile: object, slots: int = SLOTS, seed: int = 0) -> list[float]:
    """Return a profile's value for each slot of 0.1 s."""
    return draw(check(profile, "test"), slots, Random(seed))


def test_terms_add_up() -> None:
    """A level and a pulse on top of it."""
    values = drawn([{"level": 0.2}, {"pulse": {"high": 0.3, "start_s": 10, "for_s": 5}}])
    assert [values[at] for at in (99, 100, 149, 150)] == pytest.approx([0.2, 0.5, 0.5, 0.2])


def test_steps_hold_and_ramps_join() -> None:
    """The same points, two readings."""
    points = [[0, 1.0], [10, 0.5]]
    assert drawn({"steps": points})[50] == 1.0
    assert drawn({"ramps": points})[50] == pytest.approx(0.75)


def test_a_square_wave_is_on_and_off_for_its_times() -> None:
    """Two seconds and three, from its start on."""
    values = drawn({"square": {"high": 1.0, "on_s": 2, "off_s": 3, "start_s": 10}})
    assert values[99] == 0.0
    assert [sum(values[100:120]), sum(values[120:150])] == [20.0, 0.0]


def test_pareto_times_have_their_means() -> None:
    """On a third of the time, in runs of very different lengths, most of them short."""
    shares = [fmean(drawn({"pareto": {"high": 1.0, "on_s": 1, "off_s": 2, "shape": 2.5}}, seed=s)) for s in range(20)]
    assert fmean(shares) == pytest.approx(1 / 3, abs=0.05)


def test_bursts_come_as_often_as_asked() -> None:
    """Every 5 s for 0.3 s: 6 % of the time, less what overlaps."""
    shares = [fmean(drawn({"bursts": {"high": 1.0, "for_s": 0.3, "every_s": 5}}, seed=s)) for s in range(20)]
    assert fmean(shares) == pytest.approx(0.058, abs=0.006)


def test_a_sine_begins_at_its_lowest_and_peaks_at_half_its_period() -> None:
    """A day that begins at night."""
    values = drawn({"sine": {"high": 0.4, "period_s": 600}})
    assert [values[0], max(values)] == pytest.approx([0.0, 0.4])
    assert values.index(max(values)) == 3000
