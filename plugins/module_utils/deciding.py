"""``state: decided``: from a module's options to the loop's own rules, evidence and decision."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .control.allocate import Claim
from .control.decision import Decision, Evidence, Rules
from .control.guard import Guard
from .control.one_shot import ManualEvidence
from .control.policy_registry import POLICIES, make_policy
from .model.errors import UserError
from .model.objectives import Objective, Priority
from .model.rate import Rate
from .model.units import parse_duration_s, parse_rate, parse_share
from .sources import promql
from .sources.credentials import Credentials
from .sources.probe import ProbeSource, ProbeSourceConfig
from .sources.prometheus import PrometheusSource, PrometheusSourceConfig
from .sources.promql import Template
from .sources.source import Source, measure

_T = TypeVar("_T")
_PATIENCE_S = 3.0
_POLICY_READERS: Mapping[str, Callable[[object], object]] = {
    "increase": lambda text: parse_rate(text).bps,
    "aggressive_decrease": lambda text: parse_rate(text).bps,
    "gentle_decrease": lambda text: parse_rate(text).bps,
    "decrease": parse_share,
    "ewma_alpha": float,  # type: ignore[dict-item] # the argument spec has made a number of it
    "dead_band": parse_share,
}


def read(option: str, parse: Callable[[object], _T], value: object) -> _T:
    """Return an option's value.

    Raises:
        UserError: it cannot be read; the option is named.
    """
    try:
        return parse(value)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error


def rules_of(options: Mapping[str, Any], claims: Sequence[Claim]) -> Rules:
    """Return the rules of a loop over these claims.

    Raises:
        UserError: values that cannot be read, or that do not fit together.
    """
    least_bps, most_bps = sum(claim.minimum_bps for claim in claims), sum(claim.maximum_bps for claim in claims)
    # Where the configuration says nothing the daemon too takes a quarter of the largest cap: of one, not of their sum.
    safe_bps = min(max(max(claim.maximum_bps for claim in claims) // 4, least_bps), most_bps)
    if options["safe"] is not None:
        safe_bps = read("safe", parse_rate, options["safe"]).bps
        if not least_bps <= safe_bps <= most_bps:
            between = f"{Rate(least_bps).quantity} to {Rate(most_bps).quantity}"
            raise UserError(f"safe: {Rate(safe_bps).quantity} lies outside the range of the budget, {between}")
    # It also calls evidence fresh that is no older than three scrapes and a poll.
    fresh_for_s = max(1.5, 4.0 * _scrape_interval_s(options)) if options["prometheus_url"] is not None else 1.5
    try:
        objectives = tuple(_objective(one) for one in options["objectives"])
        guard = Guard(
            least_bps,
            most_bps,
            safe_bps,
            fresh_for_s=fresh_for_s,
            decay_after_s=2.0 * fresh_for_s,
            safe_after_s=max(30.0, 2.0 * fresh_for_s),
            least_raise_bps=POLICIES[options["policy"]].pace.least_raise_bps,
        )
        return Rules(objectives, guard, _policy(options))
    except ValueError as error:
        raise UserError(str(error)) from error


def evidence_of(options: Mapping[str, Any], rules: Rules) -> Mapping[str, Evidence]:
    """Return what is known of every objective: as given, or measured now.

    Raises:
        UserError: something was not given, or the source has nothing fresh.
    """
    if options["measured"] is not None:
        return _given(options["measured"], rules)
    return measure(_source(options), rules, patience_s=_PATIENCE_S)


def decision_result(decision: Decision) -> dict[str, Any]:
    """Return a decision as a module's result; a number that JSON does not have is a text."""
    return {
        "action": decision.action.value,
        "mode": decision.mode.value,
        "policy": decision.policy,
        "reason": decision.reason,
        "budget_before": Rate(decision.before_bps).quantity,
        "budget": Rate(decision.budget_bps).quantity,
        "findings": [{"verdict": one.verdict.value, "finding": str(one)} for one in decision.findings],
        "terms": {name: value if math.isfinite(value) else str(value) for name, value in decision.terms.items()},
    }


def _objective(one: Mapping[str, Any]) -> Objective:
    where = f"objectives: {one['workload']}"

    def limit(name: str, parse: Callable[[object], float]) -> float | None:
        return None if one[name] is None else read(f"{where}: {name}", parse, one[name])

    return Objective(
        one["workload"],
        latency_ms=limit("latency", _parse_ms),
        jitter_ms=limit("jitter", _parse_ms),
        loss_ratio=limit("loss", parse_share),
        priority=Priority(one["priority"]),
    )


def _parse_ms(value: object) -> float:
    return parse_duration_s(value) * 1e3


def _policy(options: Mapping[str, Any]) -> Any:
    given = {name: value for name, value in (options["policy_parameters"] or {}).items() if value is not None}
    settings = {name: read(f"policy_parameters: {name}", _POLICY_READERS[name], value) for name, value in given.items()}
    return make_policy(options["policy"], settings)


def _given(measured: Mapping[str, Any], rules: Rules) -> Mapping[str, Evidence]:
    known = {objective.workload for objective in rules.objectives}
    strange, silent = sorted(measured.keys() - known), sorted(known - measured.keys())
    if strange:
        raise UserError(f"measured: there is no objective of {strange[0]}; there is one of {', '.join(sorted(known))}")
    if silent:
        raise UserError(f"measured: nothing is given for {silent[0]}, which has an objective")
    now_s = time.monotonic()
    return {name: _figures(name, figures).signal(rules, now_s=now_s) for name, figures in measured.items()}


def _figures(workload: str, figures: object) -> ManualEvidence:
    names: Mapping[str, tuple[str, Callable[[object], float]]] = {
        "latency": ("latency_ms", _parse_ms),
        "jitter": ("jitter_ms", _parse_ms),
        "loss": ("loss_ratio", parse_share),
    }
    if not isinstance(figures, Mapping) or not figures or figures.keys() - names.keys():
        raise UserError(
            f"measured: {workload}: expected latency, jitter or loss, such as {{latency: 3.2ms, loss: 0.1%}}"
        )
    values = {}
    for name, value in figures.items():
        field, parse = names[name]
        values[field] = read(f"measured: {workload}: {name}", parse, value)
    return ManualEvidence(**values)


def _source(options: Mapping[str, Any]) -> Source:
    objectives, scrape_interval_s = options["objectives"], _scrape_interval_s(options)
    if options["probe_url"] is not None:
        paths = {one["workload"]: one["path"] or one["workload"] for one in objectives}
        return ProbeSource(ProbeSourceConfig(options["probe_url"], paths))
    return PrometheusSource(
        PrometheusSourceConfig(
            options["prometheus_url"],
            {one["workload"]: _question(one) for one in objectives},
            window_s=max(10.0, 6.0 * scrape_interval_s),  # five scrapes are the least that decides
            scrape_interval_s=scrape_interval_s,
            credentials=_credentials(options["prometheus_credentials"] or {}),
        )
    )


def _question(one: Mapping[str, Any]) -> Template:
    """Return what to ask Prometheus for: the probe's histogram, Hubble's, or the user's own expressions."""
    if one["hubble"] is not None:
        return promql.HubbleHttp(one["hubble"])
    if one["promql"] is None:
        return promql.ProbeHistogram(one["path"] or one["workload"])
    own = one["promql"]
    queries = {
        name: promql.OwnQuery(own[name]["expression"], own[name]["unit"])
        for name in ("latency", "jitter", "loss")
        if own[name] is not None
    }
    return promql.OwnQueries(own["measured_by"], **queries)


def _scrape_interval_s(options: Mapping[str, Any]) -> float:
    return read("scrape_interval", parse_duration_s, options["scrape_interval"])


def _credentials(given: Mapping[str, Any]) -> Credentials:
    files = {name: Path(path) for name, path in given.items() if name != "username" and path is not None}
    return Credentials(username=given.get("username"), **files)
