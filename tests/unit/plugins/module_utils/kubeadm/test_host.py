"""What is read from kubeadm's files on a host."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.detnet.qos.plugins.module_utils.kubeadm.certificate import Certificate
from ansible_collections.detnet.qos.plugins.module_utils.kubeadm.host import Host
from ansible_collections.detnet.qos.plugins.module_utils.model.errors import UserError


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with kubeadm's folders, and nothing in them."""
    for folder in ("kubernetes/pki", "kubernetes/manifests", "etcd", "kubelet"):
        (tmp_path / folder).mkdir(parents=True)
    return Host(tmp_path / "kubernetes", tmp_path / "etcd", tmp_path / "kubelet")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate that is good for 30 days."""
    key = tmp_path_factory.mktemp("key") / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-subj", "/CN=x"]
    return subprocess.run([*command, "-days", "30"], capture_output=True, text=True, check=True).stdout


def test_a_ca_of_the_operator_is_no_leftover(host: Host, pem: str) -> None:
    """It is used by kubeadm, so a host with nothing else is a bare one."""
    (host.kubernetes / "pki/ca.crt").write_text(pem, encoding="utf-8")
    assert host.leftovers() == []
    assert host.ca() == Certificate.of(pem).key_hash


@pytest.mark.parametrize(
    "file", ["kubernetes/admin.conf", "kubernetes/bootstrap-kubelet.conf", "kubelet/config.yaml", "etcd/member"]
)
def test_whatever_kubeadm_writes_is_a_leftover(host: Host, file: str) -> None:
    """Any of it makes the next init or join fail."""
    (host.kubernetes.parent / file).write_text("", encoding="utf-8")
    assert host.leftovers() != []


def test_the_last_step_of_init_is_seen_in_the_kubelets_configuration(host: Host) -> None:
    """Before, it holds a certificate itself; after, the file that rotates."""
    path = host.kubernetes / "kubelet.conf"
    path.write_text("client-certificate-data: AAAA\n", encoding="utf-8")
    assert not host.finished()
    path.write_text("client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem\n", encoding="utf-8")
    assert host.finished()


def test_the_last_steps_of_a_join_are_seen_on_the_host(host: Host) -> None:
    """From Kubernetes 1.34 on a node does not name its runtime; the host does, without the join's credentials."""
    bootstrap = host.kubernetes / "bootstrap-kubelet.conf"
    bootstrap.write_text("", encoding="utf-8")
    assert not host.joined()
    (host.kubelet / "instance-config.yaml").write_text(
        'containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock"\n', encoding="utf-8"
    )
    assert not host.joined()
    bootstrap.unlink()
    assert host.joined()


def test_the_ca_that_the_kubelet_trusts_is_in_its_configuration(host: Host, pem: str) -> None:
    """That one tells which cluster the host belongs to."""
    data = base64.b64encode(pem.encode()).decode()
    path = host.kubernetes / "kubelet.conf"
    path.write_text(f"    certificate-authority-data: {data}\n", encoding="utf-8")
    assert host.kubelet_ca() == Certificate.of(pem).key_hash


def test_a_file_that_cannot_be_read_is_named(host: Host) -> None:
    """A disk that was full leaves empty files."""
    (host.kubernetes / "pki/ca.crt").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"pki/ca\.crt: expected a certificate in PEM"):
        host.ca()


def test_trouble_names_what_is_missing_and_what_has_ended(host: Host, pem: str) -> None:
    """The operator need not look for the commonest reasons."""
    (host.kubernetes / "pki/apiserver.crt").write_text(pem, encoding="utf-8")
    (host.kubernetes / "manifests/etcd.yaml").write_text("", encoding="utf-8")
    told = " ".join(host.trouble(datetime.now(tz=UTC) + timedelta(days=31)))
    assert "no manifest of kube-apiserver" in told
    assert "no manifest of etcd" not in told
    assert "no data of etcd" in told
    assert "apiserver.crt ended on" in told
    assert "ended" not in " ".join(host.trouble(datetime.now(tz=UTC)))
