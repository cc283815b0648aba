"""Samples that our own lateness may have made are not handed out; the measuring process is as punctual as it may be."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from probe.running import Running, count_reaches, logged, probing, reflecting
from support import wait_for

LATE_LIMIT_MS = 150.0  # what a busy test machine keeps, and a stopped process does not


def test_stopped_process_invalidates_its_samples(reflector: Running) -> None:
    """Probes missed or late while the process stood still are counted as ours, not served as slow or lost."""
    options = ("--rate-hz=100", f"--late-limit-ms={LATE_LIMIT_MS}")
    with probing(f"a=udp://{reflector.endpoints[0]}", options=options) as probe:
        count_reaches(probe, "received", 50)
        before = probe.counter("detnet_probe_invalidated_total")
        os.kill(probe.child(), signal.SIGSTOP)
        threading.Event().wait(0.5)  # the fault itself: half a second of standing still
        os.kill(probe.child(), signal.SIGCONT)
        received = probe.counter("detnet_probe_received_total")
        count_reaches(probe, "received", received + 50)
        assert probe.counter("detnet_probe_invalidated_total") >= before + 45
        assert probe.counter("detnet_probe_lost_total") == 0
        assert all(rtt < LATE_LIMIT_MS for _, rtt in probe.samples()["paths"]["a"]["samples"])
        wait_for(
            lambda: logged(probe, "path a: this machine sends late, samples are discarded") == 1, what="a log line"
        )


def test_impossible_limit_invalidates_every_second(reflector: Running) -> None:
    """Nothing is served of seconds whose p95 is over the limit: the reader sees no data, not wrong data."""
    with probing(f"a=udp://{reflector.endpoints[0]}", options=("--late-limit-ms=0.000001",)) as probe:
        count_reaches(probe, "invalidated_windows", 2)
        answer = probe.samples()["paths"]["a"]
        assert answer == {"samples": [], "invalidated": True}
        assert probe.counter("detnet_probe_rtt_seconds_count") == 0


@pytest.mark.root
def test_realtime_priority_is_taken_where_permitted() -> None:
    """With CAP_SYS_NICE the reflector and the measuring process run as SCHED_FIFO, the exporting process does not."""
    with (
        reflecting("--udp=127.0.0.1:0", "--realtime") as reflector,
        probing(f"a=udp://{reflector.endpoints[0]}", options=("--realtime",)) as probe,
    ):
        count_reaches(probe, "received", 1)
        scheduled = [os.sched_getscheduler(pid) for pid in (reflector.process.pid, probe.child(), probe.process.pid)]
        assert scheduled == [os.SCHED_FIFO, os.SCHED_FIFO, os.SCHED_OTHER]


@pytest.mark.root
@pytest.mark.needs("setpriv")
def test_refused_priority_is_said_and_survived(reflector: Running) -> None:
    """Without the privilege the probe measures at normal priority and says what would permit more."""
    without = ("setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice")
    with Running(
        "probe", f"--path=a=udp://{reflector.endpoints[0]}", "--late-limit-ms=10000", "--realtime", prefix=without
    ) as probe:
        count_reaches(probe, "received", 5)
        assert os.sched_getscheduler(probe.child()) == os.SCHED_OTHER
        assert logged(probe, "real-time priority is not permitted.*CAP_SYS_NICE.*") == 1
