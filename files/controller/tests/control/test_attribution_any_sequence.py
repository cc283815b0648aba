"""No sequence of evidence restores a budget in a breach without proof, or keeps it when something is worse."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from control.loop_harness import PASS_S, SLOW, LoopHarness
from control.worlds import GUARD, MBPS, rules
from detnet.control.decision import Action, Decision, Mode
from detnet.control.learned import Learned
from detnet.control.policies import Aimd, Graded, Policy, Steps
from detnet.model.objectives import Verdict

QUICK = replace(GUARD, exonerate_after_s=2.0, enforce_s=1.0, cooldown_s=1.0, recovery_s=1.0, raise_every_s=1.0)
moments = st.tuples(
    st.sampled_from([9.0, 9.0, 9.0, 9.0, 8.5, 9.7, 10.1, 12.0, 4.0, 2.1, 60.0, 1.0, None]),  # latency in ms
    st.sampled_from([0.0] * 8 + [0.05, 0.1, 1.0]),  # loss
    st.sampled_from([None] * 6 + [1.0, 12.0, 400.0]),  # what best effort sends in Mbit/s, if not all it may
    st.sampled_from([0.0] * 9 + [-30.0, 0.7, 40.0]),  # a step of the clock
    st.sampled_from([1, 1, 3, 10]),  # passes
)
BEFORE = [(1.0, 0.0, None, 0.0, 6), (9.0, 0.0, None, 0.0, 20)]


@dataclass(slots=True)
class AttributionOracle:
    """What was proved, from the decisions and the evidence alone."""

    cuts: int = 0
    least: bool = False  # whether best effort complied with the least budget in the last pass
    least_s: float = 0.0  # for how long it has been
    worst_ms: float = 0.0  # the worst latency meanwhile
    restoring: bool = False
    not_before_s: float = field(default=-1e9)

    def check(self, one: Decision, latency_ms: float | None, *, complies: bool, stepped_s: float) -> None:
        """Check one decision against what was proved before it."""
        verdicts = {finding.verdict for finding in one.findings}
        self.not_before_s += min(stepped_s, 0.0)
        seen_s = min(max(PASS_S + stepped_s, 0.0), QUICK.fresh_for_s) if complies else None
        least_s = self.least_s + (seen_s or 0.0) if self.least else 0.0
        if one.action is Action.RAISE and Verdict.BREACHED in verdicts:
            assert self.restoring or (self.cuts >= 3 and least_s >= QUICK.exonerate_after_s)
            assert one.mode is Mode.NOT_NETWORK
            assert one.at_s >= self.not_before_s
            assert one.budget_bps <= 2 * one.before_bps
        if self.restoring and Verdict.BREACHED in verdicts and latency_ms and latency_ms > 1.1 * self.worst_ms:
            assert (one.mode, one.budget_bps) == (Mode.BREACH, QUICK.minimum_bps)
            self.not_before_s = one.at_s + 60.0
        if Verdict.BLIND in verdicts:
            assert one.mode is not Mode.NOT_NETWORK
        self._remember(one, verdicts, latency_ms, None if seen_s is None else least_s)

    def _remember(self, one: Decision, verdicts: set[Verdict], latency_ms: float | None, least_s: float | None) -> None:
        broken = Verdict.BLIND in verdicts or verdicts == {Verdict.MET}
        self.cuts = 0 if verdicts == {Verdict.MET} else self.cuts + (one.mode is Mode.BREACH)
        was, self.restoring = (
            self.restoring,
            not broken and (one.mode is Mode.NOT_NETWORK or (self.restoring and one.mode is Mode.UNRESOLVED)),
        )
        if self.restoring:
            if not was:  # proved in this pass, at the least budget still
                self.worst_ms = max(self.worst_ms, latency_ms or 0.0)
            return
        if broken or was or one.before_bps > 1.1 * QUICK.minimum_bps or least_s is None:
            self.least, self.least_s, self.worst_ms = False, 0.0, 0.0
        else:
            self.least, self.least_s = True, least_s
            self.worst_ms = max(self.worst_ms, latency_ms or 0.0)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([Steps(), Aimd(), Graded(), Learned()]), st.lists(moments, min_size=4, max_size=16))
def test_no_restoration_without_proof_and_none_when_it_is_worse(
    policy: Policy, sequence: list[tuple[float | None, float, float | None, float, int]]
) -> None:
    """Whatever comes between: better, worse, lost, blind, disobedient, and clocks that step."""
    loop, oracle = LoopHarness(rules(SLOW, guard=QUICK, policy=policy)), AttributionOracle()
    for latency_ms, loss, sending_mbps, step_s, repeats in [*BEFORE, *sequence]:
        loop.now_s += step_s
        for n in range(repeats):
            loop.sending_bps = None if sending_mbps is None else sending_mbps * MBPS
            least = 1.1 * max(loop.state.budget_bps, QUICK.minimum_bps)
            complies = loop.sending_bps is None or loop.sending_bps <= least
            one = loop.step(latency_ms, loss=loss)
            oracle.check(
                one, None if loss == 1.0 else latency_ms, complies=complies, stepped_s=step_s if n == 0 else 0.0
            )
