"""From settings to the parts of a loop: the one place where the kinds named in the configuration become objects.

Everything heavy is imported here and only when it is chosen, so that a controller on Prometheus and dry-run never loads
netlink.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detnet.actuators.base import Actuator
from detnet.actuators.dry_run import DryRunActuator
from detnet.config.models import Settings
from detnet.config.sections import ObjectiveSettings, PolicySettings, SourceSettings
from detnet.control.allocate import Claim
from detnet.control.decision import Rules
from detnet.control.guard import Guard
from detnet.control.policies import Aimd, Graded, Policy, Steps
from detnet.control.policy_registry import POLICIES, make_policy
from detnet.model.errors import ConfigError, UserError
from detnet.model.objectives import Objective, Priority
from detnet.model.rate import CEILING_BPS, Rate
from detnet.runtime.control_loop import ControlLoop, LoopParts, Memory
from detnet.sources import promql
from detnet.sources.fetch import Limits
from detnet.sources.promql import Template
from detnet.sources.source import Source
from detnet.telemetry.passes import Recorder

if TYPE_CHECKING:
    from detnet.runtime.cluster_controller import ClusterController, ClusterRecorder


def build_rules(settings: Settings) -> Rules:
    """Return the core's rules of a loop over everything that is configured.

    Raises:
        ConfigError: values that are right one by one do not fit together.
    """
    every = {objective.workload for objective in settings.effective_objectives}
    # Where targets are found by their label there may be none yet; one that comes has the default bounds.
    found = Claim("found by its label", settings.defaults.min.bps, settings.defaults.max.bps)
    return domain_rules(settings, every, build_claims(settings) or (found,))


def domain_rules(settings: Settings, workloads: Collection[str], claims: Sequence[Claim]) -> Rules:
    """Return the core's rules of a loop over the critical ``workloads`` and the ``claims`` that meet on one bottleneck.

    Raises:
        ConfigError: values that are right one by one do not fit together.
    """
    loop, pace = settings.loop, settings.pace
    try:
        objectives = tuple(
            Objective(
                o.workload,
                latency_ms=None if o.latency is None else o.latency * 1e3,
                jitter_ms=None if o.jitter is None else o.jitter * 1e3,
                loss_ratio=o.loss,
                priority=Priority(o.priority),
            )
            for o in settings.effective_objectives
            if o.workload in workloads
        )
        guard = Guard(
            minimum_bps=min(sum(claim.minimum_bps for claim in claims), CEILING_BPS),
            maximum_bps=min(sum(claim.maximum_bps for claim in claims), CEILING_BPS),
            safe_bps=safe_bps(loop.safe, claims),
            window_s=loop.window,
            least_samples=loop.least_samples,
            fresh_for_s=settings.staleness.fresh_for_s,
            decay_after_s=settings.staleness.decay_after_s,
            safe_after_s=settings.staleness.safe_after_s,
            decay_time_constant_s=loop.decay_time_constant,
            settle_s=loop.settle,
            cooldown_s=pace.cooldown_s,
            recovery_s=loop.recovery,
            raise_every_s=pace.raise_every_s,
            raise_ratio=loop.raise_ratio,
            least_raise_bps=pace.least_raise_bps,
            exonerate_after_s=loop.exonerate_after,
            exonerated_share=loop.exonerated_share,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return Rules(objectives, guard, build_policy(settings.policy))


def safe_bps(configured: Rate | None, claims: Sequence[Claim]) -> int:
    """Return where a blind budget decays to: as configured, else a quarter of the largest single maximum.

    Not of the sum of the maxima: with many targets that is many times the link.
    """
    wanted_bps = max(claim.maximum_bps for claim in claims) // 4 if configured is None else configured.bps
    low_bps, high_bps = sum(claim.minimum_bps for claim in claims), sum(claim.maximum_bps for claim in claims)
    return min(max(wanted_bps, low_bps), high_bps, CEILING_BPS)


def build_policy(settings: PolicySettings) -> Policy:
    """Return the policy that the settings name, with its parameters."""
    given = {key: getattr(settings, key) for key in POLICIES[settings.name].parameters}
    wanted = {key: getattr(value, "bps", value) for key, value in given.items() if value is not None}
    return make_policy(settings.name, wanted)


def unused_policy_settings(settings: PolicySettings) -> tuple[str, ...]:
    """Return the policy settings that were given but that the chosen policy does not have."""
    known = {*POLICIES[settings.name].parameters, "name"}
    return tuple(sorted(settings.model_fields_set - known))


def build_claims(settings: Settings) -> tuple[Claim, ...]:
    """Return the targets' claims on the budget."""
    return tuple(
        Claim(
            target.name,
            (target.min or settings.defaults.min).bps,
            (target.max or settings.defaults.max).bps,
            target.weight,
        )
        for target in settings.effective_targets
    )


def build_source(source: SourceSettings, objectives: Sequence[ObjectiveSettings]) -> Source:
    """Return the source of evidence for these objectives, not started.

    Raises:
        ConfigError: an address, a path or an expression cannot be used.
    """
    if source.kind == "probe":
        from detnet.sources.probe import ProbeSource, ProbeSourceConfig  # noqa: PLC0415 - only when chosen

        wrong = [o.workload for o in objectives if o.hubble is not None or o.promql is not None]
        if wrong:
            raise ConfigError(f"the objective of {wrong[0]} names Prometheus series, but source.kind is 'probe'")
        probe, paths = source.probe, {o.workload: o.path or o.workload for o in objectives}
        limits = Limits().within(probe.timeout, "source.probe.timeout")
        return ProbeSource(ProbeSourceConfig(probe.url, paths, source.period or 0.2, probe.credentials, limits))
    from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig  # noqa: PLC0415

    prometheus = source.prometheus
    return PrometheusSource(
        PrometheusSourceConfig(
            prometheus.url,
            {o.workload: _query(o) for o in objectives},
            window_s=prometheus.window_s,
            scrape_interval_s=prometheus.scrape_interval,
            period_s=source.period or prometheus.scrape_interval,
            credentials=prometheus.credentials,
            limits=Limits().within(prometheus.timeout, "source.prometheus.timeout"),
        )
    )


def build_actuator(settings: Settings) -> Actuator:
    """Return the actuator.

    Raises:
        ConfigError: a match cannot be read.
    """
    targets = settings.effective_targets
    if settings.actuator.kind == "dry-run":
        return DryRunActuator(target.name for target in targets)
    from detnet.actuators.tc.actuator import TcActuator  # noqa: PLC0415
    from detnet.actuators.tc.match import Match  # noqa: PLC0415 - netlink only when chosen

    matches = {t.name: Match.parse(t.match or {}, where=f"targets.{t.name}.match") for t in targets}
    return TcActuator(
        settings.actuator.device or "", matches, netns=settings.actuator.namespace, objective_s=_tightest_s(settings)
    )


def check(settings: Settings) -> None:
    """Build everything that touches neither network nor kernel: what passes here starts.

    ``config check``, a start and a reload all come through here, so that there is one answer.

    Raises:
        ConfigError: what is wrong.
        UserError: a package that the actuator needs is not installed.
    """
    unused = unused_policy_settings(settings.policy)
    if unused:
        raise ConfigError(f"policy.{unused[0]} is no parameter of the policy {settings.policy.name}; take it out")
    policy, least_bps = build_rules(settings).policy, settings.pace.least_raise_bps
    if isinstance(policy, Steps | Graded | Aimd) and policy.increase_bps < least_bps:
        raise ConfigError(
            f"policy.increase {Rate(policy.increase_bps).quantity} is less than loop.least_raise "
            f"{Rate(least_bps).quantity}, so nothing would ever be raised"
        )
    build_claims(settings)
    build_source(settings.source, settings.effective_objectives)
    if settings.http.listen is not None:
        listen_address(settings.http.listen)
    _check_actuator(settings)


def _check_actuator(settings: Settings) -> None:
    kind = settings.actuator.kind
    try:
        if kind != "kubernetes":
            build_actuator(settings).close()
            return
        from detnet.runtime.build_kubernetes import check_cluster  # noqa: PLC0415 - the client only when chosen
    except ModuleNotFoundError as error:
        raise UserError(
            f"the actuator {kind} needs the Python package {error.name}: install detnet-qos[{kind}]"
        ) from error
    check_cluster(settings)


def build_parts(settings: Settings, recorder: Recorder, memory: Memory | None = None) -> LoopParts:
    """Return a loop's parts; the source is not started yet.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    return LoopParts(
        rules=build_rules(settings),
        claims=build_claims(settings),
        source=build_source(settings.source, settings.effective_objectives),
        actuator=build_actuator(settings),
        recorder=recorder,
        interval_s=settings.loop.interval,
        domain=settings.actuator.device or "all",
        blocked_reason=build_write_gate(settings.mode, settings.kill_switch),
        memory=memory,
    )


def build_loop(
    settings: Settings, recorder: ClusterRecorder, memory: Memory | None = None
) -> ControlLoop | ClusterController:
    """Return the control loop of one bottleneck, or the controller of a cluster's, as the settings say; not started.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    check(settings)
    if settings.actuator.kind != "kubernetes":
        return ControlLoop(build_parts(settings, recorder, memory))
    from detnet.runtime.build_kubernetes import build_cluster_parts  # noqa: PLC0415 - the client only when chosen
    from detnet.runtime.cluster_controller import ClusterController  # noqa: PLC0415

    return ClusterController(build_cluster_parts(settings, recorder, memory))


def rebuild(loop: ControlLoop | ClusterController, settings: Settings, recorder: ClusterRecorder) -> None:
    """Put new settings in force in a running loop; what cannot be built leaves it as it is.

    On a cluster the connection, the targets and the lease stay.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    check(settings)
    if isinstance(loop, ControlLoop):
        before, parts = loop.parts, build_parts(settings, recorder, loop.parts.memory)
        loop.replace(parts)
        before.close()
        parts.start()
        return
    from detnet.runtime.build_kubernetes import build_cluster_parts  # noqa: PLC0415

    old = loop.parts
    new = build_cluster_parts(settings, old.recorder, old.memory, running=old.topology)
    loop.replace(new)
    old.source.stop()
    new.source.start()


def build_write_gate(
    mode: str, kill_switch: Path | None, *others: Callable[[], str | None]
) -> Callable[[], str | None]:
    """Return what says why nothing may be written now: observe mode, the kill switch, and the ``others``."""

    def blocked_reason() -> str | None:
        if mode == "observe":
            return "observe mode"
        if kill_switch is not None and kill_switch.exists():
            return f"kill switch {kill_switch}"
        return next((why for why in (other() for other in others) if why is not None), None)

    return blocked_reason


def listen_address(text: str) -> tuple[str, int]:
    """Split ``127.0.0.1:9863`` or ``[::1]:9863``.

    Raises:
        ConfigError: not an address and a port.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"http.listen: {text!r} is not an address and a port such as 127.0.0.1:9863")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - ':9863' asks for every address


def _tightest_s(settings: Settings) -> float | None:
    """Return the tightest limit of delay, in s; ``None`` where only loss is promised."""
    limits = [limit for each in settings.effective_objectives for limit in (each.latency, each.jitter)]
    return min((limit for limit in limits if limit is not None), default=None)


def _query(objective: ObjectiveSettings) -> Template:
    if objective.hubble is not None:
        return promql.HubbleHttp(objective.hubble)
    if objective.promql is None:
        return promql.ProbeHistogram(objective.path or objective.workload)
    own = objective.promql
    queries = {
        figure: promql.OwnQuery(query.expression, query.unit)
        for figure, query in (("latency", own.latency), ("jitter", own.jitter), ("loss", own.loss))
        if query is not None
    }
    return promql.OwnQueries(own.measured_by, **queries)
