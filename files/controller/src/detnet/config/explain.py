"""A configuration in plain words, and every value that somebody set with the place where it was set."""

from __future__ import annotations

from collections.abc import Iterator

from detnet.config.load import Loaded
from detnet.config.models import Settings
from detnet.config.sections import KubernetesSettings, ObjectiveSettings


def explain(loaded: Loaded) -> str:
    """Return what the configuration promises, and which values are not the defaults."""
    lines = [*_promises(loaded.settings), "", *_set_values(loaded)]
    return "\n".join(lines)


def _promises(settings: Settings) -> Iterator[str]:
    yield "The configuration is valid."
    yield ""
    for objective in settings.effective_objectives:
        yield f"  protect  {objective.workload}: {', '.join(_limits(objective))}"
    for target in settings.effective_targets:
        low, high = target.min or settings.defaults.min, target.max or settings.defaults.max
        yield f"  cap      {target.name}: between {low} and {high}, weight {target.weight:g}"
    if settings.actuator.kind == "kubernetes":
        yield from _in_kubernetes(settings.actuator.kubernetes)
    source, loop, pace, staleness = settings.source, settings.loop, settings.pace, settings.staleness
    url = source.probe.url if source.kind == "probe" else source.prometheus.url
    yield f"  observe  {source.kind} at {url}"
    yield f"  decide   every {loop.interval:g} s by the policy '{settings.policy.name}'; a breach is cut at once"
    yield f"           a raise at most every {pace.raise_every_s:g} s, none for {pace.cooldown_s:g} s after a breach"
    yield (
        f"  blind    hold from {staleness.fresh_for_s:g} s, decay from {staleness.decay_after_s:g} s, "
        f"at or below {loop.safe or 'a quarter of the largest cap'} from {staleness.safe_after_s:g} s"
    )
    where = f" on {settings.actuator.device}" if settings.actuator.device else ""
    yield f"  actuate  {settings.actuator.kind}{where}" + (" (observe mode: no cap is changed)" * _observes(settings))


def _in_kubernetes(kubernetes: KubernetesSettings) -> Iterator[str]:
    if kubernetes.discover:
        yield "  cap      every workload labelled qos.detnet.io/class: best-effort"
    yield f"           in the namespaces {', '.join(kubernetes.namespaces)}, by the pods' {kubernetes.annotation}"
    if kubernetes.mode == "rollout":
        yield f"           by rollout: each change restarts the pods, at most every {kubernetes.rollout_every:g} s"


def _limits(objective: ObjectiveSettings) -> Iterator[str]:
    if objective.latency is not None:
        yield f"p95 latency at most {objective.latency * 1e3:g} ms"
    if objective.jitter is not None:
        yield f"p95 delay over the uncongested path at most {objective.jitter * 1e3:g} ms"
    if objective.loss is not None:
        yield f"loss at most {objective.loss * 100:g} %"


def _observes(settings: Settings) -> bool:
    return settings.mode == "observe"


def _set_values(loaded: Loaded) -> Iterator[str]:
    if not loaded.origins:
        yield "Every value is the default."
        return
    yield "Set, with where (everything else is the default):"
    width = max(len(path) for path in loaded.origins)
    for path, origin in sorted(loaded.origins.items()):
        yield f"  {path:<{width}}  {origin}"
