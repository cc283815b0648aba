"""A cluster under one lease: every replica reads it, and only the leader writes caps and Events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

from prometheus_client.registry import Collector

from detnet.actuators.base import Actuator
from detnet.kubernetes.caps.byte_counters import ByteCounters
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.client.leader_election import LeaderElector
from detnet.kubernetes.events.event_recorder import EventRecorder
from detnet.kubernetes.events.metrics import ClusterCollector
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.model.annotations import STATUS
from detnet.runtime.cluster_controller import ClusterRecorder
from detnet.telemetry.passes import Pass
from detnet.telemetry.state_changes import StateChangeLogger


class LeaderElectedCluster:
    """The cluster, the lease without which nothing is written to it, and the counters that are read beside it."""

    def __init__(
        self,
        api: Api,
        cluster: CapReconciler,
        elector: LeaderElector | None,
        *,
        counters: ByteCounters | None,
        event_recorder: EventRecorder | None,
    ) -> None:
        self.cluster = cluster
        self.event_recorder = event_recorder
        self._api = api
        self._elector = elector
        self._counters = counters
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def synced(self) -> bool:
        """Whether everything has been read once."""
        return self.cluster.synced

    @property
    def leading(self) -> bool:
        """Whether this replica may write; without an election the only one always may."""
        return self._elector is None or self._elector.leading

    def domains(self) -> Sequence[Domain]:
        """Return the nodes on which best effort runs."""
        return self.cluster.domains()

    def actuator(self, domain: str) -> Actuator:
        """Return what caps the targets on one node."""
        return self.cluster.actuator(domain)

    def problems(self) -> Sequence[str]:
        """Return what an operator should know or repair, one sentence each."""
        others = (self._counters and self._counters.trouble, self._elector and self._elector.last_error)
        return (*self.cluster.problems(), *(trouble for trouble in others if trouble))

    def faults(self) -> Sequence[Fault]:
        """Return what could not be worked out; its caps are held."""
        return self.cluster.faults()

    def collector(self) -> Collector:
        """Return the collector of the metrics of the cluster as a whole."""
        return ClusterCollector(self)

    def standing_by(self) -> str | None:
        """Return who leads instead of this replica, in words; ``None`` while it leads."""
        if self._elector is None or self._elector.leading:
            return None
        if self._elector.last_error is not None:
            return f"standing by: {self._elector.last_error}"
        return f"standing by: {self._elector.holder or 'nobody yet'} leads"

    def role(self) -> str:
        """Return for ``/readyz`` whether this replica leads, what it cannot serve, and caps that are not in force."""
        return "; ".join((*self.cluster.denied(), *self._doubts(), self.standing_by() or "leading"))

    def _doubts(self) -> Iterator[str]:
        """Yield what is to be known about the caps before anybody takes them for a fact."""
        proved = self.cluster.proved()
        if proved is None:
            yield "nothing proves the caps, as no byte counters are configured (actuator.kubernetes.counters)"
        elif proved[Proof.DISPROVED]:
            yield f"caps that are not in force: {proved[Proof.DISPROVED]} of {sum(proved.values())}"

    def start(self) -> None:
        """Begin to read the cluster and take part in the election."""
        self.cluster.start()
        if self._counters is not None:
            self._counters.start()
        if self.event_recorder is not None:
            self.event_recorder.start()
        if self._elector is not None:
            self._thread = threading.Thread(target=self._elector.run, args=(self._stop,), name="lease", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the last write, then let the next one lead at once; the caps stay in force."""
        self.cluster.close()
        if self.event_recorder is not None:
            self.event_recorder.close()
        if self._counters is not None:
            self._counters.stop()
        self._stop.set()
        if self._elector is not None and self._thread is not None:
            self._thread.join(timeout=5.0)
            self._elector.release()
        self._api.close()


class EventingRecorder:
    """Records passes as usual, and hands them to the event recorder with the workloads of their targets."""

    def __init__(self, recorder: ClusterRecorder, event_recorder: EventRecorder, cluster: CapReconciler) -> None:
        self._recorder = recorder
        self._event_recorder = event_recorder
        self._cluster = cluster
        self._state_changes = StateChangeLogger(logging.getLogger(__name__))

    def record(self, one: Pass) -> None:
        """Take one pass in; Events and statuses that fail are no failure of the pass."""
        self._recorder.record(one)
        faults = Faults()
        with faults.contained("events", f"the Events of {one.domain}", "are not written"):
            self._tell(one)
        for fault in faults.found:
            self._recorder.failed(one.domain, fault.kind)
            self._state_changes.begin(one.domain, str(fault))
        if not faults.found:
            self._state_changes.end(one.domain, f"the Events of {one.domain} are written again")

    def _tell(self, one: Pass) -> None:
        violating = {**self._cluster.not_enforced(), **self._cluster.refused()}
        proofs = self._cluster.proofs(one.domain)
        subjects, not_enforced = {}, {}
        for target in {**one.caps, **proofs}:
            workload = self._cluster.workload(target)
            if workload is not None:
                subjects[target] = Subject(workload.ref, workload.uid, workload.annotations.get(STATUS))
                owner = self._cluster.target(target)
                if owner in violating:
                    not_enforced[target] = violating[owner]
        self._event_recorder.record(one, subjects, not_enforced, proofs)

    def idle(self, sentence: str, *, ready: bool) -> None:
        """Take a pass without any domain."""
        self._recorder.idle(sentence, ready=ready)

    def problems(self, sentences: Sequence[str]) -> None:
        """Take what an operator should know or repair."""
        self._recorder.problems(sentences)

    def failed(self, domain: str, kind: str) -> None:
        """Count a pass in which something could not be worked out."""
        self._recorder.failed(domain, kind)

    def forget(self, domain: str) -> None:
        """A domain is no more."""
        self._recorder.forget(domain)
        self._event_recorder.forget(domain)
