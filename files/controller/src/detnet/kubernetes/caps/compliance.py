"""What the byte counters say: how much each target sends, and whether the caps are obeyed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from detnet.actuators.base import Usage
from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.caps.enforcement import Enforcement
from detnet.kubernetes.caps.planner import cap_of
from detnet.kubernetes.caps.usage import Counters, Tally
from detnet.model.rate import Rate

_TOLD = 5


class ComplianceMonitor:
    """Takes each reading of the counters in once; safe to share between threads."""

    def __init__(self, counters: Callable[[], Counters | None]) -> None:
        self._counters = counters
        self._lock = threading.Lock()
        self._taken: Counters | None = None
        self._tally = Tally()
        self._enforcement = Enforcement()

    def look(self, domains: Iterable[Domain], cache: ClusterCache, key: str, now_s: float) -> None:
        """Take in a new reading, if there is one."""
        with self._lock:
            reading = self._counters()
            if reading is None or reading is self._taken:
                return
            self._taken = reading
            domains = tuple(domains)
            self._tally.take(reading, domains)
            caps: dict[str, Rate] = {}
            for one in (key for domain in domains for keys in domain.pods.values() for key in keys):
                pod = cache.pod(one)
                cap = cap_of(pod.annotations, key) if pod is not None else None
                if cap is not None:
                    caps[one] = cap
            self._enforcement = self._enforcement.after(reading.pod_bytes, caps, now_s)

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
        told = list(self.violating().values())
        more = (f"the caps of {len(told) - _TOLD} pods more are not enforced",) if len(told) > _TOLD else ()
        return (*told[:_TOLD], *more)
