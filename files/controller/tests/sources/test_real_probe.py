"""The sources read what the real probe says, over both ways."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest

from detnet.model.signals import Signal
from detnet.sources.errors import ErrorKind
from detnet.sources.probe import ProbeSource, ProbeSourceConfig
from detnet.sources.promql import ProbeHistogram
from detnet.sources.source import Reading, SampleWindow
from probe.running import Running, probing, reflecting
from sources.prometheus_polls import source_of, until
from sources.prometheus_server import Exporter, RunningPrometheus
from sources.servers import Behaviour, FaultyServer, answer
from support import wait_for


@pytest.fixture
def reflector() -> Iterator[Running]:
    """A real reflector on loopback."""
    with reflecting("--udp=127.0.0.1:0") as running:
        yield running


def _samples(reading: Reading) -> int:
    window = reading.evidence.get("robot")
    return len(window.samples) if isinstance(window, SampleWindow) else 0


def test_the_direct_source_reads_the_real_probe_and_its_losses(reflector: Running) -> None:
    """Samples are fresh, in order and once each; a dead reflector shows as lost samples, not as silence."""
    with probing(f"a=udp://{reflector.endpoints[0]}?rate_hz=50") as probe:
        source = ProbeSource(ProbeSourceConfig(f"http://{probe.endpoints[-1]}", {"robot": "a"}))
        wait_for(lambda: _samples(source.poll_once()) > 30, what="thirty samples")
        window = source.latest().evidence["robot"]
        assert isinstance(window, SampleWindow)
        times = [sample.sent_at_s for sample in window.samples]
        assert times == sorted(set(times))
        assert times[-1] <= time.monotonic()
        # 50 Hz: a sample that was handed out twice would sit beside itself.
        assert times[-1] - times[0] >= 0.8 * (len(times) - 1) / 50
        assert all(sample.rtt_ms is not None for sample in window.samples)
        reflector.stop()

        def newest_is_lost() -> bool:
            window = source.poll_once().evidence["robot"]
            return isinstance(window, SampleWindow) and window.samples[-1].rtt_ms is None

        wait_for(newest_is_lost, what="a lost sample")
        assert source.latest().error is None
        source.close()


def _relay(probe: Running) -> Behaviour:
    """Answer as the probe does, so that two probes can follow each other at one address."""
    return lambda connection, head: answer(probe.get(head.split()[1]).encode())(connection, head)


def _has_more_than(number: int, source: ProbeSource, since_s: float) -> bool:
    window = source.poll_once().evidence.get("robot")
    return isinstance(window, SampleWindow) and sum(s.sent_at_s > since_s for s in window.samples) > number


def test_a_restarted_probe_is_followed(reflector: Running, server: FaultyServer) -> None:
    """The new probe's samples come after one poll that says so, its first ones included."""
    source = ProbeSource(ProbeSourceConfig(server.url, {"robot": "a"}))
    for _ in range(2):
        began_s = time.monotonic()
        with probing(f"a=udp://{reflector.endpoints[0]}?rate_hz=50") as probe:
            server.behave = _relay(probe)
            wait_for(partial(_has_more_than, 20, source, began_s), what="samples")
            measured = probe.samples()["cursor"]
            assert _has_more_than(measured - 1, source, began_s)
    source.close()
    assert source.latest().counts[ErrorKind.RESTARTED] == 1


@pytest.mark.needs("prometheus")
def test_prometheus_understands_the_real_probe(
    reflector: Running, prometheus: RunningPrometheus, exporter: Exporter
) -> None:
    """The names in our question are those that the probe exposes."""
    with probing(f"real=udp://{reflector.endpoints[0]}?rate_hz=50") as probe:
        exporter.page = lambda: probe.get("/metrics")
        source = source_of(prometheus, ProbeHistogram("real"))
        signal = until(source, lambda reading: bool(reading.evidence), "a signal").evidence["robot"]
        assert isinstance(signal, Signal)
        assert signal.latency_ms is not None
        assert signal.jitter_ms is not None
        assert signal.loss_ratio == 0.0
        exporter.page = str
