"""TLS and a bearer token before what a program shows, over real connections."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import detnet.telemetry.http
from detnet.model.errors import ConfigError, UserError
from detnet.telemetry.health import Answer
from detnet.telemetry.http import Certificate, Endpoint, application, check_route, protected
from kubernetes_client.certificates import self_signed
from support import wait_for


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A file with a token."""
    path = tmp_path / "token"
    path.write_text("s3cr3t-one\n")
    return path


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate with its key."""
    return self_signed(tmp_path / "server.pem")


@pytest.fixture
def endpoint(token: Path, pem: Path) -> Iterator[Endpoint]:
    """A server with one route behind the token and one that is open, by TLS."""
    fine = check_route(lambda: Answer(ok=True, sentence="fine"))
    app = application(CollectorRegistry(), {"/healthz": fine, "/samples": fine})
    guarded = protected(app, token, open_paths={"/healthz"})
    served = Endpoint(guarded, address="127.0.0.1", port=0, certificate=Certificate(pem, pem))
    yield served
    served.close()


def ask(endpoint: Endpoint, path: str, ca: Path, authorization: str | None = None) -> http.client.HTTPResponse:
    """Return the answer, whole."""
    context = ssl.create_default_context(cafile=str(ca))
    connection = http.client.HTTPSConnection("127.0.0.1", endpoint.port, timeout=5.0, context=context)
    try:
        connection.request("GET", path, headers={"Authorization": authorization} if authorization else {})
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/samples", "/metrics", "/unknown", "/healthz/", "/healthz/../samples"])
@pytest.mark.parametrize(
    "shown",
    [None, "Bearer", "Bearer s3cr3t-on", "Bearer s3cr3t-one2", "Basic s3cr3t-one", "s3cr3t-one", "Bearer \u00ff"],
)
def test_without_the_token_nothing_is_shown(endpoint: Endpoint, pem: Path, path: str, shown: str | None) -> None:
    """401 with the scheme to use (RFC 9110), whatever the path is."""
    response = ask(endpoint, path, pem, shown)
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="detnet"')


def test_the_token_opens_and_health_is_open(endpoint: Endpoint, pem: Path, token: Path) -> None:
    """A kubelet has no token; a rotated one counts from the next request on."""
    assert ask(endpoint, "/healthz", pem).status == 200
    assert ask(endpoint, "/samples", pem, "bearer s3cr3t-one").status == 200
    assert ask(endpoint, "/metrics", pem, "Bearer s3cr3t-one").status == 200
    token.write_text("s3cr3t-two")
    assert ask(endpoint, "/samples", pem, "Bearer s3cr3t-one").status == 401
    assert ask(endpoint, "/samples", pem, "Bearer s3cr3t-two").status == 200


def test_while_the_token_cannot_be_read_nobody_is_let_in(
    endpoint: Endpoint, pem: Path, token: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty file is no token that an empty header has."""
    for content in ("", None):
        if content is None:
            token.unlink()
        else:
            token.write_text(content)
        for shown in ("Bearer ", "Bearer s3cr3t-one", None):
            response = ask(endpoint, "/samples", pem, shown)
            assert (response.status, response.headers["WWW-Authenticate"]) == (503, None)
    assert ask(endpoint, "/healthz", pem).status == 200
    assert str(token) in caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_renewed_certificate_is_served_without_a_restart(
    endpoint: Endpoint, pem: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a renewal leaves the one before in force and is told once; the whole one is used at the next connection."""
    before = tmp_path / "before.pem"
    before.write_bytes(pem.read_bytes())
    pem.write_text("half")
    with caplog.at_level(logging.INFO):
        assert [ask(endpoint, "/healthz", before).status for _ in range(3)] == [200] * 3
        assert caplog.text.count("the certificate before stays in use") == 1
        self_signed(tmp_path / "renewed.pem").replace(pem)
        assert ask(endpoint, "/healthz", pem).status == 200
        assert caplog.text.count("was read again") == 1
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(endpoint, "/healthz", before)


def test_plain_http_gets_nothing(endpoint: Endpoint) -> None:
    """Not even a redirect."""
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        try:
            answered = client.recv(1000)
        except ConnectionResetError:
            answered = b""
    assert b"HTTP" not in answered


def test_who_never_shakes_hands_is_hung_up_on_and_holds_nobody_up(
    endpoint: Endpoint, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither silence nor single bytes: others are answered meanwhile, and the thread ends."""
    monkeypatch.setattr(detnet.telemetry.http, "REQUEST_TIMEOUT_S", 0.5)
    before = threading.active_count()
    with (
        socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) as silent,
        socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) as slow,
    ):
        slow.sendall(b"\x16\x03\x01")
        began_s = time.monotonic()
        assert ask(endpoint, "/healthz", pem).status == 200
        assert silent.recv(1) == b""
        assert time.monotonic() - began_s < 4.0
        wait_for(lambda: threading.active_count() <= before, what="the threads ended")


def test_what_cannot_guard_is_refused_at_the_start(tmp_path: Path, pem: Path) -> None:
    """In one sentence with the file."""
    with pytest.raises(ConfigError, match="cannot read the secret"):
        protected(lambda *_: [], tmp_path / "none", open_paths=())
    with pytest.raises(UserError, match=r"cannot serve TLS .*: No such file"):
        Certificate(tmp_path / "none", pem)
    (tmp_path / "bad").write_text("bad")
    with pytest.raises(UserError, match="not a certificate and its unencrypted key"):
        Certificate(pem, tmp_path / "bad")
