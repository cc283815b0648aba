"""Only the server that the kubeconfig vouches for is spoken to, and who is not it learns why."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detnet.kubernetes.client.api import Api, ApiUnreachable, ClusterAccess, connect
from kubernetes_client.api_server import kubeconfig
from kubernetes_client.certificates import self_signed
from sources.servers import FaultyServer, answer


@contextmanager
def _serving(certificate: Path) -> Iterator[FaultyServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = FaultyServer(context)
    server.behave = answer(b"{}")
    yield server
    server.close()


def _connect(folder: Path, url: str, ca: Path | None) -> Api:
    cluster = None if ca is None else {"certificate-authority": str(ca)}
    return connect(ClusterAccess(kubeconfig(folder / "kubeconfig", url, cluster=cluster)))


def _error(folder: Path, certificate: Path, ca: Path | None) -> str:
    with _serving(certificate) as server:
        with pytest.raises(ApiUnreachable) as caught:
            _connect(folder, server.url, ca).request("GET", "/x")
        assert server.requests == []  # nothing, and above all no token, went to a stranger
    return str(caught.value)


def test_the_right_certificate_is_accepted(tmp_path: Path) -> None:
    """The CA of the kubeconfig decides."""
    certificate = self_signed(tmp_path / "server.pem")
    with _serving(certificate) as server:
        assert _connect(tmp_path, server.url, certificate).request("GET", "/x") == {}


def test_an_expired_certificate_is_reported(tmp_path: Path) -> None:
    """A cluster whose certificates were not renewed after a year is a classic."""
    certificate = self_signed(tmp_path / "server.pem", days=-1)
    assert "a certificate that is not valid here: certificate has expired" in _error(tmp_path, certificate, certificate)


def test_a_certificate_for_another_address_is_reported(tmp_path: Path) -> None:
    """An address that was not among the names when the cluster was made."""
    certificate = self_signed(tmp_path / "server.pem", address="192.0.2.1")
    assert "IP address mismatch" in _error(tmp_path, certificate, certificate)


def test_a_stranger_is_not_trusted(tmp_path: Path) -> None:
    """Neither by another CA nor by those of the system."""
    certificate, other = self_signed(tmp_path / "server.pem"), self_signed(tmp_path / "other.pem")
    for ca in (other, None):
        assert "a certificate that is not valid here: self-signed certificate" in _error(tmp_path, certificate, ca)


def test_a_server_without_tls_is_reported(tmp_path: Path) -> None:
    """An https address of a port that speaks something else."""

    def greet() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 mail.example ESMTP\r\n")
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=greet, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ApiUnreachable, match="failed the TLS handshake"):
            _connect(tmp_path, url, None).request("GET", "/x")
