"""Byte counters of pods and nodes, from Prometheus, in a slot that the loop looks into and never waits for.

What cAdvisor or another exporter counts is known by two expressions, one row for each pod and for each node. Their rows
stand still between two scrapes; whoever makes rates of them must wait until they move.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from detnet.kubernetes.caps.usage import Counters
from detnet.sources.credentials import Credentials
from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.fetch import Fetcher, Limits
from detnet.sources.prometheus_api import PrometheusApi, Row
from detnet.sources.promql import PART
from detnet.telemetry.state_changes import StateChangeLogger

_log = logging.getLogger(__name__)

# 5,000 rows are 0.7 MB and some 30 ms of parsing; nobody waits for them.
LIMITS = Limits(total_s=5.0, read_s=4.0, body_bytes=16_000_000)
_JOIN_S = 2.0


@dataclass(frozen=True, slots=True)
class CountersConfig:
    """Which Prometheus, and the expressions for cumulative transmitted bytes.

    ``pods`` gives rows with the labels ``namespace`` and ``pod``; ``nodes`` rows with the label ``node_label``, whose
    value is the node's name in Kubernetes. Without ``nodes`` the rest of a node's traffic is not known: then caps are
    checked, but the loop gets no traffic.
    """

    url: str
    pods: str
    nodes: str | None = None
    node_label: str = "node"
    period_s: float = 1.0
    credentials: Credentials = field(default_factory=Credentials)
    limits: Limits = LIMITS


class ByteCounters:
    """Asks every ``period_s`` and keeps the newest answer.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(self, config: CountersConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.trouble: str | None = None
        """Why the last question brought nothing, in one sentence."""
        self._config = config
        self._fetcher = Fetcher("Prometheus", config.url, config.credentials, config.limits)
        self._api = PrometheusApi(self._fetcher, f"Prometheus at {config.url}", clock)
        self._newest: Counters | None = None
        self._state_changes = StateChangeLogger(_log)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counters", daemon=True)

    def start(self) -> None:
        """Begin to ask, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End asking; a thread that still waits for an answer ends with it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        else:
            self._fetcher.close()

    def latest(self) -> Counters | None:
        """Return the newest answer, however old; ``None`` before the first."""
        return self._newest

    def ask(self) -> None:
        """Ask once; what fails is logged once for as long as it lasts, and the last answer stays."""
        try:
            self._newest = self._read()
        except SourceError as error:
            self.trouble = f"byte counters: {error}"
            self._state_changes.begin("counters", self.trouble)
        else:
            self.trouble = None
            self._state_changes.end("counters", "byte counters: known again")

    def _read(self) -> Counters:
        # One question, so that pods and nodes are of one scrape.
        parts = {"pods": self._config.pods, "nodes": self._config.nodes}
        question = " or ".join(f'label_replace({e}, "{PART}", "{part}", "", "")' for part, e in parts.items() if e)
        answer = self._api.query(question, deadline_s=time.monotonic() + self._config.limits.total_s)
        return Counters(
            answer.asked_at_s,
            _by_label(answer.rows, "pods", ("namespace", "pod")),
            _by_label(answer.rows, "nodes", (self._config.node_label,)),
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.ask()
            except Exception:  # noqa: BLE001 - a thread's top: a bug must be seen and must not end the asking
                _log.exception("byte counters: a question failed")
            self._stop.wait(self._config.period_s)
        self._fetcher.close()


def _by_label(rows: tuple[Row, ...], part: str, labels: tuple[str, ...]) -> Mapping[str, float]:
    """Return a part's values by their labels, joined by a slash; two rows of one name are added up."""
    found: dict[str, float] = {}
    for row in rows:
        if row.labels.get(PART) != part:
            continue
        parts = [row.labels.get(label) for label in labels]
        if None in parts:
            sentence = (
                f"the series of the expression for {part} lack the label {labels[parts.index(None)]!r}, they have "
                f"{', '.join(sorted(row.labels.keys() - {PART})) or 'none'}: name it in a 'sum by'"
            )
            raise SourceError(ErrorKind.INVALID_ANSWER, sentence)
        name = "/".join(text for text in parts if text is not None)
        if math.isfinite(row.value):
            found[name] = found.get(name, 0.0) + row.value
    return found
