"""Secrets are read at each use, sent where they belong, and never shown."""

from __future__ import annotations

import base64
import logging
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detnet.model.errors import ConfigError
from detnet.sources.credentials import Credentials
from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.fetch import Fetcher, Limits, base_url, is_plain, origin
from sources.servers import FaultyServer, answer, hang


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


def test_a_header_is_sent_as_it_is_or_from_its_file(server: FaultyServer, secret: Path) -> None:
    """A tenant's name stands in the configuration, a key in a file that is read at each use."""
    fetcher = Fetcher(
        "the server", server.url, Credentials(headers={"X-Scope-OrgID": "plant-a", "X-Api-Key": secret}), Limits()
    )
    for content in ("one", "two"):
        secret.write_text(content)
        fetcher.get("/", {}, deadline_s=time.monotonic() + 1.0)
        assert "\r\nX-Scope-OrgID: plant-a\r\n" in server.requests[-1]
        assert f"\r\nX-Api-Key: {content}\r\n" in server.requests[-1]
    fetcher.close()


@pytest.mark.parametrize("name", ["Authorization", "host", "Content-Length", "X Y", "X:", "", "Cookie"])
def test_a_header_that_is_not_the_users_is_refused(name: str) -> None:
    """It would forge a request, or go round the settings for secrets."""
    with pytest.raises(ConfigError, match="cannot be set here"):
        Credentials(headers={name: "a"})
    with pytest.raises(ConfigError, match="one non-empty line"):
        Credentials(headers={"X-A": "a\r\nX-B: b"})


def test_a_redirect_carries_nothing_anywhere(server: FaultyServer, secret: Path) -> None:
    """It is not followed, so the other server is not even asked."""
    other = FaultyServer()
    for status in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
        server.behave = answer(b"", status=status, headers=f"Location: {other.url}/samples\r\n")
        assert _get(server.url, Credentials(bearer_token_file=secret)) == int(status[:3])
    other.close()
    assert other.requests == []


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "give it a valid token"),
        (403, "give it a valid token"),
        (404, "correct its address"),
        (502, "look into its own log"),
        (302, "give the address that answers with 200"),
    ],
)
def test_a_refused_request_shows_the_servers_own_words(server: FaultyServer, status: int, advice: str) -> None:
    """As one line of at most 200 characters, without the markup of an error page."""
    fetcher = Fetcher("the server", server.url, Credentials(), Limits())
    page = b"<html><head><title>No\r\n\x1b[2J tenant</title></head>\xff" + b"x" * 100_000
    error = fetcher.refused(status, page)
    fetcher.close()
    assert str(error).startswith(f"the server at {server.url} answered HTTP {status} (No \\x1b[2J tenant \ufffdxxx")
    assert advice in str(error)
    assert len(str(error)) < 350
    assert str(fetcher.refused(status, b"")).startswith(f"the server at {server.url} answered HTTP {status}: ")


def test_a_server_that_repeats_a_secret_is_not_quoted_with_it(server: FaultyServer, secret: Path) -> None:
    """Its words go to logs, audit and Events."""
    pair = base64.b64encode(b"eva:s3cr3t-one").decode()
    for credentials in (
        Credentials(bearer_token_file=secret, headers={"X-Key": secret}),
        Credentials(username="eva", password_file=secret),
    ):
        fetcher = Fetcher("the server", server.url, credentials, Limits())
        fetcher.get("/", {}, deadline_s=time.monotonic() + 1.0)
        said = str(fetcher.refused(401, f"no Bearer s3cr3t-one, no {pair}, eva".encode()))
        fetcher.close()
        assert "s3cr3t" not in said
        assert "***" in said
    assert pair not in said


def test_the_message_of_a_late_answer_names_the_limits_and_the_setting(server: FaultyServer) -> None:
    """Where there is a setting."""
    server.behave = hang(server)
    for limits, sentence in (
        (Limits(total_s=0.3), r"within 0\.3 s \(0\.2 s to connect, 0\.4 s of silence\): look at its load$"),
        (Limits().within(0.3, "source.x.timeout"), r"within 0\.3 s: look at its load, or raise source\.x\.timeout$"),
    ):
        fetcher = Fetcher("the server", server.url, Credentials(), limits)
        began_s = time.monotonic()
        with pytest.raises(SourceError, match=sentence):
            fetcher.get("/", {}, deadline_s=began_s + limits.total_s)
        assert time.monotonic() - began_s < 1.0
        fetcher.close()


def test_a_timeout_that_was_raised_lets_a_slow_server_answer(server: FaultyServer) -> None:
    """Silence within it is no fault: by default 0.4 s of it would be."""

    def slow(connection: socket.socket, head: str) -> None:
        time.sleep(0.6)
        answer(b"{}")(connection, head)

    server.behave = slow
    fetcher = Fetcher("the server", server.url, Credentials(), Limits().within(5.0, "source.x.timeout"))
    assert fetcher.get("/", {}, deadline_s=time.monotonic() + 5.0) == (200, b"{}")
    fetcher.close()


def test_half_a_pair_and_two_ways_are_refused(secret: Path) -> None:
    """What could not be sent is found before the first poll."""
    with pytest.raises(ConfigError, match="both a user name and a password file"):
        Credentials(username="eva")
    with pytest.raises(ConfigError, match="not both"):
        Credentials(username="eva", password_file=secret, bearer_token_file=secret)
    with pytest.raises(ConfigError, match="both a certificate file and a key file"):
        Credentials(key_file=secret)
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
    alternatives = "subjectAltName=IP:127.0.0.1,DNS:prometheus.example"
    names = ["-subj", "/CN=test", "-addext", alternatives, "-keyout", str(path), "-out", f"{path}.crt"]
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


@pytest.fixture
def mutual_server(certificate: Path) -> Iterator[FaultyServer]:
    """A server that wants a certificate of its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", str(certificate))
    context.load_verify_locations(f"{certificate}.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    server = FaultyServer(context)
    yield server
    server.close()


@pytest.mark.needs("openssl")
def test_a_client_certificate_is_shown_where_it_is_asked_for(mutual_server: FaultyServer, certificate: Path) -> None:
    """With it there is an answer; without it, or with a key that is none, there is not."""
    ca = Path(f"{certificate}.crt")
    assert _get(mutual_server.url, Credentials(ca_file=ca, cert_file=ca, key_file=certificate)) == 200
    with pytest.raises(SourceError):
        _get(mutual_server.url, Credentials(ca_file=ca))
    with pytest.raises(SourceError, match="not a certificate and its unencrypted key") as caught:
        _get(mutual_server.url, Credentials(ca_file=ca, cert_file=ca, key_file=ca))
    assert caught.value.kind is ErrorKind.SECRET
    assert len(mutual_server.requests) == 1


@pytest.mark.needs("openssl")
def test_an_encrypted_key_is_an_error_and_no_question_at_the_terminal(
    mutual_server: FaultyServer, certificate: Path, tmp_path: Path
) -> None:
    """OpenSSL would ask for the password, and the controller would wait for ever."""
    encrypted = tmp_path / "encrypted.pem"
    command = ["openssl", "pkey", "-in", str(certificate), "-aes256", "-passout", "pass:s3cr3t", "-out", str(encrypted)]
    subprocess.run(command, check=True, capture_output=True)
    ca = Path(f"{certificate}.crt")
    with pytest.raises(SourceError, match="unencrypted key"):
        _get(mutual_server.url, Credentials(ca_file=ca, cert_file=ca, key_file=encrypted))


@pytest.mark.needs("openssl")
def test_the_certificate_is_held_to_the_name_that_was_given(tls_server: FaultyServer, certificate: Path) -> None:
    """Behind an address that the certificate does not name."""
    ca = Path(f"{certificate}.crt")
    by_name = tls_server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(SourceError) as caught:
        _get(by_name, Credentials(ca_file=ca))
    assert caught.value.kind is ErrorKind.TLS
    assert _get(by_name, Credentials(ca_file=ca, server_name="prometheus.example")) == 200
    with pytest.raises(SourceError) as caught:
        _get(tls_server.url, Credentials(ca_file=ca, server_name="other.example"))
    assert caught.value.kind is ErrorKind.TLS


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://prometheus:9090", True),
        ("http://192.0.2.1", True),
        ("http://127.0.0.1.example", True),
        ("http://localhost.example", True),
        ("http://127.9.9.9:1", False),
        ("http://[::1]:1", False),
        ("http://LocalHost:1", False),
        ("https://prometheus", False),
    ],
)
def test_what_can_be_read_on_the_way(url: str, plain: bool) -> None:  # noqa: FBT001
    """No TLS, and not this machine."""
    assert is_plain(url) is plain


def test_an_origin_is_scheme_host_and_port() -> None:
    """The port that is not written is the scheme's, a host has no case, and the path does not count."""
    assert origin("https://A.example/x") == origin("https://a.example:443") == ("https", "a.example", 443)
    assert len({origin(f"{one}://a:{port}") for one in ("http", "https") for port in (80, 443)}) == 4
