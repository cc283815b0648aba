"""Whatever is wrong with a kubeconfig or a pod's service account is reported in one sentence that names the place."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from detnet.kubernetes.client import credentials
from detnet.kubernetes.client.api import ClusterAccess, connect
from detnet.kubernetes.client.kubeconfig import choose
from detnet.model.errors import ConfigError
from kubernetes_client.api_server import ApiServer, kubeconfig

Config = dict[str, Any]


@pytest.fixture
def config(tmp_path: Path, server: ApiServer) -> Path:
    """A kubeconfig in order."""
    return kubeconfig(tmp_path / "kubeconfig", server.url, {"token": "t1"})


def _change(path: Path, **sections: object) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **sections}))
    return path


def _problem(wanted: ClusterAccess) -> str:
    with pytest.raises(ConfigError) as caught:
        connect(wanted)
    return str(caught.value)


def test_a_kubeconfig_in_order_connects(config: Path, server: ApiServer) -> None:
    """The server is asked with the user's token; nothing is sent before the first request."""
    api = connect(ClusterAccess(config))
    assert server.asked == []
    api.request("GET", "/version")
    assert server.asked[0].headers["authorization"] == "Bearer t1"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A typing error in the path is the commonest."""
    assert _problem(ClusterAccess(tmp_path / "nowhere")) == f"there is no kubeconfig at {tmp_path / 'nowhere'}"


def test_the_environment_names_the_file(config: Path, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for kubectl, the first of several that say something about a name wins."""
    second = kubeconfig(config.with_name("second"), "http://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", f"{config}:{config.parent}/missing:{second}")
    connect(ClusterAccess()).request("GET", "/version")
    assert len(server.asked) == 1
    monkeypatch.setenv("KUBECONFIG", f"{config.parent}/missing")
    assert f"there is no kubeconfig at {config.parent}/missing" in _problem(ClusterAccess())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a: [", "is not YAML"),
        ("", "is not a kubeconfig"),
        ("[1]", "is not a kubeconfig"),
        ("clusters: 7", "is not a kubeconfig"),
        ("clusters: [7]", "is not a kubeconfig"),
        ("users: [{name: u, user: 7}]", "is not a kubeconfig"),
        ("{}", "has no current context: name one of none"),
    ],
)
def test_a_file_that_is_none_is_reported(tmp_path: Path, content: str, problem: str) -> None:
    """Any other file in its place is recognised."""
    path = tmp_path / "file"
    path.write_text(content)
    assert problem in _problem(ClusterAccess(path))


def test_credentials_of_a_cluster_without_tls_are_refused_unless_asked_for(config: Path) -> None:
    """A proxy of this machine, such as kubectl's, is no such cluster; neither is a user without credentials."""

    def served(server: str) -> None:
        _change(config, clusters=[{"name": "factory", "cluster": {"server": server}}])

    served("http://192.0.2.10:8080")
    assert "would send the credentials of 'robot' to http://192.0.2.10:8080 without TLS" in _problem(
        ClusterAccess(config)
    )
    assert choose(ClusterAccess(config, plain_http=True)).user_name == "robot"
    served("http://127.0.0.1:8001")
    assert choose(ClusterAccess(config)).user_name == "robot"
    served("http://192.0.2.10:8080")
    _change(config, users=[{"name": "robot", "user": {}}])
    assert choose(ClusterAccess(config)).user == {}


def test_an_unknown_context_lists_those_there_are(config: Path) -> None:
    """The right name is then a matter of reading."""
    assert f"the kubeconfig {config} has no context 'there': it has 'here'" == _problem(ClusterAccess(config, "there"))
    _change(config, **{"current-context": ""})
    assert "has no current context: name one of 'here'" in _problem(ClusterAccess(config))


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"clusters": []}, "has no cluster 'factory': it has none"),
        ({"users": [{"name": "other", "user": {}}]}, "has no user 'robot': it has 'other'"),
        ({"clusters": [{"name": "factory"}]}, "needs the address of a server"),
        ({"clusters": [{"name": "factory", "cluster": {"server": "10.0.0.1:6443"}}]}, "such as https://HOST:6443"),
        ({"clusters": [{"name": "factory", "cluster": {"server": "https://10.0.0.1:port"}}]}, "such as https://"),
        ({"contexts": [{"name": "here"}]}, "has no cluster None"),
    ],
)
def test_a_context_that_leads_nowhere_is_reported(config: Path, sections: Config, problem: str) -> None:
    """What the context names must be there."""
    assert problem in _problem(ClusterAccess(_change(config, **sections)))


def test_a_ca_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    """Missing, without a certificate, and not base64 are three mistakes with one place to look at."""
    path, garbage = tmp_path / "kubeconfig", tmp_path / "ca.crt"
    url = "https://127.0.0.1:6443"
    kubeconfig(path, url, cluster={"certificate-authority": "ca.crt"})
    assert f"{garbage}" in _problem(ClusterAccess(path))
    garbage.write_text("none")
    assert f"cannot use the CA of the kubeconfig {path}, read from {garbage}: no certificate" in _problem(
        ClusterAccess(path)
    )
    kubeconfig(path, url, cluster={"certificate-authority-data": base64.b64encode(b"none").decode()})
    assert f"cannot use the CA of the kubeconfig {path}" in _problem(ClusterAccess(path))
    kubeconfig(path, url, cluster={"certificate-authority-data": "a"})
    assert f"the kubeconfig {path} cannot be used" in _problem(ClusterAccess(path))


def test_a_client_certificate_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    """The key may be another certificate's, or the file no certificate."""
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).write_text("none")
    user = {"client-certificate": "tls.crt", "client-key": "tls.key"}
    path = kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:6443", user)
    assert f"cannot use the client certificate and key of the kubeconfig {path}" in _problem(ClusterAccess(path))


def test_a_user_without_anything_is_anonymous(config: Path, server: ApiServer) -> None:
    """That is for the server to judge: kubectl proxy needs no credentials."""
    connect(ClusterAccess(_change(config, users=[{"name": "robot", "user": None}]))).request("GET", "/version")
    assert "authorization" not in server.asked[0].headers


def test_a_process_outside_a_pod_is_reported_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sentence says what else to give."""
    monkeypatch.setattr(credentials, "_SERVICE_ACCOUNT", tmp_path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    problem = _problem(ClusterAccess(in_cluster=True))
    assert "this is no pod with a service account" in problem
    assert "give a kubeconfig instead" in problem


def test_two_answers_to_one_question_are_refused(config: Path) -> None:
    """A kubeconfig that would be ignored is a mistake."""
    with pytest.raises(ConfigError, match="give no kubeconfig"):
        ClusterAccess(config, in_cluster=True)
