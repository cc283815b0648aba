"""Whatever a policy does wrong, the guard cuts, nothing rises that should not, and the decision says so."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from control.worlds import GUARD, MBPS, ConstantPolicy, one_pass, rules, signal, wants
from detnet.control.decision import Action, Mode, State
from detnet.control.policies import Proposal

CALM = State(now_s=1000.0, budget_bps=500 * MBPS, memory="before")
FAILURES = [
    ValueError("two\nlines"),
    RecursionError("deep"),
    None,
    7,
    (),
    (None, None),
    ("text", None),
    (Proposal(math.nan, "nan"), "malformed"),
    (Proposal(math.inf, "inf"), "malformed"),
    (Proposal(-math.inf, "-inf"), "malformed"),
    (Proposal(10**400, "huge"), "malformed"),
    (Proposal("100M", "text"), "malformed"),  # type: ignore[arg-type]
    (Proposal(None, "none"), "malformed"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_policy_cannot_keep_the_guard_from_cutting(failure: object) -> None:
    """The guard's own cut, in the same pass, with the memory as it was."""
    decision, state = one_pass(rules(policy=ConstantPolicy(failure)), CALM, signal(1001.0, 9.0), now_s=1001.0)
    assert (decision.action, decision.budget_bps) == (Action.CUT, 450 * MBPS)
    assert decision.terms == {"policy_failed": 1.0}
    assert state.memory == "before"


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_policy_grows_nothing(failure: object) -> None:
    """The budget stays, and the reason names the failure in one line."""
    decision, state = one_pass(rules(policy=ConstantPolicy(failure)), CALM, signal(1001.0), now_s=1001.0)
    assert (decision.action, decision.terms) == (Action.HOLD, {"policy_failed": 1.0})
    assert "policy" in decision.reason
    assert len(decision.reason.splitlines()) == 1
    assert state.memory == "before"


@pytest.mark.parametrize("wanted_bps", [1e30, 500.0 * MBPS, 1000.0 * MBPS, 450.1 * MBPS])
def test_a_policy_cannot_soften_a_cut(wanted_bps: float) -> None:
    """A breach leaves what the guard allows at most."""
    decision, _ = one_pass(rules(policy=wants(wanted_bps)), CALM, signal(1001.0, 9.0), now_s=1001.0)
    assert decision.budget_bps == 450 * MBPS


@pytest.mark.parametrize(("wanted_bps", "left_bps"), [(300.0 * MBPS, 300 * MBPS), (-1e30, GUARD.minimum_bps)])
def test_a_policy_may_cut_deeper(wanted_bps: float, left_bps: int) -> None:
    """Down to the minimum and no further."""
    decision, _ = one_pass(rules(policy=wants(wanted_bps)), CALM, signal(1001.0, 9.0), now_s=1001.0)
    assert decision.budget_bps == left_bps


def test_a_policy_is_not_asked_for_room_that_is_not_there() -> None:
    """Blind, unresolved and settling passes raise nothing, whatever the policy wants."""
    greedy = rules(policy=wants(1e30))
    for evidence in (None, signal(990.0), signal(1001.0, (1.0, 3.0)), signal(1001.0, 1.0, sent=4)):
        decision, _ = one_pass(greedy, CALM, evidence, now_s=1001.0)
        assert decision.mode is not Mode.GROWTH
        assert decision.budget_bps <= CALM.budget_bps
    settling = replace(CALM, last_cut_s=1000.9)
    assert one_pass(greedy, settling, signal(1001.0), now_s=1001.0)[0].mode is Mode.SETTLING


@pytest.mark.parametrize("reason", ["", "two\nlines", "a\r\n\tb", "\u2028"])
def test_a_reason_is_always_one_line(reason: str) -> None:
    """Audit logs and Events are read line by line."""
    decision, _ = one_pass(rules(policy=wants(400.0 * MBPS, reason)), CALM, signal(1001.0), now_s=1001.0)
    assert decision.reason.startswith("trim 500 Mbit/s to 400 Mbit/s:")
    assert len(decision.reason.splitlines()) == 1
