"""The page and the picture of an audit log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given

from detnet.model.errors import UserError
from detnet.timeline import Window
from detnet.timeline.entry import Entry, steps
from detnet.timeline.episodes import Episode
from detnet_lab.cli.draw import command
from detnet_lab.report.timeline.bins import Bins
from detnet_lab.report.timeline.log_page import draw
from timeline.audit_logs import write_log
from timeline.entries import logs, passes


@given(log=logs)
def test_the_picture_keeps_every_state_however_wide_its_columns(log: list[Entry]) -> None:
    """Joining columns loses no extreme of the budget and no state, and bounds their number."""
    bins = Bins(width_s=0.01)
    seen = list(steps(log))
    for step in seen:
        bins.take(step)
    assert len(bins.columns) <= 2400
    states = {state for column in bins.columns.values() for state in column.states}
    assert states == {state for step in seen for state in Episode.of(step).seconds}
    budgets = [extent for _, extent in bins.series(("budget",)) if extent]
    assert max((e.high for e in budgets), default=0.0) == max((one.after_bps for one in log), default=0.0)
    assert min((e.low for e in budgets), default=0.0) == min((one.after_bps for one in log), default=0.0)


def test_one_spike_in_a_long_log_stays_in_the_picture() -> None:
    """However many columns were joined around it."""
    log = passes([("waiting", "hold", 0.5, False)] * 20_001)
    log[7000] = replace(log[7000], after_bps=9e9)
    bins = Bins()
    for step in steps(log):
        bins.take(step)
    assert bins.width_s > 4.0
    spikes = [at_s for at_s, extent in bins.series(("budget",)) if extent and extent.high == 9e9]
    assert spikes == [pytest.approx(3500.0, abs=bins.width_s)]


def test_an_empty_log_can_be_drawn(tmp_path: Path) -> None:
    """The page and the picture say that there is no decision."""
    log, html, png = tmp_path / "audit.jsonl", tmp_path / "a.html", tmp_path / "a.png"
    log.touch()
    arguments = [str(log), "--html", str(html), "--png", str(png)]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.output == f"wrote {html}\nwrote {png}\n"
    assert "holds no decision" in html.read_text()
    assert png.read_bytes().startswith(b"\x89PNG")


def test_drawing_nothing_is_refused(tmp_path: Path) -> None:
    """Neither a page nor a picture was asked for."""
    with pytest.raises(UserError, match="--html FILE, --png FILE"):
        CliRunner().invoke(command, [str(tmp_path / "audit.jsonl")], catch_exceptions=False)


def test_texts_of_the_log_are_escaped_on_the_page(tmp_path: Path) -> None:
    """A log may have been written by anybody who may write there."""
    path = tmp_path / "audit.jsonl"
    write_log(path, "jitter-spike", duration_s=30.0)
    path.write_text(path.read_text().replace("robot-control", "<script>alert(1)</script>"))
    draw(path, Window(), shown=None, html=tmp_path / "a.html", png=None)
    page = (tmp_path / "a.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
