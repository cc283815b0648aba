"""The questions: PromQL for our probe's histogram, for Hubble's, and the user's own.

All figures of one histogram come from one question, so that they belong to one evaluation: each part is labelled with
its name and the parts are joined by ``or``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union

from ..model.errors import ConfigError

_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_MATCHER = rf'\s*{_LABEL}\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"\s*'
_SELECTOR = re.compile(rf"[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{{(?:{_MATCHER},)*(?:{_MATCHER})?\s*\}})?")

PART = "detnet_part"

# A unit is named by what it is in ours: ms for delays, a ratio for loss.
DELAY_UNITS: Mapping[str, float] = {"s": 1000.0, "ms": 1.0, "us": 0.001}
LOSS_UNITS: Mapping[str, float] = {"ratio": 1.0, "percent": 0.01}


@dataclass(frozen=True, slots=True)
class ProbeHistogram:
    """Our probe's path of that name, scraped by Prometheus."""

    path: str


@dataclass(frozen=True, slots=True)
class HubbleHttp:
    """Hubble's HTTP request durations (``httpV2``), narrowed to one critical workload by its labels.

    The reporter is the client unless the labels say otherwise: what the server's side reports does not contain the
    network between them.
    """

    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OwnQuery:
    """An expression that gives one number: a scalar, or a vector of one series, in ``unit``."""

    expression: str
    unit: str


@dataclass(frozen=True, slots=True)
class OwnQueries:
    """The user's own PromQL.

    ``measured_by`` is a plain selector of the series behind the expressions, one that changes with each measurement.
    Only it distinguishes a fresh figure from one that is repeated: the result of an expression always carries the
    time of asking, and a gauge whose exporter has gone blind keeps its last value.

    Raises:
        ConfigError: no expression, an unknown unit, or a ``measured_by`` that is not a plain selector.
    """

    measured_by: str
    latency: OwnQuery | None = None
    jitter: OwnQuery | None = None
    loss: OwnQuery | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be answered."""
        if self.latency is None and self.jitter is None and self.loss is None:
            raise ConfigError("own PromQL needs an expression for latency, jitter or loss")
        for figure, query, units in (
            ("latency", self.latency, DELAY_UNITS),
            ("jitter", self.jitter, DELAY_UNITS),
            ("loss", self.loss, LOSS_UNITS),
        ):
            if query is not None and query.unit not in units:
                expected = ", ".join(units)
                raise ConfigError(f"the unit of the {figure} expression is {query.unit!r}, expected one of {expected}")
        # timestamp() of anything but a selector is the time of asking: a dead series would look fresh for ever.
        if not _SELECTOR.fullmatch(self.measured_by):
            raise ConfigError(
                f"measured_by is {self.measured_by!r}, expected a plain selector such as "
                'ping_rtt_seconds{path="robot"} and not an expression'
            )


Template = Union[ProbeHistogram, HubbleHttp, OwnQueries]  # noqa: UP007 - ansible-test's pylint knows no | between classes


@dataclass(frozen=True, slots=True)
class HistogramSeries:
    """The series of a histogram; ``single`` when more than one of them would be a mix-up.

    ``lost`` counts what never came back, ``lag`` is the age of the newest observation at the time of the scrape.
    """

    buckets: str
    lost: str | None = None
    lag: str | None = None
    single: bool = False


def histogram_series(template: ProbeHistogram | HubbleHttp) -> HistogramSeries:
    """Return which series a template reads.

    Raises:
        ConfigError: a label's name is none.
    """
    if isinstance(template, ProbeHistogram):
        labels = {"path": template.path}
        return HistogramSeries(
            selector("detnet_probe_rtt_seconds_bucket", labels),
            lost=selector("detnet_probe_lost_total", labels),
            lag=selector("detnet_probe_last_sample_age_seconds", labels),
            single=True,
        )
    labels = {"reporter": "client", **template.labels}
    return HistogramSeries(selector("hubble_http_request_duration_seconds_bucket", labels))


def selector(metric: str, labels: Mapping[str, str]) -> str:
    """Return a PromQL selector; values are quoted as Go strings, of which JSON's are a subset."""
    for name in labels:
        if not re.fullmatch(_LABEL, name):
            raise ConfigError(f"{name!r} is not the name of a Prometheus label")
    return metric + "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def histogram_question(series: HistogramSeries, *, window_s: float, recent_s: float, base_s: float) -> str:
    """Return the one question for all figures of a histogram.

    ``bucket`` and ``base`` are the increases over the window and over the base history, ``recent`` the largest
    increase over the last scrapes (nothing new: the counters stand still), ``age`` the seconds since the oldest of the
    newest scrapes by the clock of Prometheus alone, ``resets`` and ``series`` what they say.
    """
    buckets, lost = series.buckets, series.lost
    window, recent = _duration(window_s), _duration(min(recent_s, window_s))
    evidence = f"increase({buckets}[{recent}])" + (f" or increase({lost}[{recent}])" if lost else "")
    parts = {
        "bucket": f"sum by (le) (increase({buckets}[{window}]))",
        "base": f"sum by (le) (increase({buckets}[{_duration(base_s)}]))",
        "age": _age(buckets),
        "recent": f"max({evidence})",
        "resets": f"max(resets({buckets}[{window}]))",
        "series": f"max(count by (le) ({buckets}))",
    }
    if lost:
        parts["lost"] = f"sum(increase({lost}[{window}]))"
    if series.lag:
        parts["lag"] = f"max({series.lag})"
    return _joined(parts)


def measured_question(own: OwnQueries, *, window_s: float, recent_s: float) -> str:
    """Return the question for how much is behind the user's own expressions.

    ``recent`` counts the changes over the last scrapes, ``scrapes`` the samples in the window.
    """
    series = own.measured_by
    return _joined(
        {
            "age": _age(series),
            "recent": f"max(changes({series}[{_duration(recent_s)}]))",
            "scrapes": f"min(count_over_time({series}[{_duration(window_s)}]))",
        }
    )


def _joined(parts: Mapping[str, str]) -> str:
    return " or ".join(f'label_replace({part}, "{PART}", "{name}", "", "")' for name, part in parts.items())


def _age(series: str) -> str:
    return f"time() - min(timestamp({series}))"


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
