"""Credentials go by TLS to the server that they are for, or the operator has said otherwise by name."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from detnet.config.load import Loaded, load
from detnet.config.sections import HttpClientSettings
from detnet.kubernetes.caps.byte_counters import ByteCounters
from detnet.model.errors import ConfigError
from detnet.runtime.build import build_source
from detnet.runtime.build_kubernetes import _counters
from sources.servers import FaultyServer, answer, hang
from support import wait_for

PLAIN, SAFE = "http://prometheus.example:9090", "https://prometheus.example:9090"
TOKEN = {"bearer_token_file": "/run/token"}
BASIC = {"basic_auth": {"username": "eva", "password_file": "/run/password"}}
DETNET = (sys.executable, "-c", "from detnet.cli import main; main()")


def _loaded(tmp_path: Path, **document: Any) -> Loaded:
    path = tmp_path / "detnet.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load(path, {})


def _prometheus(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "prometheus", "prometheus": {"url": url, **more}}


def _counting(url: str | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": "kubernetes", "kubernetes": {"counters": {**({"url": url} if url else {}), **more}}}


REFUSED = [
    ({"source": _prometheus(PLAIN, **TOKEN)}, "source.prometheus"),
    ({"source": _prometheus("HTTP://Prometheus.example", **BASIC)}, "source.prometheus"),
    ({"source": _prometheus(PLAIN, headers={"X-Api-Key": {"file": "/run/key"}})}, "source.prometheus"),
    ({"source": _prometheus("http://127.0.0.1.example:9090", **TOKEN)}, "source.prometheus"),
    ({"source": {"probe": {"url": "http://probe.example:9862", **TOKEN}}}, "source.probe"),
    ({"source": {"prometheus": TOKEN}, "actuator": _counting()}, "actuator.kubernetes.counters"),
    ({"actuator": _counting("http://other.example", **TOKEN)}, "actuator.kubernetes.counters"),
]


@pytest.mark.parametrize(("document", "key"), REFUSED)
def test_credentials_without_tls_are_refused_unless_asked_for(
    tmp_path: Path, document: dict[str, Any], key: str
) -> None:
    """The message has the section and the setting that allows it; then a warning says so, once."""
    with pytest.raises(ConfigError) as caught:
        _loaded(tmp_path, **document)
    assert f"{key} would send its credentials to " in str(caught.value)
    assert "set credentials_in_plain_http" in str(caught.value)
    allowed = _loaded(tmp_path, credentials_in_plain_http=True, **document)
    assert [warning for warning in allowed.warnings if warning.startswith(f"{key}: its credentials go to")]


@pytest.mark.parametrize(
    "document",
    [
        {"source": _prometheus(SAFE, **TOKEN)},
        {"source": _prometheus("http://127.0.0.1:9090", **TOKEN)},
        {"source": _prometheus("http://[::1]:9090", **BASIC)},
        {"source": _prometheus("http://localhost", **TOKEN)},
        {"source": _prometheus(PLAIN, headers={"X-Scope-OrgID": "plant-a"})},
        {"source": {"kind": "probe", "prometheus": {"url": PLAIN, **TOKEN}}},
    ],
)
def test_what_nobody_on_the_way_can_read_passes_in_silence(tmp_path: Path, document: dict[str, Any]) -> None:
    """By TLS, on this machine, a tenant's name, or a server that is not asked."""
    assert _loaded(tmp_path, **document).warnings == ()


def _who(tmp_path: Path, url: str | None, **own: Any) -> tuple[HttpClientSettings, Loaded]:
    loaded = _loaded(tmp_path, source=_prometheus(SAFE, **TOKEN), actuator=_counting(url, **own))
    return loaded.settings.servers[-1].client, loaded


@pytest.mark.parametrize("url", [None, SAFE, "https://PROMETHEUS.example:9090/select/0"])
def test_the_counters_of_the_same_origin_share_the_credentials(tmp_path: Path, url: str | None) -> None:
    """Scheme, host and port."""
    client, loaded = _who(tmp_path, url)
    assert client is loaded.settings.source.prometheus
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    "url", ["https://other.example:9090", "https://prometheus.example", "https://prometheus.example.:9090"]
)
def test_the_counters_of_another_origin_get_none(tmp_path: Path, url: str) -> None:
    """Whoever may write that one URL would otherwise be sent the token; a warning says that it is not sent."""
    client, loaded = _who(tmp_path, url)
    assert not client.credentials.secret
    (warning,) = loaded.warnings
    assert "gets none of its credentials" in warning
    client, loaded = _who(tmp_path, url, bearer_token_file="/run/own")  # noqa: S106 - a path
    assert (client.bearer_token_file, loaded.warnings) == (Path("/run/own"), ())


def test_without_tls_the_same_host_is_another_origin(tmp_path: Path) -> None:
    """A downgrade of the one URL sends nothing."""
    client, _ = _who(tmp_path, "http://prometheus.example:9090")
    assert not client.credentials.secret


@pytest.mark.parametrize(
    ("client", "sentence"),
    [
        ({"tls": {"cert_file": "/a"}}, "both a certificate file and a key file"),
        ({**TOKEN, **BASIC}, "not both"),
        ({"headers": {"Authorization": "Bearer x"}}, "the header 'Authorization' cannot be set here"),
        ({"headers": {"X-A": "b\nX-C: d"}}, "one non-empty line of printable ASCII"),
        ({"headers": {"X A": "b"}}, "the header 'X A' cannot be set"),
        ({"timeout": "0s"}, "timeout"),
        ({"timeout": "2min"}, "timeout"),
        ({"url": "http://eva:secret@p"}, "put them into files"),
        ({"ca_file": "/ca"}, "there is no such setting"),
    ],
)
@pytest.mark.parametrize("section", ["probe", "prometheus", "counters"])
def test_a_section_that_could_not_be_used_is_refused_where_it_stands(
    tmp_path: Path, section: str, client: dict[str, Any], sentence: str
) -> None:
    """With the path of the section, and no secret."""
    document: dict[str, Any] = {"source": {section: client}}
    if section == "counters":
        document = {"actuator": {"kubernetes": {"counters": client}}}
    with pytest.raises(ConfigError) as caught:
        _loaded(tmp_path, **document)
    assert sentence in str(caught.value)
    assert f"{section}" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a token."""
    path = tmp_path / "token"
    path.write_text("s3cr3t\n")
    return path


@pytest.mark.parametrize("section", ["source.probe", "source.prometheus", "actuator.kubernetes.counters"])
def test_each_server_is_told_who_asks_and_waited_for_as_configured(tmp_path: Path, secret: Path, section: str) -> None:
    """Token, tenant and timeout reach the wire; the message of a late answer names the setting."""
    server = FaultyServer()
    server.behave = answer(b"{}")
    client = {
        "url": server.url,
        "bearer_token_file": str(secret),
        "headers": {"X-Scope-OrgID": "plant-a", "X-Api-Key": {"file": str(secret)}},
        "timeout": "700ms",
    }
    actuator = {"kind": "kubernetes", "kubernetes": {"counters": client if "counters" in section else None}}
    kind = "prometheus" if "prometheus" in section else "probe"
    source = {"kind": kind} if "counters" in section else {"kind": kind, kind: client}
    settings = _loaded(tmp_path, source=source, actuator=actuator).settings

    def ask() -> str:
        if "counters" in section:
            counters = _counters(settings)
            assert isinstance(counters, ByteCounters)
            counters.ask()
            counters.stop()
            return counters.trouble or ""
        asked = build_source(settings.source, settings.effective_objectives)
        asked.start()
        wait_for(lambda: asked.latest().polled_at_s is not None, what="a poll")
        asked.stop()
        return asked.latest().error or ""

    try:
        ask()
        head = server.requests[0]
        for line in ("Authorization: Bearer s3cr3t", "X-Scope-OrgID: plant-a", "X-Api-Key: s3cr3t"):
            assert f"\r\n{line}\r\n" in head
        server.behave = hang(server)
        assert f"did not answer within 0.7 s: look at its load, or raise {section}.timeout" in ask()
    finally:
        server.close()


def test_a_start_says_once_that_credentials_go_in_plain(tmp_path: Path) -> None:
    """The service itself, as a process: refused with exit code 78, or told in its log."""
    path = tmp_path / "detnet.yaml"
    document = {"source": _prometheus("http://prometheus.invalid:9090", **TOKEN), "http": {"listen": None}}

    def run(document: dict[str, Any]) -> subprocess.Popen[str]:
        path.write_text(json.dumps(document), encoding="utf-8")
        command = [*DETNET, "run", "--config", str(path)]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ})

    refused = run(document)
    assert "set credentials_in_plain_http" in refused.communicate(timeout=30)[1]
    assert refused.returncode == 78
    with run({**document, "credentials_in_plain_http": True}) as allowed:
        assert allowed.stderr is not None
        first = allowed.stderr.readline()
        wait_for(lambda: allowed.poll() is None, what="it runs")
        allowed.send_signal(signal.SIGTERM)
        rest = allowed.communicate(timeout=30)[1]
    assert json.loads(first)["level"] == logging.getLevelName(logging.WARNING).lower()
    assert (first + rest).count("its credentials go to") == 1
