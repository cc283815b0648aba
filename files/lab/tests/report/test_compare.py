"""All policies against the oracle: figures, words, page and picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.errors import UserError
from detnet_lab.report.compare import write
from detnet_lab.report.compare.batch_summary import BatchSummary, parse
from detnet_lab.report.compare.comparison_picture import _overlap, _place, picture
from detnet_lab.report.compare.comparison_tables import differences, headline, policies
from detnet_lab.report.estimates import Estimate, mean


def estimate(value: float, off: float = 0.0) -> dict[str, float]:
    """Return an estimate as JSON."""
    return {"mean": value, "low": value - off, "high": value + off}


def figures(violation: float, goodput: float, off: float = 0.0) -> dict[str, Any]:
    """Return one policy's figures in one scenario."""
    return {
        "worlds": 40,
        "violation_ratio": estimate(violation, off),
        "longest_run_s": estimate(2.0),
        "be_compliant_ratio": estimate(goodput, off),
        "writes_per_min": estimate(6.0),
        "protect_s": None,
        "unprotected": 0,
        "worst_run_s": 3,
    }


def summary(**policy: list[tuple[float, float]]) -> dict[str, Any]:
    """Return a ``summary.json`` of policies with (violation, goodput) in each scenario; the first is the reference."""
    return {
        "schema": 1,
        "protocol": {"seeds": [1, 3], "plants": ["a", "b"], "half": "reporting", "warm_up_s": 20},
        "policies": {
            name: {"scenarios": {f"s{n}": figures(*pair, 0.01) for n, pair in enumerate(each)}}
            for name, each in policy.items()
        },
        "reference": next(iter(policy)),
        "against": {
            name: {"violation_ratio": estimate(-0.1, 0.02), "be_compliant_ratio": estimate(0.2)} for name in policy
        },
    }


def batch(**policy: list[tuple[float, float]]) -> BatchSummary:
    """Return the same, checked."""
    return parse(summary(**policy), "summary.json")


def test_the_best_policy_stands_first_and_the_sentence_names_both() -> None:
    """Best by goodput less ten times the violations, whatever the order in the file."""
    compared = batch(learned=[(0.01, 0.95)], v1=[(0.5, 0.3)], pi=[(0.02, 0.9)])
    assert [row[0] for row in policies(compared).rows] == ["learned", "pi", "v1"]
    assert headline(compared) == (
        "learned violates in 1.0 % of all seconds at 95 % of the goodput of an oracle; "
        "the best other policy, pi, in 2.0 % at 90 %"
    )


def test_the_worst_scenario_is_named_with_its_interval() -> None:
    """Not that of the mean."""
    ((_, violating, worst, which, *_),) = policies(batch(learned=[(0.0, 1.0), (0.04, 0.8)])).rows
    assert (worst, which) == ("4.0 % [3.0, 5.0]", "s1")
    assert violating == "2.0 % [1.3, 2.7]"


def test_differences_carry_their_sign() -> None:
    """A reader must see at once which policy is ahead."""
    rows = differences(batch(learned=[(0.0, 1.0)], pi=[(0.1, 0.8)])).rows
    assert ("pi", "-10.0 points [-12.0, -8.0]", "+20.0 points") in rows


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5)), min_size=1, max_size=40))
def test_the_mean_of_estimates_is_no_less_sure_than_the_least_sure(each: list[tuple[float, float, float]]) -> None:
    """Independent errors average out; the mean lies inside its interval."""
    total = mean(Estimate(centre, centre - below, centre + above) for centre, below, above in each)
    assert total.low <= total.mean + 1e-9
    assert total.mean <= total.high + 1e-9
    assert total.mean - total.low <= max(below for _, below, _ in each) + 1e-9


@given(st.lists(st.tuples(st.floats(60, 900), st.floats(60, 400)), max_size=25))
def test_names_do_not_overlap_while_there_is_room(points: list[tuple[float, float]]) -> None:
    """Each name gets a place inside the panel."""
    inside = (0.0, 0.0, 1000.0, 500.0)
    taken: list[tuple[float, float, float, float]] = []
    for x, y in points:
        box = _place(x, y, 90.0, taken, inside)
        assert inside[0] <= box[0]
        assert box[2] <= inside[2]
        if len(taken) < 5:
            assert not any(_overlap(box, other) for other in taken)
        taken.append(box)


def test_the_picture_names_every_policy_and_scenario() -> None:
    """Directly at its point, and on the map."""
    svg = ET.fromstring(picture(batch(learned=[(0.0, 1.0)] * 3, v5=[(0.3, 0.4)] * 3), heading=True))  # noqa: S314
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert (texts.count("learned"), texts.count("v5")) == (2, 2)
    assert {"s0", "s1", "s2"} <= set(texts)


def test_all_three_files_are_written(tmp_path: Path) -> None:
    """And the page asks nobody for anything."""
    write(json.loads(json.dumps(summary(learned=[(0.01, 0.95)], v1=[(0.5, 0.3)]))), tmp_path)
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert "| learned |" in (tmp_path / "COMPARE.md").read_text()
    assert not re.search(r"(src|href)=\"http", (tmp_path / "compare.html").read_text())


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (lambda raw: raw.pop("policies"), "policies"),
        (lambda raw: raw["policies"].clear(), "at least one"),
        (lambda raw: raw["policies"]["v1"]["scenarios"].pop("s0"), "same scenarios"),
        (lambda raw: raw["policies"]["v1"]["scenarios"]["s0"].update(violation_ratio="much"), "violation_ratio"),
    ],
)
def test_a_malformed_summary_is_one_sentence(broken: Any, where: str) -> None:
    """Naming the first place that is wrong."""
    raw = summary(learned=[(0.01, 0.95)], v1=[(0.5, 0.3)])
    broken(raw)
    with pytest.raises(UserError, match=where):
        parse(raw, "summary.json")
