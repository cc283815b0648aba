"""Cap compliance: how much each target sends, and whether its caps are obeyed, as far as byte counters can tell.

A pod that goes on sending well above its cap is reported. Cilium's bandwidth manager does not limit traffic between
pods of one node, or of a pod that an L7 policy selects at egress; the CNI bandwidth plugin reads the annotation only
when the pod starts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from detnet.actuators.base import Usage
from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.caps.planner import cap_of
from detnet.kubernetes.caps.proof import UNKNOWN, Proof, Proofs
from detnet.kubernetes.caps.usage import Counters, Tally
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.model.rate import Rate

_SHOWN = 5


class ComplianceMonitor:
    """Takes each reading of the counters in once; safe to share between threads.

    ``counters`` is ``None`` where none are configured: then nothing proves the caps.
    """

    def __init__(self, counters: Callable[[], Counters | None] | None) -> None:
        self._counters = counters
        self._lock = threading.Lock()
        self._taken: Counters | None = None
        self._tally = Tally()
        self._proofs = Proofs()
        self._disproved: Mapping[str, str] = {}
        self.faults: tuple[Fault, ...] = ()
        """What could not be worked out of the newest reading."""

    @property
    def counts(self) -> bool:
        """Whether there are counters that could prove a cap."""
        return self._counters is not None

    def look(self, domains: Iterable[Domain], cache: ClusterCache, key: str, now_s: float) -> None:
        """Take in a new reading, if there is one; a fault of one pod's counters is nobody else's."""
        if self._counters is None:
            return
        faults = Faults()
        with self._lock, faults.contained("counters", "the reading of byte counters", "cannot be used"):
            reading = self._counters()
            if reading is None or reading is self._taken:
                return
            self._taken = reading
            domains = tuple(domains)
            self._tally.take(reading, domains, faults)
            caps: dict[str, Rate] = {}
            for one in (key for domain in domains for key in domain.capped):
                with faults.contained("counters", f"Pod {one}", UNKNOWN):
                    pod = cache.pod(one)
                    cap = cap_of(pod.annotations, key) if pod is not None else None
                    if cap is not None:
                        caps[one] = cap
            self._proofs = self._proofs.after(reading.pod_bytes, caps, now_s, faults)
            self._disproved = self._proofs.disproved(now_s)
        self.faults = faults.found

    def usage(self, domain: Domain) -> Usage | None:
        """Return a domain's newest counters."""
        with self._lock:
            return self._tally.usage(domain)

    def disproved(self) -> Mapping[str, str]:
        """Return the pods whose cap is not in force, the worst first, with one sentence each."""
        with self._lock:
            return self._disproved

    def proof(self, keys: Iterable[str], now_s: float) -> Proof | None:
        """Return the state of the caps of pods that share a node; ``None`` where nothing could prove them."""
        if self._counters is None:
            return None
        with self._lock:
            return self._proofs.of(keys, now_s)

    def states(self, now_s: float) -> Mapping[Proof, int]:
        """Return how many caps are in each state; a pod without counters is in none."""
        with self._lock:
            found = [one.proof(now_s) for one in self._proofs.pods.values()]
        return {state: found.count(state) for state in Proof}

    def problems(self) -> tuple[str, ...]:
        """Return the sentences of the worst few."""
        found = list(self.disproved().values())
        more = (f"the caps of {len(found) - _SHOWN} pods more are not enforced",) if len(found) > _SHOWN else ()
        return (*found[:_SHOWN], *more)
