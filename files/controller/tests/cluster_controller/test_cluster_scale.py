"""The benchmark of a large cluster, on a small one: it runs and counts; how fast a machine is, is nobody's failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from control_plane import ControlPlane

ROOT = Path(__file__).parents[4]


def test_what_a_cluster_costs_is_measured(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 pods: four watches and no write when steady, one patch per pod for a cut, and no template is touched."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import cluster_result, cluster_scale, cluster_site  # noqa: PLC0415 - found only now

    size = cluster_site.Size(pods=20, targets=2, nodes=2)
    result = cluster_scale.measure(control_plane, namespace, size, tmp_path, quiet_s=1.0, steady_s=2.0)
    steady, cut = result.steady, result.cut
    assert steady.watches == 4
    expected = {"update leases", "patch deployments"}  # the second: a status may come later than the quiet was long
    assert steady.requests.keys() <= expected
    assert (cut.patches, cut.templates) == (20, 0)
    assert 0.0 < cut.first_s <= cut.last_s
    assert (result.documents.requests, result.documents.replica_sets) == (4, 2)
    assert "2 targets on 2 nodes" in cluster_result.table(result).text()
