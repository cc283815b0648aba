"""One decision outside the loop, with the loop's own core; the Ansible module will ask the same question."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from detnet.core.allocate import allocate
from detnet.core.decide import decide
from detnet.core.decision import Decision, Evidence, Observation, Rules, State, Traffic
from detnet.core.rate import Rate
from detnet.core.signals import Interval, Signal
from detnet.daemon import evidence_of
from detnet.errors import UserError
from detnet.settings.models import Settings
from detnet.settings.units import parse_duration_s, parse_rate, parse_share
from detnet.wiring import build_claims, build_rules, build_source

_T = TypeVar("_T")

_LIVE_PATIENCE_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Given:
    """What the user gave: ``WORKLOAD=VALUE`` texts for each figure, rates as Kubernetes quantities."""

    latency: tuple[str, ...] = ()
    jitter: tuple[str, ...] = ()
    loss: tuple[str, ...] = ()
    budget: str | None = None
    sending: str | None = None
    live: bool = False


def decide_once(settings: Settings, given: Given) -> tuple[Decision, Mapping[str, Rate]]:
    """Return the decision and the caps that it would put in force.

    Raises:
        UserError: a value cannot be read, nothing was given for an objective, or the live source stays silent.
    """
    rules = build_rules(settings)
    budget_bps = _read("--budget", given.budget, parse_rate).bps if given.budget else rules.guard.maximum_bps
    evidence = _measure(settings, rules) if given.live else _signals(rules, given)
    now_s = time.monotonic()
    # Not a start: one-shot decisions have no past that growth would have to wait for.
    state = replace(State.at(now_s, budget_bps, rules.guard), grow_after_s=now_s)
    traffic = None
    if given.sending is not None:
        traffic = Traffic({"best effort": float(_read("--sending", given.sending, parse_rate).bps)}, 0.0)
    decision, _ = decide(rules, state, Observation(evidence, traffic), now_s=now_s)
    return decision, allocate(decision.budget_bps, build_claims(settings))


def _signals(rules: Rules, given: Given) -> Mapping[str, Evidence]:
    known = {objective.workload for objective in rules.objectives}
    latency = {name: value * 1e3 for name, value in _pairs("--latency", given.latency, known, parse_duration_s).items()}
    jitter = {name: value * 1e3 for name, value in _pairs("--jitter", given.jitter, known, parse_duration_s).items()}
    loss = _pairs("--loss", given.loss, known, parse_share)
    silent = known - latency.keys() - jitter.keys() - loss.keys()
    if silent:
        raise UserError(f"nothing is given for {min(silent)}: use --latency, --jitter or --loss, or --live to measure")
    now_s = time.monotonic()
    return {
        name: Signal(
            measured_at_s=now_s,
            span_s=0.0,
            sent=rules.guard.least_samples,
            latency_ms=_exactly(latency.get(name)),
            jitter_ms=_exactly(jitter.get(name)),
            loss_ratio=loss.get(name),
        )
        for name in known
    }


def _measure(settings: Settings, rules: Rules) -> Mapping[str, Evidence]:
    source = build_source(settings)
    source.start()
    try:
        deadline_s = time.monotonic() + _LIVE_PATIENCE_S
        while time.monotonic() < deadline_s:
            reading = source.latest()
            evidence = evidence_of(reading)
            if all(_enough(evidence.get(objective.workload), rules) for objective in rules.objectives):
                return evidence
            time.sleep(_POLL_S)
        raise UserError(f"no complete window within {_LIVE_PATIENCE_S:g} s: {reading.trouble or 'too few samples'}")
    finally:
        source.stop()


def _enough(evidence: Evidence, rules: Rules) -> bool:
    if evidence is None or isinstance(evidence, Signal):
        return evidence is not None
    first_s = time.monotonic() - rules.guard.window_s
    return bool(evidence) and evidence[0].sent_at_s <= first_s + rules.guard.window_s * 0.1


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


def _exactly(value: float | None) -> Interval | None:
    return None if value is None else Interval.exactly(value)
