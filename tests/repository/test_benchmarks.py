"""The benchmarks run and show what they measured; how fast a machine is, is nobody's failure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_decision_pass_is_measured_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small sizes: each has a cost in every step, the steps add up, and the picture shows every size and goal."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import decision_pass  # noqa: PLC0415 - found only now

    monkeypatch.setattr(decision_pass, "TARGETS", (1, 10))
    monkeypatch.setattr(decision_pass, "LOOPS", (1, 10))
    monkeypatch.setattr(decision_pass, "GOALS", {decision_pass.Goal("1 ms at 10", 10, 1.0): 1})
    monkeypatch.setattr(sys, "argv", ["decision_pass", "--out", str(tmp_path), "--passes", "3"])
    decision_pass.main()
    rows = json.loads((tmp_path / "decision-pass.json").read_text())
    assert [(row["targets"], row["loops"]) for row in rows] == [(1, 1), (10, 1), (10, 10)]
    assert all(value > 0.0 for row in rows for value in row.values())
    assert (tmp_path / "decision-pass.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "decision-pass.svg").read_text()
    assert all(name in svg for name in ("learned, 1 loop", "learned, 10 loops", "steps, 1 loop", "1 ms at 10"))
    assert "10 x 10" in capsys.readouterr().out


def test_hostile_tenants_delay_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute of the hour in docs/lab/benchmarks.md: what is promised holds, whatever the figures."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import hostile_churn  # noqa: PLC0415 - found only now

    figures, again = (hostile_churn.Run(seed=3).run(30.0) for _run in range(2))
    figures.memory_mib, again.memory_mib = [], []
    assert figures == again, "the same seed is the same half minute"
    assert figures.cuts > 10
    assert figures.latest_cut_s <= 1.0
    assert figures.longest_uncapped_s <= 2.0
    assert figures.refused > 10
