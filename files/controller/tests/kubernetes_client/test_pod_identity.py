"""Inside a pod, the service account's files and the address in the environment are all it takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from control_plane import ControlPlane
from detnet.kubernetes.access import kubeconfig as loader
from detnet.kubernetes.client.api import Api, ApiRefused, ClusterAccess, connect


@pytest.fixture
def pod(control_plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the kubelet would mount, with a token of the namespace's default service account."""
    address = urlsplit(control_plane.url)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(address.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(address.port))
    monkeypatch.setattr(loader, "_SERVICE_ACCOUNT", tmp_path)
    shutil.copy(control_plane.ca_file, tmp_path / "ca.crt")
    (tmp_path / "token").write_text(_token(control_plane, namespace))
    return tmp_path


def _token(control_plane: ControlPlane, namespace: str) -> str:
    kubeconfig = json.loads(control_plane.kubeconfig_for(namespace, "default").read_text())
    return str(kubeconfig["users"][0]["user"]["token"])


def _refused(api: Api, namespace: str) -> ApiRefused:
    with pytest.raises(ApiRefused) as caught:
        api.request("GET", f"/api/v1/namespaces/{namespace}/pods")
    return caught.value


def test_the_server_knows_the_service_account(pod: Path, namespace: str) -> None:
    """What it may not do is reported with its name, the verb and the resource."""
    refused = _refused(connect(ClusterAccess()), namespace)
    assert refused.status == 403
    assert f'User "system:serviceaccount:{namespace}:default" cannot list resource "pods"' in str(refused)


def test_a_token_is_exchanged_without_a_restart(control_plane: ControlPlane, pod: Path, namespace: str) -> None:
    """The kubelet writes a new one before the old one ends."""
    (pod / "token").write_text("of.another.cluster")
    api = connect(ClusterAccess())
    assert _refused(api, namespace).status == 401
    (pod / "token").write_text(_token(control_plane, namespace))
    assert _refused(api, namespace).status == 403
