"""Credentials go to a server whose certificate was checked, or nowhere; what is secret is never shown."""

from __future__ import annotations

import logging
import stat
import time
from pathlib import Path

import pytest

from detnet.kubernetes.access import exec_plugin
from detnet.kubernetes.access.identity import insecurity, load
from detnet.kubernetes.access.kubeconfig import Chosen, ClusterAccess, User, choose
from detnet.kubernetes.access.transport import proxy_of, without_proxy
from detnet.kubernetes.client import session
from detnet.kubernetes.client.api import connect
from detnet.kubernetes.client.session import Session
from detnet.model.errors import ConfigError
from kubernetes_client.api_server import ApiServer, kubeconfig
from support import wait_for

PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}


@pytest.mark.parametrize(
    "user",
    [{"token": "t"}, {"username": "u", "password": "p"}, {"client-certificate": "c", "client-key": "c"}, {"exec": 1}],
    ids=lambda user: next(iter(user)),
)
@pytest.mark.parametrize("host", ["192.0.2.1", "api.example", "[2001:db8::1]", "127.0.0.1.example"])
def test_credentials_do_not_leave_this_machine_without_tls(tmp_path: Path, user: dict[str, object], host: str) -> None:
    """Anybody on the way would have them; a plugin is not even run."""
    if "exec" in user:
        user = {"exec": {**PLUGIN, "command": "touch", "args": [str(tmp_path / "ran")]}}
    path = kubeconfig(tmp_path / "kubeconfig", f"http://{host}:8080", user)
    with pytest.raises(ConfigError, match="shows credentials to whoever is on the way to http://"):
        connect(ClusterAccess(path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.9", "[::1]"])
def test_on_this_machine_nobody_is_on_the_way(tmp_path: Path, host: str) -> None:
    """Such as behind kubectl proxy, which has no TLS."""
    assert insecurity(choose(ClusterAccess(kubeconfig(tmp_path / "k", f"http://{host}:1", {"token": "t"})))) is None


def test_a_server_that_nobody_checks_is_asked_only_by_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And then once with a warning."""
    path = kubeconfig(tmp_path / "k", "https://192.0.2.1", {"token": "t"}, {"insecure-skip-tls-verify": True})
    with pytest.raises(ConfigError, match=r"insecure-skip-tls-verify.*: give it the https:// address and"):
        Session(ClusterAccess(path))
    opened = Session(ClusterAccess(path, insecure=True))
    opened.pool()
    opened.pool()
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "context here skips the check of the server's certificate (insecure-skip-tls-verify)"
    ]


def test_nothing_secret_is_in_what_can_be_printed(tmp_path: Path) -> None:
    """Neither of values nor of errors; a parser's own words would quote the line."""
    secret = "s3cret"  # noqa: S105 - a test's
    user = {"token": secret, "as": "ann"}
    chosen = choose(ClusterAccess(kubeconfig(tmp_path / "k", "http://127.0.0.1:1", user)))
    assert secret not in repr(chosen) + str(chosen) + repr(load(chosen, ClusterAccess()))
    for text in (f"users: [{{token: {secret}: {{", f'users: [{{name: u, user: {{token: ["{secret}"]}}}}]'):
        (tmp_path / "broken").write_text(f"contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n{text}\n")
        with pytest.raises(ConfigError) as caught:
            choose(ClusterAccess(tmp_path / "broken", "c"))
        assert secret not in str(caught.value)


def _says(folder: Path, script: str) -> dict[str, object]:
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"exec": {**PLUGIN, "command": str(program)}}


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("sleep 60 & sleep 60", "did not end within 0.5 s"),
        ("yes s3cret", "gave no credentials"),
        ("echo s3cret", "gave no credentials"),
        ("echo s3cret; exit 3", r"gave no credentials \(exit code 3\)"),
        ('echo \'{"kind": "ExecCredential", "apiVersion": "v0", "status": {"token": "s3cret"}}\'', "correct its api"),
    ],
    ids=["hangs", "endless", "text", "exit", "version"],
)
def test_a_plugin_is_bounded_and_never_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    """In time and in what it says, together with the programs that it starts."""
    monkeypatch.setattr(exec_plugin, "LONGEST_S", 0.5 if "sleep" in script else 30.0)
    path = kubeconfig(tmp_path / "k", "http://127.0.0.1:1", _says(tmp_path, script))
    began_s = time.monotonic()
    with pytest.raises(ConfigError, match=problem) as caught:
        connect(ClusterAccess(path))
    assert time.monotonic() - began_s < 20.0
    assert "s3cret" not in str(caught.value)


def test_a_plugin_that_needs_a_person_is_refused(tmp_path: Path) -> None:
    """There is no terminal that it could ask at."""
    user = {"exec": {**PLUGIN, "interactiveMode": "Always", "command": "true"}}
    with pytest.raises(ConfigError, match="wants a terminal"):
        connect(ClusterAccess(kubeconfig(tmp_path / "k", "http://127.0.0.1:1", user)))


def test_a_running_process_stays_on_its_cluster(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody's ``kubectl config use-context`` while it runs must not send its next write elsewhere."""
    monkeypatch.setattr(session, "_PAUSE_S", 0.05)
    path = kubeconfig(tmp_path / "k", server.url, {"token": "t"})
    opened = Session(ClusterAccess(path))
    kubeconfig(path, "http://127.0.0.1:1", {"token": "t"})
    opened.reject()
    wait_for(lambda: opened.pool() and caplog.records, what="the change is noticed")
    assert f"now leads to http://127.0.0.1:1 and no longer to {server.url}" in caplog.text
    with opened.pool().answer("GET", "/x", until_s=time.monotonic() + 5.0) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("excepted", "left_out"),
    [
        ("*", True),
        ("api.example", True),
        ("example", True),
        (".example", True),
        ("*.example", True),
        ("api.example:6443", True),
        ("api.example:443", False),
        ("i.example", False),
        (".api.example", False),
        ("other, 192.0.2.0/24", False),
        ("", False),
    ],
)
def test_a_proxy_is_left_out_where_go_leaves_it_out(excepted: str, left_out: bool) -> None:  # noqa: FBT001
    """By ``$NO_PROXY``: names with all below them, names below only, addresses and networks, one port."""
    assert without_proxy("https://api.example:6443", excepted) == left_out


def test_the_environments_proxy_counts_by_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its password, which no sentence shows; a cluster's own proxy-url wins."""
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:p%40ss@proxy.example:3128")
    chosen = Chosen("k", "c", "default", "https://192.0.2.1", user=User())
    proxy = proxy_of(chosen)
    assert proxy is not None
    assert (proxy.host, proxy.port) == ("proxy.example", 3128)
    assert proxy.headers == {"Proxy-Authorization": "Basic YW5uOnBAc3M="}
    monkeypatch.setenv("NO_PROXY", "192.0.2.0/24")
    assert proxy_of(chosen) is None


@pytest.mark.parametrize("scheme", ["https", "socks5"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", None])
def test_a_proxy_of_another_kind_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, scheme: str, variable: str | None
) -> None:
    """Wherever it is written, with what to do there: TLS within TLS is more than a proxy is worth."""
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    url = f"{scheme}://ann:s3cret@192.0.2.7:1080"
    chosen = Chosen("k", "c", "default", "https://192.0.2.1", proxy_url="" if variable else url)
    if variable:
        monkeypatch.setenv(variable, url)
    with pytest.raises(ConfigError) as caught:
        proxy_of(chosen)
    sentence = str(caught.value)
    assert f"the proxy {scheme}://192.0.2.7:1080 of https://192.0.2.1 is not supported: give the http://" in sentence
    assert ("list the server in NO_PROXY" if variable else "remove proxy-url") in sentence
    assert "s3cret" not in sentence
