"""The second source: instant queries to Prometheus.

Slower and coarser than asking the probe, but it reaches what is already measured elsewhere. The time of measurement is
the scrape's, as an age by the clock of Prometheus and counted back from the moment before we asked. An instant
vector repeats a series for five minutes after its last scrape (the lookback), so the age is always asked for by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.errors import ConfigError
from ..model.signals import Signal
from . import promql
from .credentials import Credentials
from .errors import ErrorKind, SourceError
from .fetch import Fetcher, Limits
from .prometheus_api import PrometheusApi
from .prometheus_signals import Spans, histogram_signal, own_signal
from .promql import OwnQueries, Template
from .source import Evidence, PolledSource

# No other workload's question can fare better: the poll ends there.
_SERVER_DOWN = {
    ErrorKind.REFUSED, ErrorKind.NAME, ErrorKind.UNREACHABLE, ErrorKind.TLS, ErrorKind.SECRET,
    ErrorKind.HTTP_CLIENT_ERROR, ErrorKind.HTTP_SERVER_ERROR, ErrorKind.HTTP_UNEXPECTED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrometheusSourceConfig:
    """Which Prometheus, and the question for each critical workload.

    ``window_s`` is what the figures are taken over, ``scrape_interval_s`` the interval at which Prometheus scrapes
    the series (after three of them without anything new, nothing is fresh), ``period_s`` the time between two polls.

    Raises:
        ConfigError: no question, or times that do not fit together.
    """

    url: str
    questions: Mapping[str, Template]
    window_s: float = 10.0
    scrape_interval_s: float = 1.0
    period_s: float = 1.0
    credentials: Credentials = field(default_factory=Credentials)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse what could never give a figure."""
        if not self.questions:
            raise ConfigError("the Prometheus source has no question: give at least one critical workload a template")
        if not (0.1 <= self.scrape_interval_s <= 300.0 and 0.1 <= self.period_s <= 300.0):
            raise ConfigError("the scrape interval and the period of the Prometheus source must be 0.1 s to 300 s")
        if not 2.0 * self.scrape_interval_s <= self.window_s <= 3600.0:
            raise ConfigError(
                f"the Prometheus window is {self.window_s:g} s, expected at least two scrape intervals "
                f"({2.0 * self.scrape_interval_s:g} s) and at most an hour: an increase needs two samples"
            )

    @property
    def recent_s(self) -> float:
        """How old the newest scrape may be: three intervals, so that one lost scrape is no alarm."""
        return 3.0 * self.scrape_interval_s


class PrometheusSource(PolledSource):
    """Keeps the newest signal of each critical workload.

    Raises:
        ConfigError: the address or a label cannot be used.
    """

    def __init__(self, config: PrometheusSourceConfig, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("prometheus", config.period_s, clock)
        self._config = config
        self._fetcher = Fetcher("Prometheus", config.url, config.credentials, config.limits)
        self._api = PrometheusApi(self._fetcher, f"Prometheus at {config.url}", clock)
        self._signals: dict[str, Signal] = {}
        for template in config.questions.values():
            if not isinstance(template, OwnQueries):
                promql.histogram_series(template)  # a bad label is found at the start, not at the first poll

    def close(self) -> None:
        """Close the connection."""
        self._fetcher.close()

    def _ask(self) -> Sequence[SourceError]:
        errors: list[SourceError] = []
        for workload, template in self._config.questions.items():
            try:
                self._signals[workload] = self._signal(template)
            except SourceError as error:
                if error.kind in _SERVER_DOWN:
                    raise
                errors.append(error.of(workload))
        return errors

    def _evidence(self) -> Mapping[str, Evidence]:
        return dict(self._signals)

    def _signal(self, template: Template) -> Signal:
        spans = Spans(self._config.window_s, self._config.recent_s)
        deadline_s = time.monotonic() + self._config.limits.total_s
        if isinstance(template, OwnQueries):
            return own_signal(self._api, template, spans, deadline_s=deadline_s)
        return histogram_signal(self._api, promql.histogram_series(template), spans, deadline_s=deadline_s)
