"""From settings to a fleet on a Kubernetes cluster: the API, the caps on pods, and the election of one leader."""

from __future__ import annotations

import math
import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence

from detnet.actuate.base import Actuator
from detnet.actuate.kubernetes.cluster import Cluster
from detnet.actuate.kubernetes.domains import Critical, Domain
from detnet.actuate.kubernetes.objects import Ref
from detnet.actuate.kubernetes.order import Patience
from detnet.actuate.kubernetes.plan import Plan
from detnet.actuate.kubernetes.release import Released, release
from detnet.actuate.kubernetes.targets import Bounds
from detnet.core.decision import Rules
from detnet.core.rate import Rate
from detnet.daemon import Memory
from detnet.fleet import Fleet, FleetRecorder, Site
from detnet.kube.api import Api, ClusterAccess, connect
from detnet.kube.lease import Elector, LeaseTimes
from detnet.settings.kubernetes import KubernetesSettings, LeaderSettings
from detnet.settings.models import Settings
from detnet.wiring import build_brakes, build_source, domain_rules


class LedCluster:
    """The cluster, and the lease without which nothing is written to it."""

    def __init__(self, api: Api, cluster: Cluster, elector: Elector | None) -> None:
        self.cluster = cluster
        self._api = api
        self._elector = elector
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def synced(self) -> bool:
        """Whether everything has been read once."""
        return self.cluster.synced

    def domains(self) -> Sequence[Domain]:
        """Return the nodes on which best effort runs."""
        return self.cluster.domains()

    def actuator(self, domain: str) -> Actuator:
        """Return what caps the targets on one node."""
        return self.cluster.actuator(domain)

    def standing_by(self) -> str | None:
        """Return who leads instead of us, in words; ``None`` while we lead."""
        if self._elector is None or self._elector.leading:
            return None
        return f"standing by: {self._elector.holder or 'nobody yet'} leads"

    def role(self) -> str:
        """Return what this replica is, in words."""
        return self.standing_by() or "leading"

    def start(self) -> None:
        """Begin to read the cluster and to stand for election."""
        self.cluster.start()
        if self._elector is not None:
            self._thread = threading.Thread(target=self._elector.run, args=(self._stop,), name="lease", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the last write, then let the next one lead at once; the caps stay in force."""
        self.cluster.close()
        self._stop.set()
        if self._elector is not None and self._thread is not None:
            self._thread.join(timeout=5.0)
            self._elector.release()
        self._api.close()


def build_site(settings: Settings, recorder: FleetRecorder, memory: Memory | None = None) -> Site:
    """Return what a fleet is made of, not started.

    Raises:
        ConfigError: the cluster cannot be reached as configured, or something else named there cannot be built.
    """
    api = connect(_access(settings.actuator.kubernetes))
    elector = _elector(api, settings.actuator.leader)
    brakes = build_brakes(settings)
    kubernetes = settings.actuator.kubernetes
    cluster = Cluster(
        api,
        build_plan(settings),
        _may_write(elector, brakes),
        workers=kubernetes.writers,
        patience=Patience(every_s=kubernetes.write_every, template_every_s=kubernetes.rollout_every),
    )
    if elector is not None:
        elector.on_change = lambda leading: cluster.stand_up() if leading else cluster.stand_down()
    return _site(settings, recorder, LedCluster(api, cluster, elector), memory)


def rebuild_site(fleet: Fleet, settings: Settings) -> None:
    """Give a running fleet new objectives, rules and source; the cluster, its targets and the lease stay."""
    old, topology = fleet.site, fleet.site.topology
    if not isinstance(topology, LedCluster):
        raise TypeError(f"a fleet over {topology!r} was not built here")
    site = _site(settings, old.recorder, topology, old.memory)
    fleet.replace(site)
    old.source.stop()
    site.source.start()


def release_cluster(settings: Settings) -> Released:
    """Take every cap of ours off the cluster; no controller may run meanwhile.

    Raises:
        UserError: the cluster cannot be reached, or refuses.
    """
    kubernetes = settings.actuator.kubernetes
    api = connect(_access(kubernetes))
    try:
        return release(api, kubernetes.namespaces, lambda: math.inf, key=kubernetes.annotation)
    finally:
        api.close()


def build_plan(settings: Settings) -> Plan:
    """Return whom to protect and whom to cap, as the configuration names them."""
    kubernetes, defaults = settings.actuator.kubernetes, settings.defaults
    home = kubernetes.namespaces[0]
    return Plan(
        namespaces=kubernetes.namespaces,
        critical=tuple(
            Critical(o.workload, o.namespace or home, o.workload, frozenset(o.nodes))
            for o in settings.effective_objectives
        ),
        targets={
            Ref(t.kind, t.namespace or home, t.name): Bounds(t.min or defaults.min, t.max or defaults.max, t.weight)
            for t in settings.effective_targets
        },
        found=Bounds(defaults.min, defaults.max) if kubernetes.discover else None,
        key=kubernetes.annotation,
        rollout=kubernetes.mode == "rollout",
        template_cap=_template_cap(settings) if kubernetes.template_cap else None,
        priority=kubernetes.best_effort_priority,
        critical_priority=kubernetes.critical_priority,
    )


def _site(settings: Settings, recorder: FleetRecorder, cluster: LedCluster, memory: Memory | None) -> Site:
    def rules(domain: Domain) -> Rules:
        return domain_rules(settings, domain.objectives, domain.claims)

    return Site(
        topology=cluster,
        rules=rules,
        source=build_source(settings),
        recorder=recorder,
        interval_s=settings.loop.interval,
        held_back=build_brakes(settings, cluster.standing_by),
        memory=memory,
    )


def _access(kubernetes: KubernetesSettings) -> ClusterAccess:
    named = kubernetes.kubeconfig is not None or kubernetes.context is not None
    in_cluster = not named and "KUBERNETES_SERVICE_HOST" in os.environ
    return ClusterAccess(kubernetes.kubeconfig, kubernetes.context, in_cluster)


def _elector(api: Api, leader: LeaderSettings) -> Elector | None:
    if not leader.enabled:
        return None
    # Two processes of one host must not take each other for themselves.
    identity = leader.identity or f"{socket.gethostname()}-{secrets.token_hex(4)}"
    times = LeaseTimes(leader.lease_duration, leader.renew_deadline, leader.retry_period)
    return Elector(api, leader.namespace, leader.name, identity, times)


def _may_write(elector: Elector | None, brakes: Callable[[], str | None]) -> Callable[[], float | None]:
    """Return what the writer asks before every write: until when it may, in monotonic s, or ``None``."""

    def until_s() -> float | None:
        if brakes() is not None:
            return None
        return math.inf if elector is None else elector.deadline_s

    return until_s


def _template_cap(settings: Settings) -> Rate:
    """Return what a pod of a target may send before its share is known: the safe budget, or a quarter of the most."""
    defaults = settings.defaults
    return settings.loop.safe or Rate(max(defaults.max.bps // 4, defaults.min.bps))
