"""Byte counters come from a real Prometheus; what it cannot say is told once and stops nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from detnet.kubernetes.caps.byte_counters import ByteCounters, CountersConfig
from detnet.sources.promql import PART
from sources.prometheus_server import RunningPrometheus, running_prometheus
from sources.servers import FaultyServer, answer_json, hang
from support import wait_for

PODS = 'sum by (namespace, pod) (container_network_transmit_bytes_total{interface="eth0",pod!=""})'
NODES = 'sum by (node) (container_network_transmit_bytes_total{interface="eth0",id="/"})'


@dataclass
class Cadvisor:
    """What a kubelet shows: the counters of two pods' network namespaces and of the node's."""

    scrapes: int = 0

    def __call__(self) -> str:
        """Return the page after one more scrape."""
        self.scrapes += 1
        rows = {
            'interface="eth0",namespace="factory",pod="upload-1"': 1000 * self.scrapes,
            'interface="lo",namespace="factory",pod="upload-1"': 7,
            'interface="eth0",namespace="factory",pod="backup-1"': 50 * self.scrapes,
            'interface="eth0",id="/",node="node-1"': 3000 * self.scrapes,
        }
        return "".join(f"container_network_transmit_bytes_total{{{labels}}} {n}\n" for labels, n in rows.items())


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that answers what the test says."""
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[RunningPrometheus]:
    """A Prometheus that scrapes our stand-in for a kubelet."""
    with running_prometheus(tmp_path) as prometheus:
        prometheus.exporter.page = Cadvisor()
        yield prometheus


@pytest.mark.needs("prometheus")
def test_cadvisors_counters_are_known_by_pod_and_by_node(prometheus: RunningPrometheus) -> None:
    """In the background, and newer from time to time."""
    counters = ByteCounters(CountersConfig(prometheus.url, PODS, NODES, period_s=0.1))
    counters.start()
    wait_for(lambda: (c := counters.latest()) is not None and c.node_bytes.get("node-1"), what="a first reading")
    first = counters.latest()
    assert first is not None
    assert first.pod_bytes.keys() == {"factory/upload-1", "factory/backup-1"}
    assert first.pod_bytes["factory/upload-1"] == 20 * first.pod_bytes["factory/backup-1"]
    wait_for(lambda: counters.latest().node_bytes["node-1"] > first.node_bytes["node-1"], what="a newer one")  # type: ignore[union-attr]
    counters.stop()
    assert counters.trouble is None


def test_a_missing_label_is_told_with_what_there_is(server: FaultyServer) -> None:
    """The label of the node is the one that differs from one installation to the next."""
    rows = [{"metric": {PART: "pods", "instance": "node-1"}, "value": [1.0, "5"]}]
    server.behave = answer_json({"status": "success", "data": {"resultType": "vector", "result": rows}})
    counters = ByteCounters(CountersConfig(server.url, "up"))
    counters.ask()
    assert counters.trouble is not None
    assert "for pods lack the label 'namespace', they have instance" in counters.trouble
    assert counters.latest() is None
    counters.stop()


def test_an_outage_is_told_once_and_the_last_answer_stays(
    server: FaultyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Its age, not its absence, tells that nothing new is known."""
    labels = {PART: "pods", "namespace": "factory", "pod": "a"}
    devices = {"eth0": "5", "eth1": "2", "eth2": "NaN"}
    rows = [{"metric": {**labels, "interface": name}, "value": [1.0, value]} for name, value in devices.items()]
    good = answer_json({"status": "success", "data": {"resultType": "vector", "result": rows}})
    server.behave = good
    counters = ByteCounters(CountersConfig(server.url, "up"))
    with caplog.at_level(logging.INFO):
        counters.ask()
        server.behave = answer_json({"status": "error", "error": "overload"}, status="503 Service Unavailable")
        for _ in range(3):
            counters.ask()
        latest = counters.latest()
        assert latest is not None
        assert latest.pod_bytes == {"factory/a": 7.0}
        server.behave = good
        counters.ask()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert counters.trouble is None
    counters.stop()


def test_a_server_that_hangs_does_not_hold_up_the_end(server: FaultyServer) -> None:
    """Stopping waits for nobody."""
    server.behave = hang(server)
    counters = ByteCounters(CountersConfig(server.url, "up"))
    counters.start()
    wait_for(lambda: server.requests, what="the question has been asked")
    counters.stop()
    assert counters.latest() is None
