"""What each ``state`` of the module ``bandwidth`` means: from the pods as they are to the moves that are wanted.

Nothing here touches the cluster: a plan is whole, and checked, before the first write.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .capping import Move, Skipped, cap_all, caps_in_force, release_all, share, sort_out
from .control.allocate import Claim, allocate, steady
from .control.decision import Action, Decision, Evidence, Rules
from .control.one_shot import decide_once
from .deciding import evidence_of, read, rules_of
from .kubernetes.objects.shares import per_pod, together, worth_writing
from .kubernetes.objects.targets import EVERYTHING, Bounds, Roster, find
from .kubernetes.objects.workloads import Pod, Workload
from .model.annotations import PAUSE, standing
from .model.errors import UserError
from .model.rate import CEILING_BPS, FLOOR_BPS, Rate
from .model.units import parse_rate
from .workloads import Chosen

_ANY = Bounds(Rate(FLOOR_BPS), Rate(CEILING_BPS))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: ``caps`` are the workloads' budgets, ``problems`` what a person should hear of."""

    moves: Sequence[Move]
    skipped: Sequence[Skipped] = ()
    caps: Mapping[str, Rate] | None = None
    decision: Decision | None = None
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A chosen workload with the pods of it that can be capped; never without one."""

    claim: Claim
    pods: tuple[Pod, ...]

    @property
    def name(self) -> str:
        """How decisions and results name it."""
        return self.claim.name


def absent(chosen: Sequence[Chosen], options: Mapping[str, Any]) -> Plan:
    """Take back whatever is ours."""
    return Plan(release_all(chosen, key=options["annotation"]))


def present(chosen: Sequence[Chosen], options: Mapping[str, Any]) -> Plan:
    """Put an explicit rate in force: each workload's budget, or each pod's cap.

    Raises:
        UserError: the rate is none, too small for so many pods, or no pod can be capped.
    """
    rate = read("rate", parse_rate, options["rate"])
    roster = _roster(chosen, _ANY, ())
    targets, skipped = _targets(chosen, roster)
    each = {one.name: rate if options["per_pod"] else share(rate, len(one.pods), workload=one.name) for one in targets}
    moves = [move for one in targets for move in cap_all(one.pods, each[one.name], key=options["annotation"])]
    caps = {one.name: Rate(each[one.name].bps * len(one.pods)) for one in targets}
    return Plan(moves, skipped, caps)


def decided(chosen: Sequence[Chosen], options: Mapping[str, Any]) -> Plan:
    """Decide on one budget for all chosen workloads, as the daemon would that finds these caps, and divide it.

    Raises:
        UserError: values that do not fit together, no pod can be capped, or there is no evidence.
    """
    key = options["annotation"]
    bounds = Bounds(read("min", parse_rate, options["min"]), read("max", parse_rate, options["max"]))
    if bounds.minimum > bounds.maximum:
        raise UserError(f"min: {bounds.minimum.quantity} is above max, {bounds.maximum.quantity}")
    roster = _roster(chosen, bounds, (one["workload"] for one in options["objectives"]))
    targets, skipped = _targets(chosen, roster, heed_pause=True)
    claims = [one.claim for one in targets]
    rules = rules_of(options, claims)
    sending = None if options["sending"] is None else float(read("sending", parse_rate, options["sending"]).bps)
    in_force = {one.name: together(caps_in_force(one.pods, key=key)) for one in targets}
    evidence = evidence_of(options, rules)
    decision, caps = budgets(rules, claims, in_force, evidence, now_s=time.monotonic(), sending_bps=sending)
    sharp = decision.action is Action.CUT
    moves = [
        move
        for one in targets
        for move in _near(one.pods, per_pod(caps[one.name], len(one.pods)), sharp=sharp, key=key)
    ]
    return Plan(moves, skipped, caps, decision, roster.problems)


def budgets(  # noqa: PLR0913 - what a pass of the daemon looks at
    rules: Rules,
    claims: Sequence[Claim],
    in_force: Mapping[str, Rate | None],
    evidence: Mapping[str, Evidence],
    *,
    now_s: float,
    sending_bps: float | None = None,
) -> tuple[Decision, Mapping[str, Rate]]:
    """Return the decision and each workload's budget; one without a cap counts as being at its largest."""
    before_bps = sum((in_force.get(claim.name) or Rate(claim.maximum_bps)).bps for claim in claims)
    decision = decide_once(rules, before_bps, evidence, now_s=now_s, sending_bps=sending_bps)
    return decision, steady(allocate(decision.budget_bps, claims), in_force, decision.budget_bps, claims)


def _roster(chosen: Sequence[Chosen], bounds: Bounds, objectives: Iterable[str]) -> Roster:
    workloads = [one.head for one in chosen if isinstance(one.head, Workload)]
    pods = [pod for one in chosen for pod in one.pods]
    critical = {(one.ref.namespace, name) for one in chosen for name in objectives}
    # A pod that belongs to a workload is no target of its own.
    wanted = {one.ref: bounds for one in chosen if isinstance(one.head, Workload) or one.head.alone}
    return find(wanted, critical, workloads, pods, defaults=None, delegation=EVERYTHING)


def _targets(
    chosen: Sequence[Chosen], roster: Roster, *, heed_pause: bool = False
) -> tuple[list[Target], list[Skipped]]:
    """Return what can be capped, and every pod that cannot with the reason.

    Raises:
        UserError: there is nothing to cap at all.
    """
    targets: list[Target] = []
    skipped: list[Skipped] = []
    for one in chosen:
        bounds = roster.targets.get(one.ref)
        if bounds is not None and bounds.paused and heed_pause:
            skipped += [Skipped(pod, f"paused by the annotation {PAUSE}") for pod in one.pods]
            continue
        able, left = sort_out(one, roster)
        skipped += left
        if able and bounds is not None:
            targets.append(Target(_claim(one, bounds, len(able)), tuple(able)))
    if not targets:
        names = ", ".join(one.ref.long_name for one in chosen)
        reasons = "; ".join(f"{one.pod.ref.name}: {one.reason}" for one in skipped) or "it has no pods"
        raise UserError(f"{names}: no running pod can be capped ({reasons})")
    return targets, skipped


def _claim(one: Chosen, bounds: Bounds, pods: int) -> Claim:
    least_bps = max(bounds.minimum.bps, pods * FLOOR_BPS)
    return Claim(str(one.ref), least_bps, max(bounds.maximum.bps, least_bps), bounds.weight)


def _near(pods: Iterable[Pod], cap: Rate, *, sharp: bool, key: str) -> Iterable[Move]:
    """Yield the moves to ``cap``; a pod that is near enough keeps what it has, as the daemon would leave it."""
    for pod in pods:
        now = standing(pod.annotations, key=key)
        keeps = now.ours and now.cap is not None and not worth_writing(cap, now.cap, sharp=sharp)
        yield from cap_all([pod], now.cap if keeps and now.cap is not None else cap, key=key)
