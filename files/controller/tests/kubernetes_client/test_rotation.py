"""Credentials are exchanged under a running controller, and the next request has the new ones."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import pytest

from detnet.kubernetes.access import identity
from detnet.kubernetes.access import kubeconfig as loader
from detnet.kubernetes.client import session
from detnet.kubernetes.client.api import Api, ApiRefused, ClusterAccess, connect
from detnet.model.errors import ConfigError
from kubernetes_client.api_server import ApiServer, Asked, Say, kubeconfig
from kubernetes_client.certificates import self_signed
from support import wait_for


def _token(api: Api, server: ApiServer) -> str:
    api.request("GET", "/version")
    return server.asked[-1].headers["authorization"]


def _rotate(path: Path, text: str) -> None:
    """Exchange the file as the kubelet and careful scripts do."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def test_a_token_file_is_read_for_each_request(server: ApiServer, tmp_path: Path) -> None:
    """The library would read it once; a relative path is relative to the kubeconfig, and the newline is not sent."""
    (tmp_path / "token").write_text("one\n")
    api = connect(
        ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, {"tokenFile": "token", "token": "old"}))
    )
    assert _token(api, server) == "Bearer one"
    _rotate(tmp_path / "token", "two\n")
    assert _token(api, server) == "Bearer two"


def test_a_pods_token_is_read_for_each_request(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library would read it again after a minute of wall clock, which may stand still or jump."""
    (tmp_path / "token").write_text("one")
    self_signed(tmp_path / "ca.crt")
    monkeypatch.setattr(loader, "_SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_port))
    chosen = loader.of_pod()
    assert chosen.server == f"https://127.0.0.1:{server.server_port}"
    pod = identity.load(chosen, ClusterAccess())
    assert pod.headers() == [("Authorization", "Bearer one")]
    _rotate(tmp_path / "token", "two")
    assert pod.headers() == [("Authorization", "Bearer two")]


@pytest.mark.parametrize("broken", ["", "a\nb", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_token_file_that_is_being_written_costs_nothing(
    server: ApiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    """The last token serves until a new one can be read, and the log says so once; the content is never shown."""
    path = tmp_path / "token"
    path.write_text("one")
    api = connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, {"tokenFile": str(path)})))
    path.write_text(broken)
    with caplog.at_level(logging.WARNING):
        assert [_token(api, server), _token(api, server)] == ["Bearer one"] * 2
    assert [record.message for record in caplog.records] == [
        f"the secret in {path} must be one non-empty line of printable ASCII; keeping the last token"
    ]


def test_a_token_file_without_a_token_is_refused_at_the_start(server: ApiServer, tmp_path: Path) -> None:
    """There is no last token then."""
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigError, match="must be one non-empty line"):
        connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, {"tokenFile": "token"})))


def _plugin(tmp_path: Path, first_s: float) -> dict[str, object]:
    """A credential plugin that counts its runs and hangs while there is a file ``hang``; later tokens live an hour."""
    script = tmp_path / "plugin.py"
    script.write_text(
        f"""
import datetime as dt, json, pathlib, time
here = pathlib.Path({str(tmp_path)!r})
while (here / "hang").exists():
    time.sleep(0.02)
with (here / "runs").open("a") as runs:
    runs.write("x")
run = len((here / "runs").read_text())
end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds={first_s} if run == 1 else 3600)
status = {{"token": f"run-{{run}}", "expirationTimestamp": end.isoformat()}}
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
"""
    )
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(script)],
            "interactiveMode": "Never",
        }
    }


def test_a_plugins_token_is_renewed_before_it_ends(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin runs again beside the requests, once at a time, and they go on with the last token meanwhile."""
    monkeypatch.setattr(session, "_PAUSE_S", 0.1)
    api = connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, _plugin(tmp_path, first_s=0.0))))
    (tmp_path / "hang").touch()
    assert _token(api, server) == "Bearer run-1"
    began_s = time.monotonic()
    while time.monotonic() < began_s + 0.5:
        assert _token(api, server) == "Bearer run-1"
    (tmp_path / "hang").unlink()
    wait_for(lambda: _token(api, server) != "Bearer run-1", what="the plugin's second token")
    assert (tmp_path / "runs").read_text() == "xx"


def test_a_plugins_token_that_lives_long_is_kept(server: ApiServer, tmp_path: Path) -> None:
    """It is not run for each request."""
    api = connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, _plugin(tmp_path, first_s=3600.0))))
    assert {_token(api, server) for _ in range(5)} == {"Bearer run-1"}


def test_a_plugin_that_fails_is_reported_at_the_start(server: ApiServer, tmp_path: Path) -> None:
    """The library would go on without credentials."""
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}}
    with pytest.raises(ConfigError, match="the credential plugin 'false' of user 'robot' in the kubeconfig"):
        connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, user)))


def test_a_rejected_kubeconfig_is_read_again(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever rewrites the file itself needs no restart either; while it is broken, the old one serves."""
    monkeypatch.setattr(session, "_PAUSE_S", 0.05)

    def only_two(asked: Asked) -> Say:
        return Say(status=200 if asked.headers["authorization"] == "Bearer two" else 401)

    def accepted() -> bool:
        try:
            api.request("GET", "/version")
        except ApiRefused as refused:
            if refused.status != 401 or "does not accept our credentials" not in str(refused):
                raise
            return False
        return True

    server.answer = only_two
    path = kubeconfig(tmp_path / "kubeconfig", server.url, {"token": "one"})
    api = connect(ClusterAccess(path))
    assert not accepted()
    path.write_text("a: [")
    wait_for(lambda: accepted() or caplog.records, what="the broken file is noticed")
    kubeconfig(path, server.url, {"token": "two"})
    wait_for(accepted, what="the new token is used")
    assert "renewing the credentials failed, keeping the last ones" in caplog.text
