"""The ablations: each takes exactly one part out of the learned policy, and the table says what that costs."""

from __future__ import annotations

import pickle
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from detnet.control.guard import Guard
from detnet.control.learned import Learned
from detnet.runtime.build import build_rules
from detnet_lab.cli.simulate import command
from detnet_lab.report.estimates import Estimate
from detnet_lab.simulator.batch import Job, Result, run_job
from detnet_lab.simulator.comparison import Comparison, compare
from detnet_lab.simulator.exogenous import draw
from detnet_lab.simulator.policies.ablations import ABLATIONS, FULL, Ablation, EqualDivision, Unguarded
from detnet_lab.simulator.policies.production import ProductionPolicy
from detnet_lab.simulator.policies.registry import find
from detnet_lab.simulator.protocol import batch_spec
from detnet_lab.simulator.reports.ablation_table import table, verdict
from detnet_lab.simulator.simulated_domain import SimulatedDomain
from simulator.small_runs import SMALL, outcome, scenario, trace

STEP = scenario(critical="[{steps: [[0, 0.2], [30, 0.6]]}]", duration_s=60)
RULES = build_rules(
    ProductionPolicy(FULL).settings(
        SimulatedDomain(STEP.links[0], SMALL, draw(STEP.links[0], SMALL, 60.0, "0"), actuation_s=0.0)
    )
)


@pytest.mark.parametrize("policy", ABLATIONS.values(), ids=list(ABLATIONS))
def test_each_changes_the_policy_or_the_guard_or_the_division_and_nothing_else(policy: Ablation) -> None:
    """Two changes at once would tell nothing of either."""
    changed = policy.change(RULES)
    parts = [
        asdict(changed.policy) != asdict(RULES.policy),  # type: ignore[call-overload]
        changed.guard != RULES.guard,
        policy.control_loop is EqualDivision,
    ]
    assert sum(parts) == 1
    assert changed.objectives == RULES.objectives
    assert isinstance(changed.policy, Learned)


def test_all_of_them_reach_other_processes() -> None:
    """A batch hands its policies to workers."""
    assert [pickle.loads(pickle.dumps(policy)).name for policy in ABLATIONS.values()] == list(ABLATIONS)  # noqa: S301 - ours


def test_the_page_tells_what_each_of_them_lacks() -> None:
    """A reader of the table must find the part."""
    page = (Path(__file__).parents[4] / "docs/lab/simulator.md").read_text()
    assert [name for name in ABLATIONS if f"| `{name}` |" not in page] == []


def test_without_a_guard_a_blind_budget_stands() -> None:
    """With it, it decays."""
    blind = replace(STEP, links=scenario("faults: [{kind: latency-lost, at_s: 20, for_s: 40}]", critical="0.2").links)
    last = [sum(trace(name, blind).links[0].ticks[-1].cap_bps) for name in (FULL, "no-guard")]
    assert last[0] < 0.6 * last[1]
    assert isinstance(ABLATIONS["no-guard"].change(RULES).guard, Unguarded)
    assert isinstance(RULES.guard, Guard)


def test_without_division_by_demand_the_idle_hold_what_the_busy_could_use() -> None:
    """Half of the room instead of nearly all of it."""
    targets = "[{name: busy}, {name: idle, demand: 0.01}]"
    whole, equal = (outcome(name, scenario(critical="0.2", targets=targets)) for name in (FULL, "equal-division"))
    assert equal.compliant_bps < 0.7 * whole.compliant_bps


def test_an_unknown_policy_is_not_ablated() -> None:
    """A part of a policy that another policy does not have."""
    rules = build_rules(
        ProductionPolicy("aimd").settings(
            SimulatedDomain(STEP.links[0], SMALL, draw(STEP.links[0], SMALL, 60.0, "0"), actuation_s=0.0)
        )
    )
    with pytest.raises(TypeError, match="not aimd"):
        ABLATIONS["no-trim"].change(rules)


def compared(cost: float) -> Comparison:
    """Return three worlds in which the policy without trim violates by so much more, give or take."""
    policies = (find(FULL), find("no-trim"))
    results = []
    for seed in range(3):
        real = run_job(Job(STEP, SMALL, seed, policies))
        whole, without = (replace(one, violating=10 + seed) for one in real.outcomes)
        results.append(Result(real.oracle, (whole, replace(without, violating=without.violating + round(cost * 40)))))
    return compare(results, FULL)


@pytest.mark.parametrize(("cost", "shown"), [(0.5, "+50.00 points"), (-0.25, "-25.00 points"), (0.0, "+0.00 points")])
def test_the_table_tells_what_the_absence_costs(cost: float, shown: str) -> None:
    """Without less whole, in the same worlds: what seeds have in common cancels."""
    (row,) = table(compared(cost)).rows
    assert row[0] == "trim before the limit"
    assert row[2].lstrip("+-") == shown.lstrip("+-")
    assert (row[2][0] == "-") == (cost < 0.0) or cost == 0.0


def test_the_verdict_stands_on_intervals_that_exclude_zero() -> None:
    """A mean alone buys nothing."""
    more, less, unclear = Estimate(0.2, 0.1, 0.3), Estimate(-0.2, -0.3, -0.1), Estimate(0.2, -0.1, 0.5)
    assert verdict(more, less, more) == "fewer violations, more goodput, fewer writes"
    assert verdict(less, more, less) == "more violations, less goodput, more writes"
    assert verdict(unclear, unclear, unclear) == "nothing measurable"


def test_the_command_writes_the_table(tmp_path: Path) -> None:
    """From names to Markdown, in one call."""
    (tmp_path / "mine.yaml").write_text("name: mine\ntitle: own\nduration_s: 30\ntargets: [{name: upload}]\n")
    arguments = ["ablate", "--scenario", str(tmp_path / "mine.yaml"), "--policy", "learned,no-trim", "--seeds", "2"]
    done = CliRunner().invoke(command, [*arguments, "--jobs", "1", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "trim before the limit" in done.output
    assert "| trim before the limit | explores until a breach |" in (tmp_path / "out" / "ABLATION.md").read_text()


def test_a_batch_of_ablations_has_the_whole_policy_and_every_variant() -> None:
    """By one word."""
    assert [policy.name for policy in batch_spec("normal", "ablations", "grid", 1).policies] == [FULL, *ABLATIONS]
