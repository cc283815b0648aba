"""The controller as a process: start, health, reload, stop, and what it says when it cannot start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from detnet.telemetry.json_lines import read
from support import ask, free_port, wait_for

DETNET = [sys.executable, "-m", "detnet"]


@contextmanager
def _process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``detnet`` with the given arguments until the end of the block."""
    process = subprocess.Popen(
        [*DETNET, *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


class Loop:
    """A running controller on a real probe and reflector, over loopback."""

    def __init__(self, tmp_path: Path, entered: ExitStack) -> None:
        reflect, self.probe, self.http = free_port(), free_port(), free_port()
        self.audit, self.state = tmp_path / "audit.jsonl", tmp_path / "state.json"
        self.state.write_text("torn", encoding="utf-8")
        self.config = tmp_path / "detnet.yaml"
        self.configure(cooldown="1s")
        entered.enter_context(_process("reflect", "--udp", f"127.0.0.1:{reflect}"))
        # A shared test machine sends late at times; lateness has its own tests.
        path = f"robot=udp://127.0.0.1:{reflect}?rate_hz=50"
        entered.enter_context(
            _process(
                "probe", "--path", path, "--metrics", f"127.0.0.1:{self.probe}", "--late-limit-ms", "200", "--same-host"
            )
        )
        self.process = entered.enter_context(_process("run", "-c", str(self.config)))

    def configure(self, *, cooldown: str) -> None:
        """Write the configuration file."""
        document = {
            "objectives": [{"workload": "robot", "jitter": "500ms"}],
            "targets": [{"name": "upload", "max": "100M"}],
            "source": {"probe": {"url": f"http://127.0.0.1:{self.probe}"}},
            "http": {"listen": f"127.0.0.1:{self.http}"},
            "audit": {"path": str(self.audit)},
            "state": {"path": str(self.state)},
            "loop": {"interval": "100ms", "cooldown": cooldown},
        }
        self.config.write_text(json.dumps(document), encoding="utf-8")

    def get(self, path: str) -> tuple[int, str]:
        """Ask the controller over HTTP; (0, reason) while nothing listens."""
        return ask(self.http, path)

    def modes(self) -> list[object]:
        """Return the mode of every decision so far."""
        return [entry["mode"] for entry in read(self.audit)] if self.audit.exists() else []


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    """A running loop with fresh evidence."""
    with ExitStack() as entered:
        running = Loop(tmp_path, entered)
        wait_for(lambda: {"waiting", "growth"} & set(running.modes()), what="a decision on fresh evidence", within_s=30)
        yield running


def test_a_running_controller_is_alive_ready_and_measured(loop: Loop) -> None:
    """Health, readiness and metrics come from the loop itself."""
    assert loop.get("/healthz")[0] == 200
    assert loop.get("/readyz") == (200, "evidence is fresh\n")
    status, metrics = loop.get("/metrics")
    assert status == 200
    assert 'detnet_verdict{domain="all",figure="jitter",verdict="met",workload="robot"} 1.0' in metrics
    assert 'kubernetes_bandwidth_limit_mbps{domain="all",target="upload"} 100.0' in metrics


def test_sigterm_ends_it_and_leaves_the_caps(loop: Loop) -> None:
    """A clean end within a pass, exit code 0."""
    loop.process.send_signal(signal.SIGTERM)
    assert loop.process.wait(10) == 0


def test_what_it_knew_is_kept_and_a_torn_file_is_set_aside(loop: Loop) -> None:
    """The fixture starts on a torn state file: it is counted and put aside, and a whole one is there at the end."""
    assert "detnet_state_unusable_total 1.0" in loop.get("/metrics")[1]
    assert [path.read_text() for path in loop.state.parent.glob("state.json.corrupt-*")] == ["torn"]
    loop.process.send_signal(signal.SIGTERM)
    assert loop.process.wait(10) == 0
    assert json.loads(loop.state.read_text(encoding="utf-8"))["loops"]["all"]["policy"] == "learned"


def test_sighup_takes_a_good_configuration_and_survives_a_bad_one(loop: Loop) -> None:
    """A wrong file is logged and shown as not ready; the loop goes on with the old one."""
    loop.configure(cooldown="soon")
    loop.process.send_signal(signal.SIGHUP)
    wait_for(lambda: loop.get("/readyz")[0] == 503, what="not ready after a bad reload")
    assert "'soon' is not a duration" in loop.get("/readyz")[1]
    before = len(loop.modes())
    wait_for(lambda: len(loop.modes()) > before + 3, what="decisions after a bad reload")
    loop.configure(cooldown="2s")
    loop.process.send_signal(signal.SIGHUP)
    wait_for(lambda: loop.get("/readyz")[0] == 200, what="ready after a good reload")
    assert loop.get("/healthz")[0] == 200


def test_a_port_in_use_is_reported_in_one_sentence(loop: Loop) -> None:
    """The second controller says which address, and exits without a traceback."""
    second = subprocess.run(
        [*DETNET, "run", "-c", str(loop.config)], capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode == 1
    assert f"cannot serve metrics and health on 127.0.0.1 port {loop.http}: the port is in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_watchdog_shorter_than_the_interval_is_refused(loop: Loop) -> None:
    """The service manager would kill a healthy controller again and again."""
    result = subprocess.run(
        [*DETNET, "run", "-c", str(loop.config)],
        env=os.environ | {"WATCHDOG_USEC": "100000"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 78
    assert "raise WatchdogSec=" in result.stderr
