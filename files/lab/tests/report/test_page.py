"""The HTML page: self-contained, escaped, complete."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from detnet_lab.report.judge import judge
from detnet_lab.report.markup import folded, reproduce, run_page
from detnet_lab.report.run_record import Decision, parse
from report.records import CLEAN, record
from report.synthetic import extremes

RUNS = extremes()
VOID = {"meta", "link", "br"}


class Tags(HTMLParser):
    """Collects every tag, and every attribute that could make a request."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes what is open."""
        assert self.open.pop() == tag


def page(raw: dict[str, Any]) -> tuple[str, Tags]:
    """Return a record's page and its tags."""
    run = parse(raw)
    text = run_page(run, judge(run))
    tags = Tags()
    tags.feed(text)
    return text, tags


def test_the_page_asks_for_nothing_from_anywhere() -> None:
    """It opens offline and tells nobody that it was read."""
    text, tags = page(RUNS["blind"])
    assert tags.addresses == ["data:,"]
    assert "script" not in tags.tags
    assert not re.search(r"url\(|@import", text)
    assert tags.open == []


def test_every_extreme_makes_a_well_formed_page() -> None:
    """No figure is missing for a template to stumble over."""
    for raw in RUNS.values():
        assert page(raw)[1].open == []


def test_texts_from_a_run_are_escaped() -> None:
    """A scenario's title is text, also in the picture."""
    evil = "<script>alert(1)</script>"
    decision = {
        "at_s": 1.0, "action": evil, "mode": "control", "cap_before_bps": None, "cap_after_bps": 1e6, "reason": evil,
    }  # fmt: skip
    run = record([CLEAN] * 6, policy=evil, scenario=evil, started_at=evil, decisions=[decision])
    run["phases"][0] |= {"title": evil, "name": evil}
    run["events"][0]["text"] = evil
    run["best_effort"] = {evil: run["best_effort"]["upload"]}
    text, tags = page(run)
    assert "script" not in tags.tags
    assert "&lt;script&gt;" in text


def test_the_page_tells_every_phase_event_and_reason() -> None:
    """The whole story, not only the picture."""
    text, _ = page(RUNS["blind"])
    for event in RUNS["blind"]["events"]:
        assert event["text"] in text
    for phase in RUNS["blind"]["phases"]:
        assert f"<td>{phase['name']}</td>" in text
    assert "breaches the objective" in text


def test_a_row_of_holds_is_one_row_and_every_change_its_own() -> None:
    """Three thousand decisions are read by their changes."""
    decisions = parse(RUNS["aimd"]).decisions
    rows = folded(decisions)
    assert sum(times for _, _, times in rows) == len(decisions)
    changes = [decision for decision in decisions if decision.cap_before_bps != decision.cap_after_bps]
    assert [first for first, _, _ in rows if first.cap_before_bps != first.cap_after_bps] == changes
    assert all(times == 1 for first, _, times in rows if first.action == "cut")


def test_two_cuts_that_end_at_one_cap_are_two_rows() -> None:
    """The cap was raised by someone else in between."""
    cuts = tuple(Decision(at_s, "cut", "control", before, 40e6, "late") for at_s, before in ((1.0, 50e6), (2.0, 60e6)))
    assert [times for _, _, times in folded(cuts)] == [1, 1]


def test_the_command_to_repeat_a_run_is_quoted() -> None:
    """It can be pasted whatever the scenario is called."""
    run = parse(record([CLEAN] * 8, scenario="a b; rm"))
    assert reproduce(run) == "make lab POLICY=aimd SCENARIO='a b; rm' DURATION=10"
    edt = parse(record([CLEAN] * 8, enforcer="edt", burst="cured"))
    assert reproduce(edt).endswith(" ENFORCER=edt BURST=cured")
