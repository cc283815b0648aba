"""The direct source: samples straight from our probe, a fraction of a second old.

The probe says how long ago it sent each packet, by its own monotonic clock. Counted back from the moment *before* we
asked, that is a time on our clock which is never younger than the truth: a slow answer makes evidence look older, so
the error is on the safe side, and no wall clock is involved.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.errors import ConfigError
from ..model.samples import Sample
from . import samples_reply
from .credentials import Credentials
from .errors import ErrorKind, SourceError
from .fetch import Fetcher, Limits
from .samples_reply import PathReply, Reply
from .source import Evidence, PolledSource, SampleWindow

_KEEP_S = 15.0
_MAX_SAMPLES = 6_000  # 15 s at 400 Hz, and a bound on our memory whatever the probe sends
_SILENT_S = 2.0


@dataclass(frozen=True, slots=True)
class ProbeSourceConfig:
    """Where the probe is and which of its paths stands for which critical workload.

    ``paths`` maps a workload to the probe's name of its path. ``period_s`` is the time between two polls.

    Raises:
        ConfigError: no path, or a period outside 0.05 s to 5 s.
    """

    url: str
    paths: Mapping[str, str]
    period_s: float = 0.2
    credentials: Credentials = field(default_factory=Credentials)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse what could never bring a sample."""
        if not self.paths:
            raise ConfigError("the probe source has no path: name the probe's path of at least one critical workload")
        if not 0.05 <= self.period_s <= 5.0:
            raise ConfigError(f"the probe source's period is {self.period_s:g} s, expected 0.05 s to 5 s")


class ProbeSource(PolledSource):
    """Keeps the last 15 s of samples for each critical workload.

    Raises:
        ConfigError: the probe's address cannot be used.
    """

    def __init__(self, config: ProbeSourceConfig, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("probe", config.period_s, clock)
        self._config = config
        self._server = f"the probe at {config.url}"
        self._fetcher = Fetcher("the probe", config.url, config.credentials, config.limits)
        self._instance: str | None = None
        self._cursor = 0
        self._began_s = math.inf
        self._samples: dict[str, deque[Sample]] = {w: deque(maxlen=_MAX_SAMPLES) for w in config.paths}
        self._invalidated: dict[str, bool] = {}

    def close(self) -> None:
        """Close the connection."""
        self._fetcher.close()

    def _ask(self) -> Sequence[SourceError]:
        asked_at_s = self._clock()
        self._began_s = min(self._began_s, asked_at_s)
        deadline_s = time.monotonic() + self._config.limits.total_s
        status, body = self._fetcher.get("/samples", {"after": str(self._cursor)}, deadline_s=deadline_s)
        if status != 200:
            raise self._fetcher.refused(status, body)
        reply = samples_reply.parse(body)
        self._follow(reply)
        return [t for w in self._config.paths for t in self._take(w, reply.paths, asked_at_s)]

    def _follow(self, reply: Reply) -> None:
        """Advance the cursor; an answer by another instance was given to a cursor that means nothing to it."""
        before, self._instance = self._instance, reply.instance
        if before in {None, reply.instance}:
            self._cursor = reply.cursor
            return
        self._cursor = 0
        raise SourceError(
            ErrorKind.RESTARTED,
            f"{self._server} is not the one that answered before: it has restarted (the next poll reads it from its "
            "beginning), or, if this repeats, several probes share the address: give each its own",
        )

    def _take(self, workload: str, paths: Mapping[str, PathReply], asked_at_s: float) -> list[SourceError]:
        name = self._config.paths[workload]
        path = paths.get(name)
        if path is None:
            there = ", ".join(sorted(paths)) or "none"
            sentence = f"the probe has no path {name!r}: correct the name or the probe's configuration; it has {there}"
            return [SourceError(ErrorKind.MISSING_PATH, sentence).of(workload)]
        kept = self._samples[workload]
        kept.extend(Sample(asked_at_s - age_s, rtt_ms) for age_s, rtt_ms in path.samples)
        self._invalidated[workload] = path.invalidated
        newest_s = max((sample.sent_at_s for sample in kept), default=self._began_s)
        if asked_at_s - newest_s <= _SILENT_S:
            return []
        if path.invalidated:
            sentence = (
                f"the probe's machine is too busy to measure path {name!r}: give the probe real-time priority, or a "
                "wider limit for late sending"
            )
            return [SourceError(ErrorKind.LATE, sentence).of(workload)]
        sentence = f"the probe has sent nothing on path {name!r} for {_SILENT_S:g} s or more: look into its log"
        return [SourceError(ErrorKind.SILENT, sentence).of(workload)]

    def _evidence(self) -> Mapping[str, Evidence]:
        oldest_s = self._clock() - _KEEP_S
        windows: dict[str, Evidence] = {}
        for workload, kept in self._samples.items():
            # A lost packet is known later than its successors' replies, so arrival is not the order of sending.
            fresh = sorted((s for s in kept if s.sent_at_s >= oldest_s), key=lambda sample: sample.sent_at_s)
            self._samples[workload] = deque(fresh, maxlen=_MAX_SAMPLES)
            if fresh or workload in self._invalidated:
                windows[workload] = SampleWindow(tuple(fresh), self._invalidated.get(workload, False))
        return windows
