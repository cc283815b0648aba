"""From Prometheus' answers to a signal, or to the reason why there is none.

The checks stand in the order in which a person would want to hear of them: that there is nothing, that it is old, that
it is nonsense, and only then what it says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..model.signals import Interval, Signal
from .errors import ErrorKind, SourceError
from .histogram import Histogram, variation
from .prometheus_api import Answer, PrometheusApi
from .promql import (
    DELAY_UNITS,
    LOSS_UNITS,
    PART,
    HistogramSeries,
    OwnQueries,
    OwnQuery,
    histogram_question,
    measured_question,
)

# The uncongested delay is the least of ten minutes, as for the probe (core.windows.BaseDelay; RFC 6817 section 4.2).
_BASE_S = 600.0


@dataclass(frozen=True, slots=True)
class Spans:
    """The window of the figures, and how old the newest scrape may be; in seconds."""

    window_s: float
    recent_s: float


def own_signal(api: PrometheusApi, own: OwnQueries, spans: Spans, *, deadline_s: float) -> Signal:
    """Return the signal of the user's own expressions.

    Raises:
        SourceError: one of them gives no usable number, or the series behind them is old.
    """
    question = measured_question(own, window_s=spans.window_s, recent_s=spans.recent_s)
    answer = api.query(question, deadline_s=deadline_s)
    parts = _parts(answer)
    age_s = _fresh_age_s(own.measured_by, parts, spans)
    _not_idle(own.measured_by, parts, spans)

    def figure(name: str, query: OwnQuery | None, units: Mapping[str, float], most: float = math.inf) -> float | None:
        if query is None:
            return None
        return _usable(name, api.query(query.expression, deadline_s=deadline_s).number() * units[query.unit], most)

    latency_ms = figure("the latency", own.latency, DELAY_UNITS)
    jitter_ms = figure("the jitter", own.jitter, DELAY_UNITS)
    return Signal(
        measured_at_s=answer.asked_at_s - age_s,
        span_s=spans.window_s,
        sent=round(_only(parts, "scrapes")),  # what an expression counts is not known; what Prometheus holds is
        latency_ms=None if latency_ms is None else Interval.exactly(latency_ms),
        jitter_ms=None if jitter_ms is None else Interval.exactly(jitter_ms),
        loss_ratio=figure("the loss", own.loss, LOSS_UNITS, most=1.0),
    )


def histogram_signal(api: PrometheusApi, series: HistogramSeries, spans: Spans, *, deadline_s: float) -> Signal:
    """Return the signal of a histogram, every figure as the bucket it lies in.

    Raises:
        SourceError: the histogram is not there, old, idle, restarted, or inconsistent.
    """
    question = histogram_question(series, window_s=spans.window_s, recent_s=spans.recent_s, base_s=_BASE_S)
    answer = api.query(question, deadline_s=deadline_s)
    parts = _parts(answer)
    age_s = _fresh_age_s(series.buckets, parts, spans)
    _whole(series, parts, spans)
    _not_idle(series.buckets, parts, spans)
    window, base = Histogram.of(parts["bucket"]), Histogram.of(parts["base"]).least()
    lost = _only(parts, "lost")
    latency = window.percentile(0.95)
    return Signal(
        measured_at_s=answer.asked_at_s - age_s - _only(parts, "lag"),
        span_s=spans.window_s,
        sent=round(window.total + lost),
        latency_ms=latency,
        jitter_ms=None if latency is None or base is None else variation(latency, base),
        loss_ratio=None if series.lost is None else lost / (lost + window.total),
    )


def _parts(answer: Answer) -> dict[str, dict[str, float]]:
    """Return the values by part and bucket edge (empty for the parts that have none)."""
    parts: dict[str, dict[str, float]] = {}
    for row in answer.rows:
        name = row.labels.get(PART, "")
        parts.setdefault(name, {})[row.labels.get("le", "")] = _usable(f"the part {name!r}", row.value)
    return parts


def _only(parts: Mapping[str, Mapping[str, float]], name: str) -> float:
    """Return the one value of a part; a part that is not there has seen nothing."""
    return parts.get(name, {}).get("", 0.0)


def _fresh_age_s(series: str, parts: Mapping[str, Mapping[str, float]], spans: Spans) -> float:
    if not parts:
        sentence = f"Prometheus has no series {series}: check the names, and that it scrapes the exporter"
        raise SourceError(ErrorKind.EMPTY, sentence + _hubbles_way(series))
    if "age" not in parts:
        sentence = f"the series {series} has ended: is the exporter up, and its target in Prometheus?"
        raise SourceError(ErrorKind.STALE, sentence)
    age_s = _only(parts, "age")
    if age_s > spans.recent_s:
        sentence = (
            f"the newest scrape of {series} is {age_s:.1f} s old, expected {spans.recent_s:g} s at most: "
            "look at the target in Prometheus, or state its scrape interval"
        )
        raise SourceError(ErrorKind.STALE, sentence)
    return age_s


def _hubbles_way(series: str) -> str:
    """Return what Hubble's series need beside a scrape; each end is named by Cilium's agent on its own node."""
    if not series.startswith("hubble_http_"):
        return ""
    client = "the clients' egress, for reporter=client" if 'reporter="client"' in series else "the server's ingress"
    far = "destination_workload" if 'reporter="client"' in series else "source_workload"
    return f"; Hubble needs a rule of layer 7 on {client}, and {far} is empty across nodes: select by destination_app"


def _whole(series: HistogramSeries, parts: Mapping[str, Mapping[str, float]], spans: Spans) -> None:
    count = _only(parts, "series")
    if series.single and count > 1.0:
        sentence = f"{count:g} series match {series.buckets} where one is expected: give each probe's paths own names"
        raise SourceError(ErrorKind.SEVERAL, sentence)
    if _only(parts, "resets") > 0.0:
        sentence = (
            f"the counters of {series.buckets} restarted within {spans.window_s:g} s: "
            "the window is whole again that long after the exporter's start"
        )
        raise SourceError(ErrorKind.RESET, sentence)
    if "bucket" not in parts or "base" not in parts:
        sentence = (
            f"fewer than two scrapes of {series.buckets} within {spans.window_s:g} s: "
            "wait, or raise the window, or scrape more often"
        )
        raise SourceError(ErrorKind.TOO_FEW, sentence)
    for name, part in (("lost", series.lost), ("lag", series.lag)):
        if part is not None and name not in parts:
            sentence = f"Prometheus has no series {part}, though it has the histogram: check the exporter's version"
            raise SourceError(ErrorKind.EMPTY, sentence)


def _not_idle(series: str, parts: Mapping[str, Mapping[str, float]], spans: Spans) -> None:
    if _only(parts, "recent") <= 0.0:
        sentence = (
            f"nothing new in {series} for {spans.recent_s:g} s though it is scraped: "
            "is there traffic, and does its exporter still measure?"
        )
        raise SourceError(ErrorKind.IDLE, sentence)


def _usable(name: str, value: float, most: float = math.inf) -> float:
    if not math.isfinite(value):
        raise SourceError(
            ErrorKind.NOT_FINITE, f"{name} is {value}, which is no figure: correct the expression or exporter"
        )
    if not 0.0 <= value <= most:
        limits = "at least 0" if math.isinf(most) else f"0 to {most:g}"
        sentence = f"{name} is {value:g}, expected {limits}: correct the expression, its unit or the exporter"
        raise SourceError(ErrorKind.OUT_OF_RANGE, sentence)
    return value
