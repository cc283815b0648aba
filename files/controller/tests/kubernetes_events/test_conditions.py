"""What the passes of a loop mean to a workload: Events, their reasons, and one sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from detnet.control.decision import Action, Mode
from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.events.conditions import REMIND_S, Condition, ConditionTracker, WorkloadCondition, describe
from detnet.kubernetes.events.reasons import Reason
from detnet.model.rate import Rate
from detnet.telemetry.passes import Pass
from kubernetes_events.passes import TARGET, Passes

PAGE = Path(__file__).parents[4] / "docs/operate/kubernetes.md"


@pytest.fixture
def passes() -> Passes:
    """Passes over node-1."""
    return Passes()


def changes(
    tracker: ConditionTracker, *passes: Pass, not_enforced: dict[str, str] | None = None
) -> list[tuple[Reason, str]]:
    """Return the changes that the passes make."""
    return [(one.reason, one.message) for each in passes for one in tracker.after(each, not_enforced or {})]


def test_a_cut_is_reported_with_its_caps_and_its_reason(passes: Passes) -> None:
    """From what to what, where, and why."""
    ((reason, message),) = changes(
        ConditionTracker("node-1"), passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M")
    )
    assert reason is Reason.THROTTLED
    assert message == "cap 80 Mbit/s to 40 Mbit/s on node-1: cut: the 2. pass says so"


def test_a_cut_that_reaches_the_pods_by_and_by_is_one(passes: Passes) -> None:
    """Caps that are still falling some passes later belong to the cut before; the next cut is another."""
    falling = [passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "80M"), passes.make(Action.HOLD, "60M")]
    again = [passes.make(Action.HOLD, "40M"), passes.make(Action.CUT, "20M")]
    assert [reason for reason, _ in changes(ConditionTracker("node-1"), *falling, *again)] == [Reason.THROTTLED] * 2


def test_the_end_of_throttling_is_reported_once(passes: Passes) -> None:
    """The cap is released when it is back where it was before the first cut, and not at every step on the way."""
    tracker = ConditionTracker("node-1")
    down = [passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M"), passes.make(Action.CUT, "30M")]
    changes(tracker, *down)
    up = [passes.make(Action.RAISE, "60M"), passes.make(Action.RAISE, "80M"), passes.make(Action.RAISE, "90M")]
    assert changes(tracker, *up) == [
        (Reason.RELEASED, "cap back at 80 Mbit/s on node-1, 3 s after the first cut for robot-control")
    ]


@pytest.mark.parametrize("action", [Action.TRIM, Action.DECAY])
def test_not_every_fall_is_throttling(passes: Passes, action: Action) -> None:
    """A policy that trims what nobody uses, and the decay of blindness, are no throttling."""
    assert Reason.THROTTLED not in dict(
        changes(ConditionTracker("node-1"), passes.make(Action.HOLD, "80M"), passes.make(action, "40M"))
    )


def test_blindness_is_reported_when_it_begins_and_again_while_it_lasts(passes: Passes) -> None:
    """The next blindness is reported at once, a long one every ten minutes."""
    tracker = ConditionTracker("node-1")
    blind = [passes.make(Action.DECAY, "40M") for _ in range(int(REMIND_S) + 1)]
    assert [reason for reason, _ in changes(tracker, *blind)] == [Reason.BLIND] * 2
    assert changes(tracker, passes.make(Action.HOLD, "40M")) == []
    assert [reason for reason, _ in changes(tracker, passes.make(Action.DECAY, "40M"))] == [Reason.BLIND]


def test_a_cap_without_effect_is_reported_with_its_cause(passes: Passes) -> None:
    """What the actuator says of a target in the domain is reported, of others not."""
    tracker, why = ConditionTracker("node-1"), "its pods use the host network"
    given = {TARGET: why, "elsewhere": "x"}
    assert changes(tracker, passes.make(Action.HOLD, "40M"), not_enforced=given) == [
        (Reason.NOT_ENFORCED, f"{why} (on node-1)")
    ]
    assert changes(tracker, passes.make(Action.HOLD, "40M"), not_enforced=given) == []


def test_a_blocked_loop_reports_nothing(passes: Passes) -> None:
    """Where nothing is done, nothing has happened; the status says why."""
    tracker = ConditionTracker("node-1")
    blocked = [passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M", blocked_reason="kill switch /etc/stop")]
    assert changes(tracker, *blocked) == []
    assert describe({"node-1": tracker.conditions[TARGET]}) == (
        "cap 40 Mbit/s, which nothing proves, left alone (kill switch /etc/stop)"
    )


def test_caps_that_cannot_be_read_change_nothing(passes: Passes) -> None:
    """An unreadable pass leaves the last known cap in place and does not end the throttling."""
    tracker = ConditionTracker("node-1")
    changes(tracker, passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M"))
    assert changes(tracker, passes.make(Action.HOLD, "80M", mode=Mode.SETTLING, read=False)) == []
    assert describe({"node-1": tracker.conditions[TARGET]}) == (
        "cap 40 Mbit/s, which nothing proves, throttled for robot-control"
    )


def test_a_target_that_left_is_forgotten(passes: Passes) -> None:
    """A workload without running pods has no condition; when it is back, it starts anew."""
    tracker = ConditionTracker("node-1")
    changes(tracker, passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M"))
    changes(tracker, passes.make(Action.HOLD, "80M", targets=()))
    assert tracker.conditions == {}
    assert changes(tracker, passes.make(Action.RAISE, "90M")) == []


def test_a_sentence_over_several_nodes_says_the_worst_and_the_sum() -> None:
    """One workload, one sentence, wherever its pods are."""
    half = WorkloadCondition(Rate.parse("40M"), Condition.NOT_THROTTLED, proof=Proof.PROVED)
    throttled = WorkloadCondition(Rate.parse("20M"), Condition.THROTTLED, "robot-control", Proof.PROVED)
    assert describe({"a": half, "b": throttled}) == "at most 60 Mbit/s on 2 nodes, throttled for robot-control"
    assert describe({"a": half, "b": WorkloadCondition(None, Condition.BLIND)}) == (
        "at most 40 Mbit/s on 2 nodes, not everywhere, no fresh evidence"
    )
    assert describe({"a": WorkloadCondition(None, Condition.NOT_THROTTLED)}) == "no cap, not throttled"


def test_small_steps_do_not_change_the_sentence() -> None:
    """The sentence has two digits, so that a loop that raises in small steps does not rewrite it each time."""
    texts = {
        describe({"a": WorkloadCondition(Rate(bps), Condition.NOT_THROTTLED, proof=Proof.PROVED)})
        for bps in (98_700_000, 99_100_000, 99_499_999)
    }
    assert texts == {"at most 99 Mbit/s, not throttled"}


@pytest.mark.parametrize(
    ("proofs", "said"),
    [
        ((Proof.PROVED, Proof.PROVED), "at most 60 Mbit/s on 2 nodes"),
        ((Proof.PROVED, Proof.UNPROVED), "cap 60 Mbit/s, not yet proved on 2 nodes"),
        ((Proof.UNPROVED, Proof.DISPROVED), "cap 60 Mbit/s, not enforced on 2 nodes"),
        ((None, None), "cap 60 Mbit/s, which nothing proves on 2 nodes"),
    ],
)
def test_only_of_a_proved_cap_is_it_said_that_a_workload_sends_at_most_that(
    proofs: tuple[Proof | None, Proof | None], said: str
) -> None:
    """The worst node decides: what is not proved on one of them is not proved."""
    texts = zip(("40M", "20M"), proofs, strict=True)
    caps = [WorkloadCondition(Rate.parse(text), Condition.NOT_THROTTLED, proof=proof) for text, proof in texts]
    assert describe(dict(zip("ab", caps, strict=True))) == f"{said}, not throttled"


def test_a_workload_whose_caps_are_not_in_force_keeps_its_condition_and_is_told(passes: Passes) -> None:
    """It gets no share of the budget any more, so it is in no cap of the pass."""
    tracker = ConditionTracker("node-1")
    changes(tracker, passes.make(Action.HOLD, "40M"))
    without = passes.make(Action.HOLD, "80M", targets=("other",))
    told = tracker.after(without, {TARGET: "it sends 90M"}, {TARGET: Proof.DISPROVED, "other": Proof.PROVED})
    assert [(one.target, one.reason) for one in told] == [(TARGET, Reason.NOT_ENFORCED)]
    assert describe({"node-1": tracker.conditions[TARGET]}) == "cap 40 Mbit/s, not enforced, not throttled"
    assert describe({"node-1": tracker.conditions["other"]}) == "at most 80 Mbit/s, not throttled"


def _cut_in_vain(passes: Passes, latency_ms: float) -> list[Pass]:
    """Return passes that halve the budget of 80M four times in eight seconds, and then hold, at a delay that stays."""
    made, cap_bps = [], 80_000_000
    for second in range(20):
        action, before_bps = (Action.CUT if second in {0, 2, 4, 6} else Action.HOLD), cap_bps
        cap_bps = cap_bps // 2 if action is Action.CUT else cap_bps
        one = passes.make(action, Rate(cap_bps).quantity, latency_ms=30.0 if second == 0 else latency_ms)
        made.append(replace(one, decision=replace(one.decision, before_bps=before_bps, budget_bps=cap_bps)))
    return made


@pytest.mark.parametrize(
    ("latency_ms", "proof", "times"),
    [
        (29.0, None, 1),
        (29.0, Proof.UNPROVED, 1),
        (29.0, Proof.PROVED, 0),
        (29.0, Proof.DISPROVED, 0),
        (20.0, None, 0),
        (5.0, None, 0),
    ],
)
def test_cuts_that_change_nothing_are_evidence_where_no_bytes_are(
    passes: Passes, latency_ms: float, proof: Proof | None, times: int
) -> None:
    """An objective of 10 ms that stays at three times that, or comes down; what bytes say goes before it."""
    tracker, said = ConditionTracker("node-1"), list[str]()
    for one in _cut_in_vain(passes, latency_ms):
        found = tracker.after(one, {}, {TARGET: proof})
        said += [change.message for change in found if change.reason is Reason.NO_EFFECT]
    told = "4 cuts from 80 Mbit/s to 5 Mbit/s have left robot-control as it was, and nothing proves the caps: "
    assert said == [f"{told}they may not be in force, or something else delays it (on node-1)"] * times


def test_the_page_has_every_reason_with_its_type() -> None:
    """Reason and type of each row are those that are written."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (Normal|Warning) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert rows == {reason.value: "Warning" if reason.is_warning else "Normal" for reason in Reason}
