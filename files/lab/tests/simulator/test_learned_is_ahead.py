"""The gate for every change: the default policy against every policy of the documents, on the quick subset."""

from __future__ import annotations

import pytest

from detnet_lab.simulator.batch import Result, simulate
from detnet_lab.simulator.comparison import Comparison, compare
from detnet_lab.simulator.protocol import QUICK, batch_spec, jobs_of

DOCUMENTS = ("v1", "v1-sensor", "v1-fresh", "v2", "v2-fresh", "v5", "v5-hot", "v5-fresh")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Run the subset once: one seed on the reference plant."""
    asked = batch_spec("quick", ",".join(("learned", *DOCUMENTS)), "reference", 1)
    return list(simulate(jobs_of(asked), processes=2, on_progress=lambda *_: None))


@pytest.fixture(scope="module")
def comparison(results: list[Result]) -> Comparison:
    """The figures of the subset."""
    return compare(results, "learned")


def delivered_bps(results: list[Result], policy: str) -> float:
    """Return what best effort got through in clean seconds, over all scenarios."""
    return sum(outcome.compliant_bps for result in results for outcome in result.outcomes if outcome.policy == policy)


@pytest.mark.timeout(600)  # the fixtures simulate 54 times ten minutes
def test_every_quick_scenario_was_run(comparison: Comparison) -> None:
    """Or the gate has a hole."""
    assert set(comparison.by_policy["learned"]) == set(QUICK)


@pytest.mark.parametrize("policy", DOCUMENTS)
def test_it_violates_less_and_delivers_more_than(policy: str, results: list[Result], comparison: Comparison) -> None:
    """Both at once: each alone is easy.

    In bits and not in shares of the oracle: one that violates more than the oracle may can exceed it, and a share far
    above one in a scenario that it does not master would pay for all the others.
    """
    assert comparison.totals["learned"].violation_ratio < comparison.totals[policy].violation_ratio
    assert delivered_bps(results, "learned") > delivered_bps(results, policy)


def test_its_longest_violation_is_a_few_seconds(comparison: Comparison) -> None:
    """Where the v1 controller's policies need half a minute and more."""
    assert comparison.totals["learned"].longest_run_s <= 5
