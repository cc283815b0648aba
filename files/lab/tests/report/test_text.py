"""What the terminal shows."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from detnet.text import MISSING, fault, share, speaks_unicode
from detnet_lab.report import run_text
from detnet_lab.report.judge import judge
from detnet_lab.report.markup import run_page
from detnet_lab.report.run_record import parse
from detnet_lab.report.run_text import closing_line, summary_text
from report.records import BAD, CLEAN, judged, record
from report.synthetic import extremes

RUNS = extremes()


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_a_hundred_columns(name: str, *, unicode: bool) -> None:
    """And without Unicode every character is ASCII."""
    text = summary_text(judge(parse(RUNS[name])), unicode=unicode)
    assert max(map(len, text.splitlines())) <= 100
    assert unicode or text.isascii()


def test_long_phase_names_give_way_to_the_figures() -> None:
    """The name is cut, no figure is."""
    run = record([CLEAN] * 6)
    run["phases"][1]["name"] = "a very long name " * 9
    text = summary_text(judge(parse(run)))
    assert "…" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "40.0 Mbit/s" in text


def test_the_columns_are_aligned() -> None:
    """Every line of the table is equally long."""
    lines = summary_text(judge(parse(RUNS["ten-phases"]))).splitlines()[2:]
    assert len({len(line) for line in lines}) == 1


def test_one_violation_in_many_never_reads_a_hundred_percent() -> None:
    """Nothing is rounded to the run's advantage."""
    total = judged([CLEAN] * 2000 + [BAD]).total
    assert run_text.compliance(total) == "99.9 %"
    assert run_text.violations(total) == "0.1 %"
    assert fault(1e-9) == "0.1 %"
    assert share(0.9999) == "99 %"


def test_the_headline_says_what_was_held_and_what_was_got() -> None:
    """One sentence, both sides."""
    assert run_text.headline(judged([CLEAN] * 7 + [BAD])) == (
        "robot-control stayed inside 2 ms in 90.0 % of windows; best effort got 50 % of what the link left"
    )


def test_the_headline_says_when_little_could_be_judged() -> None:
    """A share of two windows is not a share of ten."""
    headline = run_text.headline(judged([CLEAN] * 8, invalidated_s=[float(second) for second in range(2, 10)]))
    assert "in 100 % of the 2 windows that could be judged" in headline


def test_a_run_without_a_window_claims_nothing() -> None:
    """Everything was invalidated."""
    summary = judged([CLEAN], invalidated_s=[0.0, 1.0, 2.0])
    assert run_text.headline(summary).startswith("Nothing can be said")


def test_never_and_nothing_to_protect_from_are_different_words() -> None:
    """A missing number is explained."""
    assert run_text.protection(judged([BAD] * 6).total) == "never"
    assert run_text.protection(judged([CLEAN] * 6, events=[]).total) == MISSING


def test_a_stream_that_cannot_carry_our_signs_is_recognised() -> None:
    """LANG=C must not raise."""
    assert speaks_unicode(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert not speaks_unicode(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))


def test_left_out_windows_are_said() -> None:
    """What was not judged is not hidden."""
    assert "Left out: 1 window in which the measuring host" in summary_text(judged([CLEAN] * 6, invalidated_s=[3.0]))


def test_a_burst_that_no_cap_cures_is_told_and_a_cured_one_is_not() -> None:
    """In the terminal and on the page, where best effort sent whole packets of 64 KB."""
    sentence = (
        "64 KB at 100 Mbit/s are 5.2 ms; the objective of robot-control is 2 ms: no cap above 8.08 Mbit/s can hold it"
    )
    whole = parse(record([CLEAN] * 6, enforcer="edt"))
    summary = judge(whole)
    assert summary.to_json()["burst"] == sentence
    assert f"{sentence}." in " ".join(summary_text(summary).split())
    assert f"<p>{sentence}.</p>" in run_page(whole, summary)
    assert max(map(len, summary_text(summary).splitlines())) <= 100
    assert judged([CLEAN] * 6, enforcer="edt", burst="cured").burst is None
    assert judged([CLEAN] * 6).burst is None


def test_the_closing_names_the_files() -> None:
    """What to open next."""
    assert closing_line(Path("out/report.html"), Path("out/report.png")).startswith("Open out/report.html")
