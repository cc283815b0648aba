"""What servers that speak Prometheus' API answer, replayed over HTTP: each reply of ``replies/`` has its verdict."""

from __future__ import annotations

import gzip
import socket
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from detnet.kubernetes.caps.byte_counters import ByteCounters, CountersConfig
from detnet.model.signals import Interval, Signal
from detnet.sources.fetch import Limits
from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig
from detnet.sources.promql import OwnQueries, OwnQuery, ProbeHistogram, Template
from detnet.sources.source import Reading
from sources.servers import Behaviour, FaultyServer, answer_json

_FOLDER = Path(__file__).parent / "replies"
_REPLIES: list[dict[str, Any]] = yaml.safe_load((_FOLDER / "index.yml").read_text(encoding="utf-8"))
_ACROSS = Limits(total_s=10.0, read_s=10.0)  # a reply of 17 MB on a busy machine
_CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": lambda plain: b"\x28\xb5\x2f\xfd" + plain}


def _asked(*kinds: str) -> list[Any]:
    return [pytest.param(reply, id=reply["name"]) for reply in _REPLIES if reply["asked"] in kinds]


def _replay(reply: dict[str, Any]) -> Behaviour:
    """Answer with the file: its head as it is, and the length that its body has on the wire."""
    head, _blank, body = (_FOLDER / f"{reply['name']}.http").read_text(encoding="utf-8").partition("\n\n")
    content = body.rstrip("\n").encode() + b" " * reply.get("padding", 0)
    for coding, encoded in _CODINGS.items():
        if f"Content-Encoding: {coding}" in head:
            content = encoded(content)
    if "Transfer-Encoding: chunked" in head:
        pieces = (content[at : at + 100] for at in range(0, len(content), 100))
        content = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    elif " 204 " not in head:
        head += f"\nContent-Length: {len(content)}"

    def behave(connection: socket.socket, request: str) -> None:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + content)

    return behave


def _read(server: FaultyServer, template: Template) -> Reading:
    config = PrometheusSourceConfig(server.url, {"robot": template}, limits=_ACROSS)
    source = PrometheusSource(config)
    reading = source.poll_once()
    source.close()
    return reading


def _count(server: FaultyServer) -> ByteCounters:
    counters = ByteCounters(CountersConfig(server.url, "pods", "nodes"))
    counters.ask()
    counters.stop()
    return counters


def _judge_error(reading: Reading, verdict: dict[str, Any]) -> None:
    """Evidence that is not there cannot raise a cap: the workload is blind."""
    assert not reading.evidence
    assert reading.counts == {verdict["error"]: 1}, reading.error
    assert verdict["says"] in (reading.error or "")
    assert "\n" not in (reading.error or "")


@pytest.mark.parametrize("reply", _asked("histogram", "any"))
def test_the_source_reads_each_reply_as_it_is_meant(server: FaultyServer, reply: dict[str, Any]) -> None:
    """A signal with the right values, or none and a sentence."""
    server.behave = _replay(reply)
    reading, verdict = _read(server, ProbeHistogram("robot")), reply["verdict"]
    if "error" in verdict:
        _judge_error(reading, verdict)
        return
    assert reading.error is None
    signal, wanted = reading.evidence["robot"], verdict["signal"]
    assert isinstance(signal, Signal)
    assert (signal.sent, signal.loss_ratio) == (wanted["sent"], wanted["loss_ratio"])
    for figure, edges in ((signal.latency_ms, wanted["latency_ms"]), (signal.jitter_ms, wanted["jitter_ms"])):
        assert figure is not None
        assert (figure.low, figure.high) == pytest.approx(edges)


@pytest.mark.parametrize("reply", _asked("counters", "any"))
def test_the_byte_counters_read_each_reply_as_it_is_meant(server: FaultyServer, reply: dict[str, Any]) -> None:
    """The bytes of each pod and node, or no newer ones and a sentence."""
    server.behave = _replay(reply)
    counters, verdict = _count(server), reply["verdict"]
    if "error" in verdict:
        assert counters.latest() is None
        assert verdict["says"] in (counters.trouble or "")
        return
    assert counters.trouble is None
    newest = counters.latest()
    assert newest is not None
    assert {"pods": dict(newest.pod_bytes), "nodes": dict(newest.node_bytes)} == verdict["counters"]


@pytest.mark.parametrize("reply", _asked("expression", "any"))
def test_a_number_is_read_as_it_is_meant(server: FaultyServer, reply: dict[str, Any]) -> None:
    """The user's own PromQL, whose series is measured well; the reply is that to the expression."""
    parts = {"age": "0.5", "recent": "3", "scrapes": "10"}
    rows = [{"metric": {"detnet_part": name}, "value": [1.8e9, value]} for name, value in parts.items()]
    measured = answer_json({"status": "success", "data": {"resultType": "vector", "result": rows}})
    replayed = _replay(reply)

    def behave(connection: socket.socket, request: str) -> None:
        (measured if "detnet_part" in request else replayed)(connection, request)

    server.behave = behave
    template = OwnQueries(measured_by="ping_total", latency=OwnQuery("ping_seconds", "s"))
    reading, verdict = _read(server, template), reply["verdict"]
    if "error" in verdict:
        _judge_error(reading, verdict)
        return
    signal = reading.evidence["robot"]
    assert isinstance(signal, Signal)
    assert signal.latency_ms is not None
    assert signal.latency_ms == Interval.exactly(signal.latency_ms.low)
    assert signal.latency_ms.low == pytest.approx(verdict["latency_ms"])


def test_the_index_and_the_files_are_one_list() -> None:
    """A reply without a verdict is replayed by nobody."""
    assert sorted(reply["name"] for reply in _REPLIES) == sorted(path.stem for path in _FOLDER.glob("*.http"))
    assert all(reply["server"] and reply["shape"].startswith("https://") for reply in _REPLIES)
