"""The configuration of kubeadm has the form of each version, and only fields that this version knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.rendered import documents, render, value

VERSIONS = {"1.20.2": "v1beta2", "1.30.14": "v1beta3", "1.36.2": "v1beta4"}
# The fields of kubeadm's types (cmd/kubeadm/app/apis/kubeadm/<version>/types.go), which it decodes strictly.
REGISTRATION = {"name", "criSocket", "taints", "kubeletExtraArgs", "ignorePreflightErrors"}
INIT = {"apiVersion", "kind", "bootstrapTokens", "localAPIEndpoint", "nodeRegistration", "certificateKey"}
CLUSTER = {
    "apiVersion", "kind", "etcd", "networking", "kubernetesVersion", "controlPlaneEndpoint", "apiServer",
    "controllerManager", "scheduler", "dns", "certificatesDir", "imageRepository", "featureGates", "clusterName",
}  # fmt: skip
ADDED_IN_V1BETA4 = {"proxy", "encryptionAlgorithm"}


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """One version of each form."""
    return str(request.param)


@pytest.fixture(scope="module")
def kubeadm(version: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The configuration for a cluster with Cilium in the place of kube-proxy."""
    wanted = {"profile_kubernetes": version, "control_plane_arguments": {"apiServer": {"v": "2"}}}
    return documents(render(tmp_path_factory.mktemp("kubeadm"), "control_plane", "kubeadm.yml.j2", **wanted))


def test_only_fields_of_the_version_are_written(version: str, kubeadm: dict[str, dict[str, Any]]) -> None:
    """Kubeadm refuses a file with a field that it does not know."""
    api = VERSIONS[version]
    assert {one["apiVersion"] for one in kubeadm.values() if "kubeadm" in one["apiVersion"]} == {
        f"kubeadm.k8s.io/{api}"
    }
    assert set(kubeadm["InitConfiguration"]) <= INIT
    assert set(kubeadm["InitConfiguration"]["nodeRegistration"]) <= REGISTRATION
    assert set(kubeadm["ClusterConfiguration"]) <= CLUSTER | (ADDED_IN_V1BETA4 if api == "v1beta4" else set())


def test_arguments_have_the_form_of_the_version(version: str, kubeadm: dict[str, dict[str, Any]]) -> None:
    """A map until v1beta3, a list of names and values since."""
    lists = VERSIONS[version] == "v1beta4"
    arguments = kubeadm["ClusterConfiguration"]["apiServer"]["extraArgs"]
    assert arguments == ([{"name": "v", "value": "2"}] if lists else {"v": "2"})
    node = kubeadm["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"]
    assert node == ([{"name": "node-ip", "value": "192.0.2.11"}] if lists else {"node-ip": "192.0.2.11"})


def test_kube_proxy_stays_away(version: str, kubeadm: dict[str, dict[str, Any]]) -> None:
    """From v1beta4 on the cluster itself remembers it, or an upgrade would bring kube-proxy back."""
    assert "KubeProxyConfiguration" not in kubeadm
    assert kubeadm["ClusterConfiguration"].get("proxy") == (
        {"disabled": True} if VERSIONS[version] == "v1beta4" else None
    )


def test_the_api_server_is_reached_by_all_its_names(kubeadm: dict[str, dict[str, Any]]) -> None:
    """A name that is not in the certificate cannot be added without a new one."""
    assert kubeadm["ClusterConfiguration"]["apiServer"]["certSANs"] == ["192.0.2.11", "cp1"]
    assert kubeadm["ClusterConfiguration"]["controlPlaneEndpoint"] == "192.0.2.11:6443"


def test_the_token_of_init_is_gone_in_a_minute(kubeadm: dict[str, dict[str, Any]]) -> None:
    """Unasked it would be good for a day."""
    assert [token["ttl"] for token in kubeadm["InitConfiguration"]["bootstrapTokens"]] == ["1m0s"]


def test_a_join_checks_the_cluster_by_its_ca(version: str, tmp_path: Path) -> None:
    """It never believes an API server unseen."""
    learned = {
        "__worker_token": "abcdef.0123456789abcdef",
        "__worker_cluster": {"ca": "sha256:aa", "cluster_configuration": "controlPlaneEndpoint: 192.0.2.11:6443"},
    }
    text = render(tmp_path, "worker", "join.yml.j2", profile_kubernetes=version, groups={}, **learned)
    join = documents(text)["JoinConfiguration"]
    assert join["discovery"]["bootstrapToken"] == {
        "token": "abcdef.0123456789abcdef",
        "apiServerEndpoint": "192.0.2.11:6443",
        "caCertHashes": ["sha256:aa"],
    }
    assert set(join) == {"apiVersion", "kind", "discovery", "nodeRegistration"}
    assert set(join["nodeRegistration"]) <= REGISTRATION


@pytest.mark.parametrize("name", ["666", "0x1f", "true", 666])
def test_a_node_may_have_a_name_like_a_number(tmp_path: Path, name: object) -> None:
    """Kubeadm reads a text, also where the inventory has a number."""
    learned = {
        "__worker_token": "123456.0123456789012345",
        "__worker_cluster": {"ca": "sha256:aa", "cluster_configuration": "controlPlaneEndpoint: 192.0.2.11:6443"},
        "worker_node_name": name,
    }
    found = documents(render(tmp_path, "worker", "join.yml.j2", **learned))["JoinConfiguration"]
    assert found["nodeRegistration"]["name"] == str(name)


def test_ipv6_alone(tmp_path: Path) -> None:
    """Addresses with a port are in brackets, those without are not; etcd is asked where kubeadm lets it listen."""
    wanted = {
        "ansible_facts": {"hostname": "0x1f", "default_ipv4": {}, "default_ipv6": {"address": "fd00::11"}},
        "control_plane_pod_subnet": "fd00:10:244::/56",
        "control_plane_service_subnet": "fd00:10:96::/112",
    }
    found = documents(render(tmp_path, "control_plane", "kubeadm.yml.j2", **wanted))
    init, cluster = found["InitConfiguration"], found["ClusterConfiguration"]
    assert init["localAPIEndpoint"]["advertiseAddress"] == "fd00::11"
    assert init["nodeRegistration"]["name"] == "0x1f"
    assert cluster["controlPlaneEndpoint"] == "[fd00::11]:6443"
    assert cluster["apiServer"]["certSANs"] == ["fd00::11", "0x1f"]
    assert cluster["networking"]["podSubnet"] == "fd00:10:244::/56"
    (tmp_path / "etcd").mkdir()
    etcd = value(tmp_path / "etcd", "control_plane", "[__control_plane_peer, __control_plane_etcd_access]", **wanted)
    assert isinstance(etcd, list)
    assert etcd[0] == "https://[fd00::11]:2380"
    assert "--endpoints=https://[::1]:2379" in etcd[1]
