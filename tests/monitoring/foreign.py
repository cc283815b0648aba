"""What the programs that are not ours export, as far as the dashboard and the alerts use it.

Labels beyond these exist. Sources:
``hubble_*``: Cilium 1.18, Documentation/observability/metrics.rst, section "Hubble Exported Metrics".
``cilium_*``: the same page, section "Exported Metrics" (``drop_count_total``); the reason of an EDT drop is from
pkg/monitor/api/drop.go.
``container_*``: cAdvisor, docs/storage/prometheus.md; the labels ``namespace`` and ``pod`` are added by the kubelet,
and ``id="/"`` is the node itself.
``node_network_*``: node_exporter, collector netdev.
"""

from __future__ import annotations

SERIES = (
    'hubble_drop_total{reason="POLICY_DENIED",protocol="UDP",node="worker-1"}',
    'hubble_flows_processed_total{protocol="TCP",type="Trace",subtype="to-endpoint",verdict="FORWARDED",node="worker-1"}',
    'hubble_lost_events_total{source="hubble_ring_buffer",node="worker-1"}',
    'cilium_drop_count_total{reason="Reached EDT rate-limiting drop horizon",direction="EGRESS",node="worker-1"}',
    'container_network_transmit_bytes_total{namespace="cell",pod="upload-1",interface="eth0",id="/kubepods",node="worker-1"}',
    'container_network_transmit_bytes_total{namespace="",pod="",interface="ens3",id="/",node="worker-1"}',
    'node_network_transmit_bytes_total{device="ens3"}',
)
NAMES = {series.partition("{")[0] for series in SERIES}


def exposition(count: int) -> str:
    """Return a scrape in which every counter stands at ``count``."""
    types = "".join(f"# TYPE {name} counter\n" for name in sorted(NAMES))
    return types + "".join(f"{series} {count}\n" for series in SERIES)
