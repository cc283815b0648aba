"""A stored kubeadm configuration is held against the wanted one."""

from __future__ import annotations

from typing import Any

from ansible_collections.detnet.qos.plugins.filter.configuration_drift import configuration_drift

STORED: dict[str, Any] = {
    "apiVersion": "kubeadm.k8s.io/v1beta4",
    "apiServer": {"extraArgs": [{"name": "v", "value": "2"}], "certSANs": ["cp1", "192.0.2.11"]},
    "networking": {"podSubnet": "10.244.0.0/16"},
    "certificatesDir": "/etc/kubernetes/pki",
}


def test_what_kubeadm_adds_is_no_drift() -> None:
    """Its defaults are in what is stored, and nobody asked for them."""
    assert configuration_drift(STORED, {"networking": {"podSubnet": "10.244.0.0/16"}}) == []


def test_the_forms_of_all_versions_are_the_same() -> None:
    """An upgrade turns maps of arguments into lists; the order of names in a certificate says nothing."""
    wanted = {"apiVersion": "kubeadm.k8s.io/v1beta3", "apiServer": {"extraArgs": {"v": "2"}}}
    assert configuration_drift(STORED, wanted) == []
    assert configuration_drift(STORED, {"apiServer": {"certSANs": ["192.0.2.11", "cp1"]}}) == []


def test_a_difference_is_told_with_its_path() -> None:
    """So that the operator finds the variable."""
    assert configuration_drift(STORED, {"networking": {"podSubnet": "10.0.0.0/16"}}) == [
        {"path": "networking.podSubnet", "stored": "10.244.0.0/16", "wanted": "10.0.0.0/16"}
    ]


def test_an_argument_that_is_no_longer_wanted_is_a_difference() -> None:
    """Somebody added it by hand, or a variable was emptied."""
    paths = [each["path"] for each in configuration_drift(STORED, {"apiServer": {"extraArgs": {}}})]
    assert paths == ["apiServer.extraArgs"]


def test_what_is_empty_need_not_be_stored() -> None:
    """What is empty is left out by kubeadm."""
    assert configuration_drift(STORED, {"scheduler": {"extraArgs": []}, "etcd": {"local": {"extraArgs": {}}}}) == []


def test_the_argument_that_kubeadm_stores_unasked_is_no_drift() -> None:
    """But another value of it is, once it is wanted."""
    stored = {"apiServer": {"extraArgs": {"authorization-mode": "Node,RBAC"}}}
    assert configuration_drift(stored, {"apiServer": {"extraArgs": {}}}) == []
    assert len(configuration_drift(stored, {"apiServer": {"extraArgs": {"authorization-mode": "Node"}}})) == 1
