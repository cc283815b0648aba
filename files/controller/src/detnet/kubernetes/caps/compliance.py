"""Cap compliance: how much each target sends, and whether its caps are obeyed, as far as byte counters can tell.

An annotation says what should be enforced, and nothing in Kubernetes says whether it is. A pod that goes on sending
well above its cap is reported. Cilium's bandwidth manager does not limit traffic between pods of one node, or of a pod
that an L7 policy selects at egress; the CNI bandwidth plugin reads the annotation only when the pod starts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from detnet.actuators.base import Usage
from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.caps.planner import cap_of
from detnet.kubernetes.caps.usage import Counters, Tally
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.model.rate import Rate, human

# Above the cap by more than bursts and headers explain, for longer than what waited in the queue at the old rate (2 s).
_ABOVE = 1.25
_LASTS_S = 10.0
REASONS = (
    "likely traffic to pods on the same node, a CNI that does not read the annotation of a running pod, or an L7 "
    "policy that selects it"
)


@dataclass(frozen=True, slots=True)
class _Watched:
    """One pod: its cap, its counter, when that last moved under this cap, and since when it is above (monotonic s)."""

    cap: Rate
    sent_bytes: float
    moved_s: float | None = None
    above_s: float | None = None
    rate_bps: float = 0.0

    @property
    def lasted_s(self) -> float:
        """How long the pod has been above its cap."""
        return 0.0 if self.above_s is None or self.moved_s is None else self.moved_s - self.above_s


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What is known of each capped pod; ``after`` a reading there is a new one."""

    pods: Mapping[str, _Watched] = field(default_factory=dict)

    def after(self, sent: Mapping[str, float], caps: Mapping[str, Rate], now_s: float, faults: Faults) -> Enforcement:
        """Return what is known after a reading of bytes by pod, with the caps that were then in force."""
        pods: dict[str, _Watched] = {}
        for key, cap in caps.items():
            with faults.contained("counters", f"Pod {key}", _UNKNOWN):
                if key in sent:
                    pods[key] = _next(self.pods.get(key), sent[key], cap, now_s)
        return Enforcement(pods)

    def violating(self) -> Mapping[str, str]:
        """Return the pods whose cap is not enforced, with one sentence each, the worst first."""
        found = [(key, one) for key, one in self.pods.items() if one.lasted_s >= _LASTS_S]
        found.sort(key=lambda item: item[1].cap.bps / item[1].rate_bps)
        return {
            key: f"Pod {key} sends {human(one.rate_bps)} under a cap of {one.cap}, which is not enforced: {REASONS}"
            for key, one in found
        }


def _next(before: _Watched | None, sent_bytes: float, cap: Rate, now_s: float) -> _Watched:
    if before is None or cap != before.cap or sent_bytes < before.sent_bytes:
        return _Watched(cap, sent_bytes)
    if sent_bytes == before.sent_bytes:
        return before  # no scrape since, or silence
    if before.moved_s is None:
        return _Watched(cap, sent_bytes, now_s)  # what was scraped before may be from before the cap
    rate_bps = 8.0 * (sent_bytes - before.sent_bytes) / max(now_s - before.moved_s, 1e-3)
    if rate_bps <= _ABOVE * cap.bps:
        return _Watched(cap, sent_bytes, now_s)
    above_s = before.moved_s if before.above_s is None else before.above_s
    return _Watched(cap, sent_bytes, now_s, above_s, rate_bps)


_SHOWN = 5
_UNKNOWN = "has byte counters that cannot be used"


class ComplianceMonitor:
    """Takes each reading of the counters in once; safe to share between threads."""

    def __init__(self, counters: Callable[[], Counters | None]) -> None:
        self._counters = counters
        self._lock = threading.Lock()
        self._taken: Counters | None = None
        self._tally = Tally()
        self._enforcement = Enforcement()
        self.faults: tuple[Fault, ...] = ()
        """What could not be worked out of the newest reading."""

    def look(self, domains: Iterable[Domain], cache: ClusterCache, key: str, now_s: float) -> None:
        """Take in a new reading, if there is one; a fault of one pod's counters is nobody else's."""
        faults = Faults()
        with self._lock, faults.contained("counters", "the reading of byte counters", "cannot be used"):
            reading = self._counters()
            if reading is None or reading is self._taken:
                return
            self._taken = reading
            domains = tuple(domains)
            self._tally.take(reading, domains, faults)
            caps: dict[str, Rate] = {}
            for one in (key for domain in domains for keys in domain.pods.values() for key in keys):
                with faults.contained("counters", f"Pod {one}", _UNKNOWN):
                    pod = cache.pod(one)
                    cap = cap_of(pod.annotations, key) if pod is not None else None
                    if cap is not None:
                        caps[one] = cap
            self._enforcement = self._enforcement.after(reading.pod_bytes, caps, now_s, faults)
        self.faults = faults.found

    def usage(self, domain: Domain) -> Usage | None:
        """Return a domain's newest counters."""
        with self._lock:
            return self._tally.usage(domain)

    def violating(self) -> Mapping[str, str]:
        """Return the pods whose cap is not enforced, the worst first, with one sentence each."""
        with self._lock:
            return self._enforcement.violating()

    def problems(self) -> tuple[str, ...]:
        """Return the sentences of the worst few."""
        found = list(self.violating().values())
        more = (f"the caps of {len(found) - _SHOWN} pods more are not enforced",) if len(found) > _SHOWN else ()
        return (*found[:_SHOWN], *more)
