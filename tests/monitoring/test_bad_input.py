"""What cannot work is refused before the cluster is asked, in one sentence that names the variable or the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.conftest import PAGERDUTY
from monitoring.role import apply

CASES: dict[str, tuple[dict[str, object], str]] = {
    "unknown variable": ({"monitoring_retentoin": "1d"}, "has no variable monitoring_retentoin"),
    "unknown variant": ({"monitoring_prometheus": "helm"}, "value of monitoring_prometheus must be one of"),
    "wrong type": ({"monitoring_object_labels": "release"}, "monitoring_object_labels"),
    "namespace": ({"monitoring_namespace": "Monitoring"}, "monitoring_namespace is Monitoring"),
    "interval": ({"monitoring_scrape_interval": "often"}, "monitoring_scrape_interval as whole seconds"),
    "size": ({"monitoring_storage_size": "much"}, "monitoring_storage_size is much"),
    "target without a port": ({"monitoring_probe_targets": ["192.0.2.1"]}, "Expected host:port"),
    "image without a tag": ({"monitoring_prometheus_image": "prometheus"}, "Expected images with registry and tag"),
    "short digest": ({"monitoring_grafana_digest": "sha256:12"}, "Expected digests such as"),
    "key for nobody": ({"monitoring_pagerduty_key": PAGERDUTY}, "set monitoring_alertmanager to true"),
    "token without TLS": (
        {"monitoring_probe_token_secret": "detnet-probe-token"},
        "shows no token without TLS: set monitoring_probe_ca_secret",
    ),
    "file of another Prometheus": (
        {"monitoring_probe_ca_file": "/etc/ca.crt"},
        "monitoring_probe_ca_secret and monitoring_probe_token_secret, Secrets in monitoring",
    ),
    "Secret for another Prometheus": (
        {"monitoring_prometheus": "existing", "monitoring_probe_ca_secret": "detnet-probe-ca"},
        "monitoring_probe_ca_file and monitoring_probe_token_file, files of your own Prometheus",
    ),
    "no kubeconfig": ({}, "check monitoring_kubeconfig"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_work_is_refused_first(case: str, tmp_path: Path) -> None:
    """There is no cluster: whatever is said before that was found out without one."""
    variables, cure = CASES[case]
    refused = apply(tmp_path, monitoring_kubeconfig=str(tmp_path / "none"), **variables)
    assert not refused.ok
    assert cure in refused.output.replace("\n", " "), refused.output
    assert PAGERDUTY not in refused.output
