"""Secrets are read at each use, sent where they belong, and never shown."""

from __future__ import annotations

import base64
import logging
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detnet.model.errors import ConfigError
from detnet.sources.credentials import Credentials
from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.fetch import Fetcher, Limits, base_url
from sources.servers import FaultyServer, answer


def _get(url: str, credentials: Credentials) -> int:
    fetcher = Fetcher("the server", url, credentials, Limits())
    try:
        return fetcher.get("/", {}, deadline_s=time.monotonic() + 2.0)[0]
    finally:
        fetcher.close()


def test_a_rotated_token_is_used_at_the_next_question(server: FaultyServer, secret: Path) -> None:
    """The file is read each time, so a new token needs no restart."""
    fetcher = Fetcher("the server", server.url, Credentials(bearer_token_file=secret), Limits())
    fetcher.get("/", {}, deadline_s=time.monotonic() + 1.0)
    secret.write_text("s3cr3t-two")
    fetcher.get("/", {}, deadline_s=time.monotonic() + 1.0)
    fetcher.close()
    sent = [line for head in server.requests for line in head.splitlines() if line.startswith("Authorization")]
    assert sent == ["Authorization: Bearer s3cr3t-one", "Authorization: Bearer s3cr3t-two"]


def test_basic_authentication_sends_user_and_password(server: FaultyServer, secret: Path) -> None:
    """The pair is encoded as RFC 7617 says."""
    _get(server.url, Credentials(username="eva", password_file=secret))
    assert f"Authorization: Basic {base64.b64encode(b'eva:s3cr3t-one').decode()}" in server.requests[0]


@pytest.mark.parametrize("content", ["", "two\nlines-s3cr3t", "s3cr3t-\u00e9", "s3cr3t\x7f"])
def test_a_token_that_no_header_may_hold_is_not_quoted(
    server: FaultyServer, secret: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The sentence names the file; neither it nor the log nor a cause holds what is in the file."""
    secret.write_text(content)
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError, match=str(secret)) as caught:
        _get(server.url, Credentials(bearer_token_file=secret))
    assert caught.value.kind is ErrorKind.SECRET
    assert not server.requests
    assert "s3cr3t" not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"


def test_a_missing_secret_is_told(server: FaultyServer, tmp_path: Path) -> None:
    """No request is sent without the secret it should carry."""
    with pytest.raises(SourceError, match="No such file") as caught:
        _get(server.url, Credentials(bearer_token_file=tmp_path / "none"))
    assert caught.value.kind is ErrorKind.SECRET
    assert not server.requests


def test_half_a_pair_and_two_ways_are_refused(secret: Path) -> None:
    """What could not be sent is found before the first poll."""
    with pytest.raises(ConfigError, match="both a user name and a password file"):
        Credentials(username="eva")
    with pytest.raises(ConfigError, match="not both"):
        Credentials(username="eva", password_file=secret, bearer_token_file=secret)
    with pytest.raises(ConfigError, match="colon"):
        Credentials(username="e:va", password_file=secret)


def test_a_password_in_the_address_is_refused_and_not_quoted() -> None:
    """An address is logged, so it must not carry a secret."""
    with pytest.raises(ConfigError, match="put them into files") as caught:
        base_url("http://eva:s3cr3t@prometheus:9090")
    assert "s3cr3t" not in str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[FaultyServer]:
    """A loopback HTTPS server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", str(certificate))
    server = FaultyServer(context)
    server.behave = answer(b"{}")
    yield server
    server.close()


@pytest.mark.needs("openssl")
def test_the_ca_file_decides_whom_we_trust(tls_server: FaultyServer, certificate: Path, secret: Path) -> None:
    """A certificate is accepted with its CA file, refused without, and no request leaves for a stranger."""
    assert _get(tls_server.url, Credentials(ca_file=Path(f"{certificate}.crt"))) == 200
    before = len(tls_server.requests)
    for credentials, kind in (
        (Credentials(), ErrorKind.TLS),
        (Credentials(ca_file=secret), ErrorKind.SECRET),
        (Credentials(ca_file=secret.parent / "none"), ErrorKind.SECRET),
    ):
        with pytest.raises(SourceError) as caught:
            _get(tls_server.url, credentials)
        assert caught.value.kind is kind
    assert len(tls_server.requests) == before
