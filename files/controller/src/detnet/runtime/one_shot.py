"""One decision outside the loop, from the configuration: from given numbers or measured with its source."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from detnet.config.models import Settings
from detnet.control import one_shot
from detnet.control.allocate import allocate
from detnet.control.decision import Decision, Evidence, Rules
from detnet.model.errors import UserError
from detnet.model.rate import Rate
from detnet.model.units import parse_duration_s, parse_rate, parse_share
from detnet.runtime.build import build_claims, build_rules, build_source
from detnet.sources.source import measure

_T = TypeVar("_T")

_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class ManualOptions:
    """What the user gave: ``WORKLOAD=VALUE`` texts for each figure, rates as Kubernetes quantities."""

    latency: tuple[str, ...] = ()
    jitter: tuple[str, ...] = ()
    loss: tuple[str, ...] = ()
    budget: str | None = None
    sending: str | None = None
    live: bool = False


def decide_once(settings: Settings, given: ManualOptions) -> tuple[Decision, Mapping[str, Rate]]:
    """Return the decision and the caps that it would put in force.

    Raises:
        UserError: a value cannot be read, nothing was given for an objective, or the live source stays silent.
    """
    rules = build_rules(settings)
    budget_bps = _read("--budget", given.budget, parse_rate).bps if given.budget else rules.guard.maximum_bps
    sending_bps = None if given.sending is None else float(_read("--sending", given.sending, parse_rate).bps)
    evidence = (
        measure(build_source(settings.source, settings.effective_objectives), rules, patience_s=_PATIENCE_S)
        if given.live
        else _signals(rules, given)
    )
    decision = one_shot.decide_once(rules, budget_bps, evidence, now_s=time.monotonic(), sending_bps=sending_bps)
    return decision, allocate(decision.budget_bps, build_claims(settings))


def _signals(rules: Rules, given: ManualOptions) -> Mapping[str, Evidence]:
    known = {objective.workload for objective in rules.objectives}
    latency = {name: value * 1e3 for name, value in _pairs("--latency", given.latency, known, parse_duration_s).items()}
    jitter = {name: value * 1e3 for name, value in _pairs("--jitter", given.jitter, known, parse_duration_s).items()}
    loss = _pairs("--loss", given.loss, known, parse_share)
    silent = known - latency.keys() - jitter.keys() - loss.keys()
    if silent:
        raise UserError(f"nothing is given for {min(silent)}: use --latency, --jitter or --loss, or --live to measure")
    now_s = time.monotonic()
    return {
        name: one_shot.ManualEvidence(latency.get(name), jitter.get(name), loss.get(name)).signal(rules, now_s=now_s)
        for name in known
    }


def _pairs(option: str, texts: tuple[str, ...], known: set[str], parse: Callable[[object], float]) -> dict[str, float]:
    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"{option} {text}: expected WORKLOAD=VALUE")
        if name not in known:
            raise UserError(
                f"{option} {text}: no objective is configured for {name}; there is {', '.join(sorted(known))}"
            )
        values[name] = _read(option, value, parse)
    return values


def _read(option: str, value: str, parse: Callable[[object], _T]) -> _T:
    try:
        return parse(value)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error
