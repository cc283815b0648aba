"""What the probe serves to Prometheus, the controller and a health check."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from probe.running import Running, count_reaches, probing
from support import wait_for

UDP = {"path": "u", "protocol": "udp"}


@pytest.fixture
def probe(reflector: Running) -> Iterator[Running]:
    """A prober of one UDP and one TCP path with some samples behind it."""
    udp, tcp = reflector.endpoints[:2]
    with probing(f"u=udp://{udp}?rate_hz=100", f"t=tcp://{tcp}") as running:
        count_reaches(running, "received", 20, path="t")
        yield running


def test_buckets_resolve_objectives_of_one_two_and_ten_milliseconds(probe: Running) -> None:
    """The histogram has edges at, below and above each, and counts what was received."""
    edges = set(re.findall(r'detnet_probe_rtt_seconds_bucket{le="([^"]+)",path="u"', probe.get("/metrics")))
    assert {"0.00075", "0.001", "0.0015", "0.002", "0.003", "0.0075", "0.01", "0.02"} <= edges
    assert probe.counter("detnet_probe_rtt_seconds_count", **UDP) >= 20


def test_probes_are_conserved(probe: Running) -> None:
    """Probes sent are received, lost, or at most half a second old."""
    received, lost, sent = (probe.counter(f"detnet_probe_{name}_total", **UDP) for name in ("received", "lost", "sent"))
    assert 0 <= sent - received - lost <= 50


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_to_complain_about(probe: Running, reflector: Running) -> None:
    """Both commands' metrics follow Prometheus' rules for names, units and help texts."""
    for running in (probe, reflector):
        checked = subprocess.run(
            ["promtool", "check", "metrics"],
            input=running.get("/metrics"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_samples_are_handed_out_once_and_fresh(probe: Running) -> None:
    """Each answer continues where the cursor left off; the newest sample is younger than a few periods."""
    first = probe.samples()
    wait_for(lambda: probe.samples(first["cursor"])["cursor"] > first["cursor"] + 10, what="more samples")
    second = probe.samples(first["cursor"])
    assert second["instance"] == first["instance"]
    assert len(first["paths"]["u"]["samples"]) >= 20
    new = sum(len(path["samples"]) for path in second["paths"].values())
    assert new == second["cursor"] - first["cursor"]
    assert 0 < second["paths"]["u"]["samples"][-1][0] < 2
    assert second["paths"]["u"]["invalidated"] is False


def test_wrong_questions_get_an_error_status(probe: Running) -> None:
    """A path that is not served and a cursor that is no number are refused."""
    for route, status in (("/", 404), ("/healthz/x", 404), ("/samples?after=now", 400)):
        with pytest.raises(HTTPError) as caught:
            probe.get(route)
        assert caught.value.code == status
        caught.value.close()


def test_health_is_the_measuring_process_at_work(probe: Running) -> None:
    """A measuring process that stands still is unhealthy, although the HTTP server answers; running on heals it."""
    assert probe.get("/healthz") == "measuring\n"
    child = probe.child()

    def unhealthy() -> bool:
        try:
            probe.get("/healthz")
        except HTTPError as error:
            error.close()
            return error.code == 503
        return False

    os.kill(child, signal.SIGSTOP)
    wait_for(unhealthy, what="503")
    os.kill(child, signal.SIGCONT)
    wait_for(lambda: not unhealthy(), what="200 again")
