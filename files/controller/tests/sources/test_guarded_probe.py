"""The controller's source asks a real prober that wants TLS and a token."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from detnet.sources.credentials import Credentials
from detnet.sources.errors import ErrorKind
from detnet.sources.probe import ProbeSource, ProbeSourceConfig
from detnet.sources.source import Reading, SampleWindow
from kubernetes_client.certificates import self_signed
from probe.running import DETNET, Running, probing, reflecting
from support import wait_for


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate with its key."""
    return self_signed(tmp_path / "server.pem")


@pytest.fixture
def prober(secret: Path, pem: Path) -> Iterator[Running]:
    """A real prober that is guarded."""
    options = (f"--tls-cert-file={pem}", f"--tls-key-file={pem}", f"--bearer-token-file={secret}")
    with (
        reflecting("--udp=127.0.0.1:0") as reflector,
        probing(f"a=udp://{reflector.endpoints[0]}?rate_hz=50", options=options) as running,
    ):
        yield running


def _poll(prober: Running, credentials: Credentials, scheme: str = "https") -> Reading:
    url = f"{scheme}://{prober.endpoints[-1]}"
    source = ProbeSource(ProbeSourceConfig(url, {"robot": "a"}, credentials=credentials))
    reading = source.poll_once()
    source.close()
    return reading


def _samples(reading: Reading) -> int:
    window = reading.evidence.get("robot")
    return len(window.samples) if isinstance(window, SampleWindow) else 0


def _status(prober: Running, route: str) -> int:
    try:
        prober.get(route)
    except HTTPError as error:
        error.close()
        return error.code
    return 200


def test_the_source_reads_a_guarded_probe(prober: Running, secret: Path, pem: Path, tmp_path: Path) -> None:
    """With token and CA there are samples; without either there is an error with its name."""
    known = Credentials(bearer_token_file=secret, ca_file=pem)
    wait_for(lambda: _samples(_poll(prober, known)) > 0, what="samples")
    assert _poll(prober, known).error is None
    wrong = tmp_path / "wrong"
    wrong.write_text("other")
    for credentials in (Credentials(ca_file=pem), Credentials(bearer_token_file=wrong, ca_file=pem)):
        refused = _poll(prober, credentials)
        assert refused.counts == {ErrorKind.HTTP_CLIENT_ERROR: 1}
        assert "answered HTTP 401 (show the bearer token of this server)" in (refused.error or "")
    assert _poll(prober, Credentials(bearer_token_file=secret)).counts == {ErrorKind.TLS: 1}
    assert _poll(prober, known, scheme="http").counts == {ErrorKind.BROKEN: 1}


def test_a_token_alone_guards_the_loopback(secret: Path) -> None:
    """Health is open, samples and metrics are not."""
    with (
        reflecting("--udp=127.0.0.1:0") as reflector,
        probing(f"a=udp://{reflector.endpoints[0]}", options=(f"--bearer-token-file={secret}",)) as prober,
    ):
        assert _poll(prober, Credentials(), scheme="http").counts == {ErrorKind.HTTP_CLIENT_ERROR: 1}
        known = Credentials(bearer_token_file=secret)
        wait_for(lambda: _samples(_poll(prober, known, "http")) > 0, what="samples")
        wait_for(lambda: _status(prober, "/healthz") == 200, what="health without a token")
        assert (_status(prober, "/samples"), _status(prober, "/metrics")) == (401, 401)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--metrics=127.0.0.1:0", "--tls-cert-file=/a"], "needs both --tls-cert-file and --tls-key-file"),
        (["--bearer-token-file=/a"], "guard what --metrics serves"),
        (["--metrics=127.0.0.1:0", "--bearer-token-file=/none"], "cannot read the secret in /none"),
        (["--metrics=127.0.0.1:0", "--tls-cert-file=/none", "--tls-key-file=/none"], "cannot serve TLS with /none"),
    ],
)
def test_half_a_guard_is_refused(options: list[str], sentence: str) -> None:
    """The prober does not run unguarded by mistake."""
    command = [*DETNET, "probe", "--path=a=udp://127.0.0.1:1", "--duration-s=5", *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode != 0
    assert sentence in ended.stderr
