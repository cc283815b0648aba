"""A run inside its namespaces: build the network, start the programs, go through the phases, record what was seen."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from detnet.model.errors import UserError
from detnet.probe.paths import address_and_port
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed import live_view
from detnet_lab.testbed.lab_processes import Processes, realtime_allowed
from detnet_lab.testbed.lab_workloads import CRITICAL, Workloads
from detnet_lab.testbed.network import Network, lab_network
from detnet_lab.testbed.run_recorder import Recorder, Tail
from detnet_lab.testbed.testbed_scenario import Phase, RunSpec

_TICK_S = 0.25
_LINE_S = 2.0
_START_PATIENCE_S = 20.0
_GRACE_S = 1.0
"""How long after the end late replies and their lines are waited for; the probe gives a packet 0.5 s."""

SCRATCH = Path("/run/detnet-lab")


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The outer process asked the run to end."""


class Runner:
    """One run; ``say`` takes each line for people."""

    def __init__(self, spec: RunSpec, network: Network, processes: Processes, say: Callable[[str], None]) -> None:
        self._spec = spec
        self._network = network
        self._processes = processes
        self._say = say
        self._workloads = Workloads(spec, processes, SCRATCH)
        self._next_line_s = 0.0
        self.recorder: Recorder | None = None

    def start_up(self) -> None:
        """Start everything that runs from the beginning and wait until all of it works.

        All at once, since each needs a second to come up: clients try again until their server is there.
        """
        self._workloads.start_servers()
        self._workloads.start_critical()
        self._workloads.start_controller()
        if self._spec.enforcer == "edt":
            self._workloads.start_agent()
        addresses = self._spec.addresses
        near = addresses.nodes[at.SENDERS]
        for what, address in {
            "the probe": (near, at.PROBE_METRICS_PORT),
            "the daemon": (near, at.DAEMON_HTTP_PORT),
            "the dashboard's server": (
                addresses.senders(self._spec.enforcer)["erp-dashboard"].address,
                at.DASHBOARD_PORT,
            ),
            **({"Prometheus": (addresses.nodes[at.CONTROL], at.PROMETHEUS_PORT)} if self._spec.prometheus else {}),
        }.items():
            self._await(what, partial(_answers, address))
        if self._spec.enforcer == "edt":
            self._await("the agent", self._workloads.effects.exists)
        for name in CRITICAL:
            self._await(name, partial(_has_replies, Tail(self._workloads.samples(name))))

    def run_phases(self) -> None:
        """Go through the phases."""
        tails = {name: Tail(self._workloads.samples(name)) for name in CRITICAL}
        zero_s = time.monotonic()
        self.recorder = Recorder(self._spec, zero_s, tails, Tail(self._workloads.audit), Tail(self._workloads.effects))
        self.recorder.capacity_bps.append((0.0, float(self._spec.link.capacity_bps)))
        if not realtime_allowed():
            self.recorder.event(zero_s, "note", "real-time priority is refused here; windows may be invalidated")
        end_s = zero_s
        self._next_line_s = zero_s + _LINE_S
        for phase in self._spec.scenario.phases:
            self._begin(self.recorder, phase)
            end_s += phase.duration_s
            while (now_s := time.monotonic()) < end_s:
                self._tick(self.recorder, phase, now_s, end_s)

    def record(self) -> dict[str, Any] | None:
        """Return ``run.json``, also of a run that was cut short; ``None`` if it never began."""
        if self.recorder is None:
            return None
        duration_s = min(self._spec.scenario.duration_s, self.recorder.at(time.monotonic()))
        time.sleep(_GRACE_S)
        self.recorder.catch_up()
        record = self.recorder.to_json(duration_s)
        if self._spec.prometheus:
            record["prometheus"] = _ask_prometheus(self._spec.addresses.nodes[at.CONTROL])
        return record

    def _begin(self, recorder: Recorder, phase: Phase) -> None:
        now_s = time.monotonic()
        if phase.capacity_share is not None:
            capacity_bps = int(self._spec.link.capacity_bps * phase.capacity_share)
            self._network.set_capacity(capacity_bps)
            recorder.capacity_bps.append((recorder.at(now_s), float(capacity_bps)))
        for name in self._processes.running(phase.stop):
            self._workloads.stop(name)
        for name in phase.start:
            self._workloads.start(name)
        for process, action in phase.faults:
            self._workloads.inject(process, action)
        if phase.disturbance or phase.faults or phase.start or phase.stop or phase.capacity_share:
            kind = "disturbance" if phase.disturbance else "fault" if phase.faults else "note"
            recorder.event(now_s, kind, phase.title)

    def _tick(self, recorder: Recorder, phase: Phase, now_s: float, end_s: float) -> None:
        self._processes.check()
        recorder.traffic(now_s, self._network.received())
        recorder.catch_up()
        if now_s >= self._next_line_s:
            self._say(live_view.line(recorder, now_s, phase.name))
            self._next_line_s += _LINE_S
        _listen(min(_TICK_S, end_s - now_s))

    def _await(self, what: str, works: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + _START_PATIENCE_S
        while not works():
            self._processes.check()
            if time.monotonic() > deadline_s:
                raise UserError(f"{what} did not come up within {_START_PATIENCE_S:.0f} s")
            _listen(0.05)


def run(spec: RunSpec, record: IO[bytes], say: Callable[[str], None]) -> None:
    """Make one run and write its JSON to ``record``.

    Raises:
        Stopped: the outer process asked for it; what was recorded is written.
        UserError: the network could not be built, or a program ended by itself; what was recorded is written.
    """
    _hide_run()
    processes = Processes(SCRATCH)
    with lab_network(spec.link, spec.addresses, enforcer=spec.enforcer, burst=spec.burst) as network:
        runner = Runner(spec, network, processes, say)
        try:
            runner.start_up()
            for text in live_view.header(spec):
                say(text)
            runner.run_phases()
        finally:
            seen = runner.record()
            if seen:
                _write(record, seen)


def _write(record: IO[bytes], seen: dict[str, Any]) -> None:
    try:
        record.write(json.dumps(seen).encode())
        record.flush()
    except OSError as error:
        raise UserError(f"cannot write the run's record: {error.strerror}") from error


def _hide_run() -> None:
    """Put a private tmpfs over /run, for network namespaces' names and for scratch files that vanish with us."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=256m", "detnet-lab", "/run"], check=True)
    (Path("/run/netns")).mkdir()
    SCRATCH.mkdir()


def _listen(for_s: float) -> None:
    """Wait, unless the outer process closes our stdin."""
    readable, _, _ = select.select([sys.stdin], [], [], max(0.0, for_s))
    if readable and not os.read(sys.stdin.fileno(), 1):
        raise Stopped


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=0.5).close()
    except OSError:
        return False
    return True


def _has_replies(samples: Tail) -> bool:
    return any(sample["rtt_ms"] is not None for sample in samples.new())


def _ask_prometheus(address: str) -> dict[str, Any]:
    """Return what Prometheus itself saw of its two targets, over its HTTP API."""

    def asked(path: str) -> Any:
        url = f"http://{address_and_port(address, at.PROMETHEUS_PORT)}/api/v1/{path}"
        with urllib.request.urlopen(url, timeout=5.0) as reply:
            return json.load(reply)["data"]

    try:
        series, version = asked("query?query=up")["result"], asked("status/buildinfo")["version"]
    except (OSError, KeyError, ValueError) as error:
        return {"targets_up": 0, "error": str(error)}
    up = {one["metric"]["job"]: one["value"][1] == "1" for one in series}
    return {"version": version, "targets_up": sum(up.values()), "targets": up}
