"""The environment names of the system's first documents, each bound to the setting that now carries its meaning.

Their numbers carry the unit in the name (``TARGET_JITTER_MS=2``), so each is given its unit here and then read like any
other setting.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Documented:
    """One documented name: the path of its setting and the unit that the name implies."""

    path: tuple[str, ...]
    unit: str = ""


DOCUMENTED = {
    "PROMETHEUS_URL": Documented(("source", "prometheus", "url")),
    "TARGET_APPLICATION": Documented(("defaults", "workload")),
    "TARGET_JITTER_MS": Documented(("defaults", "jitter"), "ms"),
    "TARGET_LATENCY_MS": Documented(("defaults", "latency"), "ms"),
    "MIN_BANDWIDTH_MBPS": Documented(("defaults", "min"), "M"),
    "MAX_BANDWIDTH_MBPS": Documented(("defaults", "max"), "M"),
    "DEPLOYMENT_NAME": Documented(("defaults", "target")),
    "INCREASE_STEP_MBPS": Documented(("policy", "increase"), "M"),
    "AGGRESSIVE_DECREASE_MBPS": Documented(("policy", "aggressive_decrease"), "M"),
    "GENTLE_DECREASE_MBPS": Documented(("policy", "gentle_decrease"), "M"),
    "EWMA_ALPHA": Documented(("policy", "ewma_alpha")),
    "CONTROL_INTERVAL_SEC": Documented(("loop", "raise_every"), "s"),
    "COOLDOWN_PERIOD_SEC": Documented(("loop", "cooldown"), "s"),
    "UPDATE_THRESHOLD_MBPS": Documented(("loop", "least_raise"), "M"),
    "NAMESPACE": Documented(("actuator", "kubernetes", "namespaces")),
    "BANDWIDTH_ANNOTATION": Documented(("actuator", "kubernetes", "annotation")),
    "LOG_LEVEL": Documented(("log", "level")),
}
