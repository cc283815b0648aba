"""Credentials go by TLS to the server that they are for, or the operator has said otherwise by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from access.role import play
from manifests.rendered import of_kind, render

TOKEN = {"bearer_token_file": "/run/credentials/token"}
BASIC = {"username": "detnet", "password_file": "/run/credentials/password"}
PLAIN, SAFE = "http://prometheus.example:9090", "https://prometheus.example:9090"
NO_CLUSTER = "No answer from the cluster"  # what comes next: the values were accepted


def settings(prometheus: dict[str, Any], kind: str = "prometheus", counters: object = None) -> dict[str, Any]:
    """A controller's configuration."""
    actuator = {"kubernetes": {"counters": counters}}
    return {"source": {"kind": kind, "prometheus": prometheus}, "actuator": actuator}


def said(folder: Path, given: dict[str, Any], **variables: object) -> str:
    """What the role controller says, without a cluster."""
    known = {"controller_kubeconfig": "nowhere", "controller_settings": given, **variables}
    book = "[{hosts: localhost, gather_facts: false, roles: [controller]}]"
    refused = play(folder, known, playbook=book)
    assert (refused.ok, refused.changed) == (False, 0), refused.output
    return " ".join(refused.output.split())


@pytest.mark.parametrize(
    "given",
    [
        settings({"url": PLAIN, **TOKEN}),
        settings({"url": "HTTP://prometheus.example", **BASIC}),
        settings(TOKEN),  # the default URL has no TLS
        settings({"url": PLAIN, **TOKEN}, kind="probe", counters={}),
        settings({"url": SAFE, **TOKEN}, counters={"url": PLAIN}),
        settings({"url": "http://127.0.0.1.example:9090", **TOKEN}),
    ],
)
def test_plain_http_is_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    """In one sentence that names the variable which would allow it."""
    told = said(tmp_path, given)
    assert "controller_credentials_in_plain_http is false; expected https:// in the URL" in told, told
    allowed = {"controller_credentials_in_plain_http": True, "controller_credentials_for_counters": True}
    assert NO_CLUSTER in said(tmp_path, given, **allowed)


@pytest.mark.parametrize(
    "given",
    [
        settings({"url": SAFE, **TOKEN}, counters={}),
        settings({"url": PLAIN}, counters={"url": "http://other.example"}),
        settings({"url": PLAIN, **TOKEN}, kind="probe"),
        settings({"url": "http://127.0.0.1:9090", **TOKEN}),
        settings({"url": "http://[::1]:9090", **TOKEN}),
    ],
)
def test_what_nobody_on_the_way_can_read_is_let_in(tmp_path: Path, given: dict[str, Any]) -> None:
    """By TLS, without credentials, not asked at all, or not on the network."""
    assert NO_CLUSTER in said(tmp_path, given)


def test_counters_of_another_server_do_not_get_the_credentials(tmp_path: Path) -> None:
    """Whoever may write that one URL would otherwise be sent the token."""
    given = settings({"url": SAFE, **TOKEN}, counters={"url": "https://other.example"})
    told = said(tmp_path, given)
    assert f"controller_credentials_for_counters is false; expected the server {SAFE} in" in told, told
    assert NO_CLUSTER in said(tmp_path, given, controller_credentials_for_counters=True)


@pytest.mark.parametrize("server", ["http://192.0.2.10:8080", "https://192.0.2.10:6443"])
def test_a_host_asks_its_api_server_by_tls(tmp_path: Path, server: str) -> None:
    """The administrator's kubeconfig may name a proxy without it, such as kubectl's."""
    task = {"ansible.builtin.include_role": {"name": "controller", "tasks_from": "systemd/check_api_server"}}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
    run = play(tmp_path, {"__controller_cluster": {"connection": {"host": server}}}, playbook=book)
    assert run.ok == server.startswith("https"), run.output
    assert run.ok or "expected https://. Set controller_api_server" in " ".join(run.output.split())


def test_prometheus_shows_its_token_to_known_kubelets_where_asked(tmp_path: Path) -> None:
    """Otherwise the role says to whom it shows it."""
    for folder in ("asked", "unasked"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "files").symlink_to(Path(__file__).parents[2] / "roles/monitoring/files")

    def cadvisor(folder: str, **variables: object) -> str:
        objects = render(tmp_path / folder, "monitoring", **variables)
        return next(
            text
            for one in of_kind(objects, "ConfigMap").values()
            for text in one["data"].values()
            if "cadvisor" in text
        )

    assert "insecure_skip_verify: true" in cadvisor("unasked")
    assert "insecure_skip_verify" not in cadvisor("asked", monitoring_kubelet_verify=True)
    book = "[{hosts: localhost, gather_facts: false, roles: [monitoring]}]"
    run = play(tmp_path, {"monitoring_kubeconfig": "nowhere"}, playbook=book)
    assert "Prometheus shows its token to whatever answers" in " ".join(run.output.split())
