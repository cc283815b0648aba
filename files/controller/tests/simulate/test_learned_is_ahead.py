"""The gate for every change: the default policy against every law of the documents, on the quick subset."""

from __future__ import annotations

import pytest

from detnet.simulate.batch import simulate
from detnet.simulate.figures import Comparison, compare
from detnet.simulate.session import QUICK, jobs_of, order

DOCUMENTS = ("v1", "v1-sensor", "v1-fresh", "v2", "v2-fresh", "v5", "v5-hot", "v5-fresh")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Run the subset once: one seed on the reference plant."""
    asked = order("quick", ",".join(("learned", *DOCUMENTS)), "reference", 1)
    return compare(simulate(jobs_of(asked), processes=2, progress=lambda *_: None), "learned")


def test_every_quick_scenario_was_run(comparison: Comparison) -> None:
    """Or the gate has a hole."""
    assert set(comparison.by_law["learned"]) == set(QUICK)


@pytest.mark.parametrize("law", DOCUMENTS)
def test_it_violates_less_and_delivers_more_than(law: str, comparison: Comparison) -> None:
    """Both at once: each alone is easy."""
    ours, theirs = comparison.totals["learned"], comparison.totals[law]
    assert ours.violation_ratio < theirs.violation_ratio
    assert ours.be_compliant_ratio > theirs.be_compliant_ratio


def test_its_longest_violation_is_a_few_seconds(comparison: Comparison) -> None:
    """Where the documents' laws need half a minute and more."""
    assert comparison.totals["learned"].longest_run_s <= 5
