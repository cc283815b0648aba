"""A cluster is named by its API server, by a kubeconfig or by the inventory."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.detnet.qos.plugins.plugin_utils import confirmation


def kubeconfig(server: str) -> str:
    """One with two contexts, of which the current one is the first."""
    clusters = [{"name": "a", "cluster": {"server": server}}, {"name": "b", "cluster": {"server": "https://b:1"}}]
    contexts = [{"name": "one", "context": {"cluster": "a"}}, {"name": "two", "context": {"cluster": "b"}}]
    return yaml.safe_dump({"clusters": clusters, "contexts": contexts, "current-context": "one"})


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("https://192.0.2.11:6443", "192.0.2.11:6443"),
        ("https://[2001:db8::1]:6443/", "[2001:db8::1]:6443"),
        ("https://rancher.example/k8s/clusters/c-1", "rancher.example/k8s/clusters/c-1"),
    ],
)
def test_a_kubeconfig_names_its_api_server(server: str, name: str) -> None:
    """With the path, where one server stands for several clusters."""
    assert confirmation.endpoint(kubeconfig(server)) == name


@pytest.mark.parametrize("text", ["", "a: {", "[1]", "clusters: []", "current-context: one"])
def test_what_names_no_server_is_refused(text: str) -> None:
    """A broken file is not a host without a cluster."""
    with pytest.raises(ValueError, match="names no API server"):
        confirmation.endpoint(text)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"control_plane_endpoint": "api.example:443", "node_address": "192.0.2.1"}, "api.example:443"),
        ({"control_plane_address": "192.0.2.9", "control_plane_port": 7443}, "192.0.2.9:7443"),
        ({"node_address": "192.0.2.1", "ansible_host": "jump"}, "192.0.2.1:6443"),
        ({"ansible_facts": {"default_ipv4": {"address": "192.0.2.2"}}, "ansible_host": "jump"}, "192.0.2.2:6443"),
        ({"ansible_host": "192.0.2.3"}, "192.0.2.3:6443"),
        ({}, "cp1:6443"),
    ],
)
def test_the_inventory_names_the_endpoint_as_the_role_does(variables: dict[str, Any], name: str) -> None:
    """In the order of the defaults of the role control_plane."""
    assert confirmation.endpoint_of_inventory({"cp1": variables}, ["cp1"]) == name
