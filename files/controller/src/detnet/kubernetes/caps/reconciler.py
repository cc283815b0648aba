"""A cluster's best effort: who shares what with whom, the caps that were decided, and the pods that carry them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from detnet.actuators.base import ActuationError, Usage
from detnet.kubernetes.caps import planner
from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.compliance import ComplianceMonitor
from detnet.kubernetes.caps.domain_actuator import DomainActuator
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.proof import Proof, Rewrites, nudged
from detnet.kubernetes.caps.topology import TopologySnapshot
from detnet.kubernetes.caps.usage import Counters
from detnet.kubernetes.caps.work_queue import RateLimits
from detnet.kubernetes.caps.writer import MayWrite, Writer, WriteStatistics
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.kubernetes.objects.patches import Change, PendingPatch
from detnet.kubernetes.objects.shares import is_sharp, together
from detnet.kubernetes.objects.workloads import PLURALS, POD, Pod, Ref, Workload
from detnet.model.annotations import PRIOR
from detnet.model.rate import Rate

# A rolled or restarted workload comes back within this time to the cap that it had, on a node that it had left.
_KEPT_S = 600.0


@dataclass(slots=True)
class Budgets:
    """Caps by domain and target, with the time of their last use in monotonic s."""

    _caps: dict[tuple[str, str], tuple[Rate, float]] = field(default_factory=dict)

    def put(self, domain: str, caps: Mapping[str, Rate], now_s: float) -> None:
        """Remember what was decided for a domain."""
        self._caps.update({(domain, target): (cap, now_s) for target, cap in caps.items()})

    def get(self, domain: str, target: str, now_s: float) -> Rate | None:
        """Return a target's cap in a domain, if it is remembered, and go on remembering it."""
        found = self._caps.get((domain, target))
        if found is None:
            return None
        self._caps[domain, target] = (found[0], now_s)
        return found[0]

    def forget(self, now_s: float) -> None:
        """Forget what has not been used for ten minutes."""
        self._caps = {key: found for key, found in self._caps.items() if now_s - found[1] <= _KEPT_S}

    def clear(self) -> None:
        """Forget everything: somebody else decides."""
        self._caps.clear()


_log = logging.getLogger(__name__)

# Pods come in swarms: the first is looked at once, and all that come within this time after it together.
_GATHER_S = 0.2


class CapReconciler:
    """Follows pods and workloads, and keeps the decided caps on the pods that run; safe to share between threads.

    ``may_write`` says until when this process may write: ``None`` or a time in the past without the lease, in observe
    mode, under the kill switch. ``counters`` gives the newest byte counters, ``None`` while there are none; without it
    nothing proves the caps.
    """

    def __init__(  # noqa: PLR0913 - what it acts on, and what makes it testable
        self,
        api: Api,
        plan: Plan,
        may_write: MayWrite,
        *,
        counters: Callable[[], Counters | None] | None = None,
        workers: int = 8,
        rate_limits: RateLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._may_write = may_write
        self._clock = clock
        self._lock = threading.RLock()
        self._topology = TopologySnapshot()
        self._budgets = Budgets()
        self._members: Mapping[tuple[str, str], tuple[str, ...]] = {}
        self._ordered: dict[Ref, tuple[str, Change]] = {}
        self._compliance = ComplianceMonitor(counters)
        self._rewrites = Rewrites()
        self._settle_faults: tuple[Fault, ...] = ()
        self._put_faults: dict[str, tuple[Fault, ...]] = {}
        self._moved, self._stop = threading.Event(), threading.Event()
        self._cache = ClusterCache(api, plan.namespaces, key=plan.key, on_change=self._moved.set)
        self._writer = Writer(
            api,
            self._cache.subject,
            may_write,
            on_written=self._cache.written,
            workers=workers,
            rate_limits=rate_limits,
            clock=clock,
        )
        self._thread = threading.Thread(target=self._attend, name="cluster", daemon=True)

    def start(self) -> None:
        """Begin to follow the cluster and to write what is asked for; returns at once."""
        self._cache.start()
        self._writer.start()
        self._thread.start()

    def close(self) -> None:
        """End; returns when the last write has ended. The caps stay in force."""
        self._stop.set()
        self._moved.set()
        self._cache.close()
        self._writer.close()
        if self._thread.is_alive():
            self._thread.join(2.0)

    @property
    def synced(self) -> bool:
        """Whether everything has been listed once; before that nothing is decided."""
        return self._cache.synced

    def wait_synced(self, timeout_s: float) -> bool:
        """Wait for ``synced``."""
        return self._cache.wait_synced(timeout_s)

    def domains(self) -> tuple[Domain, ...]:
        """Return the domains as they are now; none before everything has been listed."""
        return self._counted().grouping.domains if self.synced else ()

    def target(self, name: str) -> Ref | None:
        """Return the workload behind a target's name, for whoever has something to tell about it."""
        return self._counted().target(name)

    def workload(self, target: str) -> Workload | Pod | None:
        """Return the object behind a target's name as it was last seen; of an owner that is not read, its first pod."""
        topology = self._counted()
        ref = topology.target(target)
        if ref is None or ref.kind in PLURALS:
            return None if ref is None else self._cache.workload(ref)
        keys = (key for domain in topology.grouping.domains for key in domain.pods.get(target, ()))
        return self._cache.pod(min(keys, default=""))

    def actuator(self, domain: str) -> DomainActuator:
        """Return the actuator of a domain, which may come and go."""
        return DomainActuator(self, domain)

    def deactivate(self) -> None:
        """Forget every decision: another leader will make its own."""
        with self._lock:
            self._budgets.clear()
            self._ordered.clear()
            self._settle_faults = ()
            self._put_faults.clear()
        self._writer.forget()

    def activate(self) -> None:
        """Take up what does not wait for a decision: strays, and what templates are to carry."""
        self._moved.set()

    def problems(self) -> tuple[str, ...]:
        """Return everything that a person should know or mend, one sentence each."""
        if not self.synced:  # what is not seen yet may well be there
            return self._cache.troubles()
        topology = self._counted()
        return (
            *self._cache.troubles(),
            *topology.roster.problems,
            *topology.grouping.problems,
            *self._writer.problems(),
            *self._compliance.problems(),
        )

    def faults(self) -> tuple[Fault, ...]:
        """Return what could not be worked out; its caps are held."""
        topology = self._counted() if self.synced else self._topology
        with self._lock:
            put = [fault for domain in topology.grouping.domains for fault in self._put_faults.get(domain.name, ())]
            found = (*self._cache.faults(), *topology.faults, *put, *self._settle_faults, *self._compliance.faults)
        return tuple(dict.fromkeys(found))

    def denied(self) -> tuple[str, ...]:
        """Return why there are namespaces that cannot be served, one sentence for each of them."""
        return self._cache.denied()

    def not_enforced(self) -> Mapping[Ref, str]:
        """Return the workloads with a pod whose cap has no effect, and one sentence each."""
        return self._by_workload(self._compliance.disproved())

    def proofs(self, domain: str) -> Mapping[str, Proof | None]:
        """Return the state of each target's caps in a domain; ``None`` where no counters could prove them."""
        one = self._counted().domain(domain) if self.synced else None
        if one is None:
            return {}
        now_s, names = self._clock(), {*one.pods, *one.unenforced}
        keys = {name: (*one.pods.get(name, ()), *one.unenforced.get(name, ())) for name in names}
        return {name: self._compliance.proof(keys[name], now_s) for name in sorted(names)}

    def proved(self) -> Mapping[Proof, int] | None:
        """Return how many caps are in each state; ``None`` where no counters could prove them."""
        return self._compliance.states(self._clock()) if self._compliance.counts else None

    def refused(self) -> Mapping[Ref, str]:
        """Return the workloads with a pod that nobody may cap, and one sentence each."""
        return self._by_workload({f"{ref.namespace}/{ref.name}": text for ref, text in self._refused().items()})

    def _by_workload(self, pods: Mapping[str, str]) -> Mapping[Ref, str]:
        found: dict[Ref, str] = {}
        for key, sentence in pods.items():
            pod = self._cache.pod(key)
            if pod is not None:
                found.setdefault(pod.workload, sentence)
        return found

    def uncapped(self) -> Mapping[str, int]:
        """Return how many pods of targets send without a cap of ours, by reason."""
        if not self.synced:
            return {}
        topology = self._counted()
        return {"refused": len(topology.refused), "host-network": sum(topology.grouping.host_network.values())}

    def figures(self) -> WriteStatistics:
        """Return the writer's counters."""
        return self._writer.figures()

    def in_force(self, domain: str) -> Mapping[str, Rate | None]:
        """See ``DomainActuator.read``."""
        return {
            target: together(planner.cap_of(pod.annotations, self._plan.key) for pod in pods)
            for target, pods in self._pods_of(self._domain(domain)).items()
        }

    def put_in_force(self, domain: str, caps: Mapping[str, Rate]) -> None:
        """See ``DomainActuator.apply``."""
        if not self._may():
            raise ActuationError("this process may not write now")
        with self._lock:
            one = self._domain(domain)
            now_s = self._clock()
            before = {target: self._budgets.get(domain, target, now_s) for target in caps}
            in_force = self.in_force(domain)
            sharp = is_sharp(caps, {t: cap or in_force.get(t) for t, cap in before.items()}, one.claims if one else ())
            self._budgets.put(domain, caps, now_s)
            faults, wanted = Faults(), list[PendingPatch]()
            for target, pods in self._pods_of(one).items():
                with faults.contained("workload", self._long_name(target)):
                    if target in caps:
                        wanted += self._patches(target, caps[target], pods, sharp=sharp)
            self._put_faults[domain] = faults.found
        self._writer.want(wanted)

    def usage(self, domain: str) -> Usage | None:
        """See ``DomainActuator.usage``."""
        topology = self._counted()
        self._compliance.look(topology.grouping.domains, self._cache, self._plan.key, self._clock())
        if self._compliance.disproved():
            self._moved.set()
        one = topology.domain(domain)
        return None if one is None else self._compliance.usage(one)

    def settle(self) -> None:
        """Give pods that came their share of what was decided, and take back what is ours where it does not belong."""
        if not (self.synced and self._may()):
            return
        faults = Faults()
        with self._lock:
            topology, now_s = self._counted(), self._clock()
            members = {(d.name, target): keys for d in topology.grouping.domains for target, keys in d.pods.items()}
            wanted: list[PendingPatch] = []
            for domain in topology.grouping.domains:
                for target in domain.pods:
                    with faults.contained("workload", self._long_name(target)):
                        wanted += self._shares(domain, target, members, now_s)
            self._members = members
            self._budgets.forget(now_s)
            workloads = self._cache.workloads()
            wanted += planner.stale_caps(self._plan, topology.roster, workloads, self._cache.pods(), faults)
            wanted += self._standing_orders(topology, workloads, faults)
            wanted += self._written_again(now_s)
            self._settle_faults = faults.found
        self._writer.want(wanted)

    def _written_again(self, now_s: float) -> Iterator[PendingPatch]:
        """Yield the caps that have no effect, in another text, as they may have been lost with the node's agent."""
        lost = {} if self._plan.rollout else self._compliance.disproved()  # a template's text would restart its pods
        for key in self._rewrites.due(lost, now_s):
            pod = self._cache.pod(key)
            cap = None if pod is None else planner.cap_of(pod.annotations, self._plan.key)
            if pod is not None and cap is not None and PRIOR in pod.annotations:
                yield PendingPatch(pod.ref, pod.uid, self._plan.cap(nudged(cap)), falls=True, group=str(pod.workload))

    def _shares(
        self, domain: Domain, target: str, members: Mapping[tuple[str, str], tuple[str, ...]], now_s: float
    ) -> list[PendingPatch]:
        """Return the patches that give the pods of a target their shares of the cap that was decided for it."""
        cap = self._budgets.get(domain.name, target, now_s)
        if cap is None:
            return []
        # Pods came or went (``None``), or nothing moved.
        sharp = False if self._members.get((domain.name, target)) == members[domain.name, target] else None
        pods = [pod for key in domain.pods[target] if (pod := self._cache.pod(key)) is not None]
        return list(self._patches(target, cap, pods, sharp=sharp))

    def _long_name(self, target: str) -> str:
        ref = self._topology.target(target)
        return target if ref is None else ref.long_name

    def _may(self) -> bool:
        until_s = self._may_write()
        return until_s is not None and until_s > self._clock()

    def _attend(self) -> None:
        while self._moved.wait() and not self._stop.is_set():
            self._moved.clear()
            try:
                self.settle()
            except Exception:  # noqa: BLE001 - a thread's top: a bug must be seen and must not end the attention
                _log.exception("attending to pods that come and go: a bug")
            self._stop.wait(_GATHER_S)

    def _counted(self) -> TopologySnapshot:
        refused = frozenset(f"{ref.namespace}/{ref.name}" for ref in self._refused())
        with self._lock:
            self._topology = self._topology.renewed(
                self._plan, self._cache, refused=refused, disproved=frozenset(self._compliance.disproved())
            )
            return self._topology

    def _refused(self) -> Mapping[Ref, str]:
        """Return the pods without a cap that the API server does not let us cap; one that has a cap keeps that."""
        found: dict[Ref, str] = {}
        for ref, sentence in self._writer.refused().items():
            pod = self._cache.pod(f"{ref.namespace}/{ref.name}") if ref.kind == POD else None
            if pod is not None and planner.cap_of(pod.annotations, self._plan.key) is None:
                found[ref] = sentence
        return found

    def _domain(self, name: str) -> Domain | None:
        if not self.synced:
            raise ActuationError("the pods are not known yet: " + "; ".join(self._cache.troubles() or ("listing",)))
        return self._counted().domain(name)

    def _pods_of(self, domain: Domain | None) -> Mapping[str, list[Pod]]:
        if domain is None:
            return {}
        found = {target: [self._cache.pod(key) for key in keys] for target, keys in domain.pods.items()}
        return {target: [pod for pod in pods if pod is not None] for target, pods in found.items()}

    def _patches(self, target: str, cap: Rate, pods: list[Pod], *, sharp: bool | None) -> Iterator[PendingPatch]:
        ref = self._topology.target(target)
        workload = self._cache.workload(ref) if self._plan.rollout and ref is not None else None
        if workload is not None:
            return planner.on_template(self._plan, cap, workload)
        return planner.on_pods(self._plan, cap, pods, sharp=sharp)

    def _standing_orders(
        self, topology: TopologySnapshot, workloads: list[Workload], faults: Faults
    ) -> list[PendingPatch]:
        """Return the template writes that have not been ordered before; who undoes one is not fought with restarts."""
        orders = [
            pending
            for pending in planner.template_patches(self._plan, topology.roster, workloads, faults)
            if self._ordered.get(pending.ref) != (pending.uid, pending.change)
        ]
        for pending in orders:
            self._ordered[pending.ref] = (pending.uid, pending.change)
            _log.warning("%s: its pod template gets %s, which restarts its pods", pending.ref.long_name, pending.change)
        return orders
