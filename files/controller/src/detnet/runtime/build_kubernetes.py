"""From settings to control of a Kubernetes cluster: the API, the caps on pods, and the election of one leader."""

from __future__ import annotations

import logging
import math
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from detnet.config.models import Settings
from detnet.config.sections import (
    Defaults,
    KubernetesSettings,
    LeaderSettings,
    ObjectiveSettings,
    TargetSettings,
)
from detnet.control.decision import Rules
from detnet.kubernetes.caps.byte_counters import LIMITS, ByteCounters, CountersConfig
from detnet.kubernetes.caps.domains import Critical, Domain
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.caps.release import Released, release
from detnet.kubernetes.caps.work_queue import RateLimits
from detnet.kubernetes.client.api import Api, ApiError, ClusterAccess, connect
from detnet.kubernetes.client.informer import pages
from detnet.kubernetes.client.leader_election import LeaderElector, LeaseTimes
from detnet.kubernetes.events import workload_status
from detnet.kubernetes.events.event_recorder import EventRecorder
from detnet.kubernetes.objects.targets import Bounds, Delegation
from detnet.kubernetes.objects.workloads import PLURALS, POD, Ref
from detnet.model.annotations import STATUS
from detnet.model.errors import ConfigError
from detnet.model.rate import Rate
from detnet.runtime.build import build_source, build_write_gate, domain_rules
from detnet.runtime.cluster_controller import ClusterParts, ClusterRecorder, Topology
from detnet.runtime.control_loop import Memory
from detnet.runtime.leader_elected import EventingRecorder, LeaderElectedCluster

logger = logging.getLogger(__name__)


def build_cluster_parts(
    settings: Settings, recorder: ClusterRecorder, memory: Memory | None, running: Topology | None = None
) -> ClusterParts:
    """Return what a cluster's controller is made of, not started; a ``running`` cluster is kept with its recorder.

    Raises:
        ConfigError: the cluster cannot be reached as configured, or something else named there cannot be built.
    """
    cluster = running
    if cluster is None:
        cluster = _cluster(settings, build_write_gate(settings.mode, settings.kill_switch))
        if cluster.event_recorder is not None:
            recorder = EventingRecorder(recorder, cluster.event_recorder, cluster.cluster)
    if not isinstance(cluster, LeaderElectedCluster):
        raise TypeError(f"{cluster!r} was not built here")

    def rules(domain: Domain) -> Rules:
        return domain_rules(settings, domain.objectives, domain.claims)

    return ClusterParts(
        topology=cluster,
        rules=rules,
        source=build_source(settings.source, settings.effective_objectives),
        recorder=recorder,
        interval_s=settings.loop.interval,
        blocked_reason=build_write_gate(settings.mode, settings.kill_switch, cluster.standing_by),
        memory=memory,
    )


def check_cluster(settings: Settings) -> None:
    """Build what asks nobody.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    _plan_of(settings)
    _counters(settings)
    _lease_times(settings.actuator.leader)


def _plan_of(settings: Settings) -> Plan:
    return _plan(
        settings.actuator.kubernetes,
        settings.defaults,
        settings.effective_objectives,
        settings.effective_targets,
        settings.loop.safe,
    )


def _cluster(settings: Settings, gate: Callable[[], str | None]) -> LeaderElectedCluster:
    actuator, kubernetes, plan = settings.actuator, settings.actuator.kubernetes, _plan_of(settings)
    api = connect(_access(kubernetes))
    logger.info("the cluster is %s", api.cluster)
    identity = actuator.leader.identity or _identity()
    elector = _elector(api, actuator.leader, identity)
    may_write = _may_write(elector, gate)
    counters = _counters(settings)
    reconciler = CapReconciler(
        api,
        plan,
        may_write,
        counters=None if counters is None else counters.latest,
        workers=kubernetes.writers,
        rate_limits=RateLimits(every_s=kubernetes.write_every, template_every_s=kubernetes.rollout_every),
    )
    if elector is not None:
        elector.on_change = lambda leading: reconciler.activate() if leading else reconciler.deactivate()
    event_recorder = _event_recorder(api, identity, may_write) if kubernetes.events else None
    return LeaderElectedCluster(api, reconciler, elector, counters=counters, event_recorder=event_recorder)


def release_cluster(settings: Settings, tell: Callable[[str], None]) -> Released:
    """Remove every cap and status of ours from the cluster; no controller may run meanwhile.

    ``tell`` is given the cluster in words before anything is asked of it. What a namespace refuses is left, with
    the reason, and the others are released.

    Raises:
        UserError: the cluster cannot be reached, or refuses.
    """
    kubernetes = settings.actuator.kubernetes
    api = connect(_access(kubernetes))
    tell(api.cluster)
    try:
        released = release(api, kubernetes.namespaces, lambda: math.inf, key=kubernetes.annotation)
        statuses = (_remove_statuses(api, namespace) for namespace in kubernetes.namespaces)
        return replace(released, left=(*released.left, *(why for why in statuses if why is not None)))
    finally:
        api.close()


def _remove_statuses(api: Api, namespace: str) -> str | None:
    """Remove our statuses from a namespace; return why some of them may still be there."""
    try:
        for plural in PLURALS.values():
            path = f"/apis/apps/v1/namespaces/{namespace}/{plural}"
            for page in pages(api, path):
                for metadata in (item["metadata"] for item in page["items"]):
                    if STATUS in metadata.get("annotations", {}):
                        change = workload_status.patch(None, metadata["uid"])
                        api.request("PATCH", f"{path}/{metadata['name']}", body=change)
    except ApiError as error:
        return f"the statuses of namespace {namespace}: {error}"
    return None


def _plan(
    kubernetes: KubernetesSettings,
    defaults: Defaults,
    objectives: Sequence[ObjectiveSettings],
    targets: Sequence[TargetSettings],
    safe: Rate | None,
) -> Plan:
    """Return whom to protect and whom to cap, as the configuration names them."""
    home, delegate = kubernetes.namespaces[0], kubernetes.delegate
    # What a pod of a target may send before its share is known: the safe budget, or a quarter of the most.
    template_cap = safe or Rate(max(defaults.max.bps // 4, defaults.min.bps))
    return Plan(
        namespaces=kubernetes.namespaces,
        critical=tuple(_critical(one, home) for one in objectives),
        targets={
            Ref(t.kind, t.namespace or home, t.name): Bounds(t.min or defaults.min, t.max or defaults.max, t.weight)
            for t in targets
        },
        found=Bounds(defaults.min, defaults.max) if kubernetes.discover else None,
        every=kubernetes.discover == "all",
        delegation=Delegation(*map(frozenset, (delegate.critical, delegate.pause, delegate.share))),
        key=kubernetes.annotation,
        rollout=kubernetes.mode == "rollout",
        template_cap=template_cap if kubernetes.template_cap else None,
        priority=kubernetes.best_effort_priority,
        critical_priority=kubernetes.critical_priority,
    )


def _critical(objective: ObjectiveSettings, home: str) -> Critical:
    """Return whom an objective protects: its ``workload`` is a name, with the kind, the namespace or both before it.

    Raises:
        ConfigError: it is none of these forms, or names another namespace than ``namespace``.
    """
    *before, name = objective.workload.split("/")
    kind = _KINDS.get(before[-1].lower()) if before else None
    if kind is not None:
        before.pop()
    is_first = not before and objective.namespace is None
    namespace = before.pop() if before else objective.namespace or home
    if before or objective.namespace not in (None, namespace):
        raise ConfigError(
            f"objectives: the workload {objective.workload!r} (namespace {objective.namespace}) names no workload; "
            "write name, kind/name, namespace/name or namespace/kind/name, where kind is one of "
            f"{', '.join(sorted(_KINDS))}"
        )
    return Critical(objective.workload, namespace, name, frozenset(objective.nodes), kind, is_first)


_KINDS = {kind.lower(): kind for kind in (*PLURALS, POD, "Job", "CronJob")}


def _access(kubernetes: KubernetesSettings) -> ClusterAccess:
    return ClusterAccess(kubernetes.kubeconfig, kubernetes.context)


def _identity() -> str:
    # Two processes of one host must not take each other for themselves.
    return f"{socket.gethostname()}-{secrets.token_hex(4)}"


def _elector(api: Api, leader: LeaderSettings, identity: str) -> LeaderElector | None:
    if not leader.enabled:
        return None
    return LeaderElector(api, leader.namespace, leader.name, identity, _lease_times(leader))


def _lease_times(leader: LeaderSettings) -> LeaseTimes:
    return LeaseTimes(leader.lease_duration, leader.renew_deadline, leader.retry_period)


def _event_recorder(api: Api, identity: str, may_write: Callable[[], float | None]) -> EventRecorder:
    def time_left_s() -> float:
        until_s = may_write()
        return 0.0 if until_s is None else until_s - time.monotonic()

    return EventRecorder(api, identity=identity, time_left_s=time_left_s)


def _counters(settings: Settings) -> ByteCounters | None:
    counters = settings.actuator.kubernetes.counters
    if counters is None:
        return None
    server = settings.servers[-1]
    return ByteCounters(
        CountersConfig(
            server.url,
            counters.pods,
            nodes=counters.nodes,
            node_label=counters.node_label,
            period_s=counters.period,
            credentials=server.client.credentials,
            limits=LIMITS.within(counters.timeout, f"{server.key}.timeout"),
        )
    )


def _may_write(elector: LeaderElector | None, blocked_reason: Callable[[], str | None]) -> Callable[[], float | None]:
    """Return what the writer asks before every write: until when it may, in monotonic s, or ``None``."""

    def until_s() -> float | None:
        if blocked_reason() is not None:
            return None
        return math.inf if elector is None else elector.deadline_s

    return until_s
