"""The main property: no sequence of anything makes the loop raise a budget without proof that all is well.

Two workloads, one seen through samples and one through signals, are assessed a second time, independently (``oracle``),
and every decision is checked against that. What the world may do is in ``sequences``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat

from hypothesis import given, settings
from hypothesis import strategies as st

from control.oracle import Oracle
from control.sequences import ROBOT, SCANNER, Moment, World, guards, moments, policies
from detnet.control.decide import decide
from detnet.control.decision import Decision, Observation, Rules, State
from detnet.control.guard import Guard
from detnet.control.policies import Policy

sequences = st.lists(moments(), min_size=1, max_size=25)
starts = st.one_of(st.just(1.0), st.floats(0.0, 1.0), st.floats())  # as a share of the maximum


def run(
    rules: Rules, sequence: list[Moment], start: float
) -> Iterator[tuple[State, Observation, float, Decision, State]]:
    """Yield every pass of a sequence: state, observation and time before it, decision and state after it."""
    world = World()
    state = State.at(world.now_s, start * rules.guard.maximum_bps, rules.guard)
    for moment in chain.from_iterable(repeat(each, each.repeats) for each in sequence):
        observation = world.step(moment)
        decision, after = decide(rules, state, observation, now_s=world.now_s)
        yield state, observation, world.now_s, decision, after
        state = after


@settings(max_examples=200, deadline=None)
@given(guards(), policies, sequences, starts)
def test_no_sequence_breaks_a_rule(guard: Guard, policy: Policy, sequence: list[Moment], start: float) -> None:
    """Raises only on fresh proof and after every wait, a cut for every proven breach, always a usable budget."""
    oracle = Oracle(guard, World().now_s)
    for _, observation, now_s, decision, after in run(Rules((ROBOT, SCANNER), guard, policy), sequence, start):
        oracle.observe(observation, now_s)
        oracle.check(decision)
        assert after.budget_bps == decision.budget_bps


@settings(max_examples=20, deadline=None)
@given(guards(), policies, sequences, starts)
def test_a_pass_is_a_pure_function(guard: Guard, policy: Policy, sequence: list[Moment], start: float) -> None:
    """The same inputs give the same decision and state, and are left as they were."""
    rules = Rules((ROBOT, SCANNER), guard, policy)
    snapshot = ""
    for state, observation, now_s, decision, after in run(rules, sequence, start):
        assert snapshot in ("", repr(state)), "the state was changed after it was handed out"
        snapshot = repr((state, observation))
        assert repr(decide(rules, state, observation, now_s=now_s)) == repr((decision, after))
        assert repr((state, observation)) == snapshot, "the inputs were changed"
        snapshot = repr(after)
