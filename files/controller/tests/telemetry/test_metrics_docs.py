"""docs/reference/metrics.md lists every metric, and only those."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import Metric

from detnet.control.decision import Decision
from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.caps.writer import WriteStatistics
from detnet.kubernetes.events.metrics import ClusterCollector
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.rate import Rate
from detnet.telemetry.metrics import Caps, Metrics

WORKLOAD = Ref("Deployment", "robot-factory", "telemetry-upload")
DOCUMENT = Path(__file__).parents[4] / "docs/reference/metrics.md"


class Written:
    """A cluster with one workload whose cap has no effect."""

    def figures(self) -> WriteStatistics:
        """Nothing was written."""
        return WriteStatistics()

    def proved(self) -> Mapping[Proof, int]:
        """Return a cap in each state."""
        return dict.fromkeys(Proof, 1)

    def not_enforced(self) -> Mapping[Ref, str]:
        """The one workload."""
        return {WORKLOAD: "same node"}

    def uncapped(self) -> Mapping[str, int]:
        """One pod that the API server refuses."""
        return {"refused": 1}


class Timeline:
    """Nothing was recorded."""

    written_total = failures_total = lost_total = 0


class Led:
    """A replica that leads."""

    leading = True
    cluster = Written()
    event_recorder = Timeline()


def test_the_table_is_the_registry(metrics: Metrics, decision: Callable[..., Decision]) -> None:
    """Name, type, labels and meaning are the registry's own; the failure prints the rows that belong there."""
    rate = {"telemetry-upload": Rate(10_000_000)}
    metrics.record("eth0", decision(), Caps(rate, rate), duration_s=0.0)
    metrics.registry.register(ClusterCollector(Led()))
    rows = sorted(row(family) for family in metrics.registry.collect() if not family.name.startswith("process_"))
    table = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    assert table == rows, "the table should read\n" + "\n".join(rows)


def row(family: Metric) -> str:
    """Return the line that documents a family; counters are shown with the suffix that queries need."""
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in family.samples[0].labels if label != "le") or "-"
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |"
