"""The picture of every kind of run."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from detnet.control.decision import Action
from detnet_lab.report.chart import style
from detnet_lab.report.chart.run_pictures import draw_run
from detnet_lab.report.judge import judge
from detnet_lab.report.run_record import parse
from report.records import BAD, CLEAN, LOST, record
from report.synthetic import extremes

RUNS = extremes()
NAME = "{http://www.w3.org/2000/svg}"


def drawn(raw: dict[str, Any]) -> ET.Element:
    """Return the parsed picture of a record."""
    run = parse(raw)
    return ET.fromstring(draw_run(run, judge(run), heading=True))  # noqa: S314 - our own


def looks(svg: ET.Element, look: str) -> list[ET.Element]:
    """Return the elements of one look."""
    return [element for element in svg.iter() if look in element.get("class", "").split()]


@pytest.mark.parametrize("name", RUNS)
def test_every_run_can_be_drawn_and_every_look_has_a_style(name: str) -> None:
    """Nothing lost, everything lost, no best effort, one phase, ten phases, six seconds, ten minutes."""
    svg = drawn(RUNS[name])
    used = {look for element in svg.iter() for look in element.get("class", "").split()}
    assert used <= set(re.findall(r"\.([a-z]\w*)", style.sheet()))


@pytest.mark.parametrize("name", RUNS)
def test_no_number_in_the_picture_is_nan_or_off_the_paper(name: str) -> None:
    """A wrong coordinate hides data without a word."""
    svg = drawn(RUNS[name])
    width, height = float(svg.get("width", 0)), float(svg.get("height", 0))
    for element in svg.iter():
        for x, y in re.findall(r"[ML](\S+) ([^LMZv\s]+)", element.get("d", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_ten_minutes_are_drawn_in_little_more_than_one() -> None:
    """The picture's size depends on its pixels, not on the run's length."""
    assert len(ET.tostring(drawn(RUNS["long"]))) < 4 * len(ET.tostring(drawn(RUNS["aimd"])))


def test_violations_are_shaded_as_long_as_they_last() -> None:
    """Neighbours are one box; invalidated seconds have a look of their own."""
    svg = drawn(record([CLEAN, BAD, BAD, CLEAN, BAD, CLEAN, CLEAN, CLEAN], invalidated_s=[8.0]))
    widths = [float(box.get("width", 0)) for box in looks(svg, "shade")]
    assert widths == pytest.approx([2 * 950 / 10, 950 / 10], abs=0.2)
    assert len([box for box in looks(svg, "invalidate") if float(box.get("height", 0)) > 100]) == 1


def test_a_gap_in_the_replies_is_a_gap_in_the_line() -> None:
    """A line across it would invent data; red marks say that packets were lost."""
    svg = drawn(record([CLEAN, LOST, CLEAN]))
    assert len(looks(svg, "p50")) == 2
    assert len(looks(svg, "lost")) == 1
    assert not looks(drawn(record([CLEAN] * 3)), "lost")


def test_an_unlimited_target_has_no_cap_line() -> None:
    """Null is no number: neither zero nor the capacity."""
    assert not looks(drawn(record([CLEAN])), "cap")
    run = record([CLEAN] * 4)
    run["best_effort"]["upload"]["cap_bps"] = [[0.0, 5e7], [2.0, None], [3.0, 6e7]]
    assert len(looks(drawn(run), "cap")) == 2


def test_what_critical_left_is_not_zero_before_its_first_reading() -> None:
    """The first reading comes a moment after the start; a line from zero would invent a full link."""
    svg = drawn(record([CLEAN] * 8, critical_bps=[[0.3, 20e6], [0.6, 21e6]]))
    (line,) = looks(svg, "available")
    lowest = max(float(y) for y in re.findall(r"[ML]\S+ ([^LMZ\s]+)", line.get("d", "")))
    (capacity,) = looks(svg, "capacity")
    highest = float(re.findall(r"M\S+ ([^L]+)", capacity.get("d", ""))[0])
    assert lowest - highest < 60


def test_raising_and_cutting_look_different() -> None:
    """Up and down differ in colour as well as in place."""
    decided = {Action.RAISE: "up", Action.CUT: "down", Action.TRIM: "down"}
    for action, look in decided.items():
        decision = {
            "at_s": 1.0, "action": action.value, "mode": "growth", "cap_before_bps": 1e6, "cap_after_bps": 2e6,
            "reason": "",
        }  # fmt: skip
        assert looks(drawn(record([CLEAN] * 6, decisions=[decision])), look)


def test_decisions_made_blind_have_their_own_lane() -> None:
    """Whatever their action was."""
    texts = [element.text for element in drawn(RUNS["blind"]).iter(f"{NAME}text")]
    assert {"raise", "hold", "cut", "blind"} <= set(texts)
    assert "decay" not in texts


def test_characters_that_xml_cannot_hold_do_not_break_the_picture() -> None:
    """Markup and control characters in a title stay text."""
    run = record([CLEAN] * 6)
    run["phases"][0]["title"] = "<b>\x00&\ud800"
    run["events"][0]["text"] = "]]> <script>alert(1)</script>"
    texts = [element.text for element in drawn(run).iter()]
    assert "<b>\ufffd&\ufffd" in texts
    assert "]]> <script>alert(1)</script>" in texts


def test_both_colour_schemes_and_the_plain_sheet_know_every_colour() -> None:
    """A forgotten variable would be black on black."""
    used = set(re.findall(r"var\(--(\w+)\)", style.sheet()))
    for dark in (False, True):
        assert used <= set(re.findall(r"--(\w+):", style.variables(dark=dark)))
    assert "var(" not in style.plain_sheet()
