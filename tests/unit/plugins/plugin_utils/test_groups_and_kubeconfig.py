"""Groups without hosts, and files that are no kubeconfig."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.detnet.qos.plugins.plugin_utils import groups, kubeconfig

CONFIG = {"clusters": [{"name": "c"}], "contexts": [{"name": "one"}, {"name": "two"}], "current-context": "one"}


@pytest.mark.parametrize(
    ("members", "systemd", "told"),
    [
        ({"lab": ["localhost"]}, False, []),
        ({"control_plane": ["a"], "workers": ["b", "c"]}, False, []),
        ({"control_plane": ["a"], "workers": []}, False, ["group workers"]),
        ({"workers": ["b"]}, False, ["group control_plane"]),
        ({"control_plane": ["a", "b"], "workers": ["c"]}, False, ["group control_plane"]),
        ({"control_plane": ["a"], "workers": ["a"]}, False, ["host a"]),
        ({"controller_hosts": []}, True, ["group controller_hosts"]),
        ({"controller_hosts": ["a"]}, True, []),
        ({}, False, []),
    ],
)
def test_a_group_has_the_hosts_that_it_needs(members: dict[str, list[str]], systemd: bool, told: list[str]) -> None:  # noqa: FBT001
    """Where a cluster is described at all."""
    assert [each.what for each in groups.judge(members, systemd=systemd)] == told


def said(path: Path, context: str = "", *, insecure: bool = False) -> str:
    """What is said about a file."""
    return " ".join(str(each) for each in kubeconfig.judge(str(path), context, insecure=insecure))


def test_a_good_kubeconfig_is_not_mentioned(tmp_path: Path) -> None:
    """With its own context, or one that it has."""
    (tmp_path / "config").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    assert said(tmp_path / "config") == ""
    assert said(tmp_path / "config", "two") == ""


@pytest.mark.parametrize("content", ["", "[1]", "a: {", "\0", "kind: Secret"])
def test_a_file_that_is_no_kubeconfig_is_told(tmp_path: Path, content: str) -> None:
    """Whatever else it is."""
    (tmp_path / "config").write_text(content, encoding="utf-8")
    assert "the file is no kubeconfig" in said(tmp_path / "config")


def test_a_missing_file_and_a_missing_context_name_the_cure(tmp_path: Path) -> None:
    """Where to get it, and which there are."""
    assert "No such file or directory" in said(tmp_path / "config")
    (tmp_path / "config").write_text(yaml.safe_dump({**CONFIG, "current-context": ""}), encoding="utf-8")
    assert "set detnet_context to one of one, two" in said(tmp_path / "config")
    assert "has no such context; it has one, two" in said(tmp_path / "config", "three")


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        ({"server": "https://192.0.2.11:6443"}, ""),
        ({"server": "http://192.0.2.11:8080"}, "it names http://192.0.2.11:8080, without TLS; name the https://"),
        ({"server": "https://a", "insecure-skip-tls-verify": True}, "it has insecure-skip-tls-verify; give it the"),
    ],
)
def test_an_unchecked_server_must_be_asked_for(tmp_path: Path, cluster: dict[str, object], told: str) -> None:
    """Only of the context that is used."""
    contexts = [{"name": "one", "context": {"cluster": "c"}}, {"name": "two", "context": {"cluster": "d"}}]
    clusters = [{"name": "c", "cluster": cluster}, {"name": "d", "cluster": {"server": "https://b"}}]
    config = {"clusters": clusters, "contexts": contexts, "current-context": "one"}
    (tmp_path / "config").write_text(yaml.safe_dump(config), encoding="utf-8")
    heard = said(tmp_path / "config")
    assert told in heard
    assert bool(told) == bool(heard)
    assert not told or "detnet_kubeconfig_insecure" in heard
    assert said(tmp_path / "config", "two") == said(tmp_path / "config", insecure=True) == ""
