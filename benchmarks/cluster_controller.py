"""The controller as users run it, ``detnet run``, seen from outside: /proc, HTTP, its own audit log."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

from benchmarks.cluster_site import ROBOT
from cluster_controller.replica import DETNET
from detnet.telemetry.json_lines import read
from support import free_port

LOW_BPS, HIGH_BPS = 2_000_000, 3_000_000
LOW, HIGH = "2M", "3M"
"""A pod's share of its target's least and largest cap: one raise and one cut lead from one to the other."""
_MIB = 1024.0


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since it began: s of CPU time; MiB that are resident now, and that were at most."""

    cpu_s: float
    rss_mib: float
    peak_mib: float


class Controller:
    """One running controller; ``began_s`` is when it was started, monotonic."""

    def __init__(self, process: Popen[bytes], port: int, audit: Path, log: Path) -> None:
        self.began_s = time.monotonic()
        self._process = process
        self._port = port
        self._audit = audit
        self._log = log

    def ready(self) -> bool:
        """Return whether it says that it has read the cluster and controls it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def use(self) -> Use:
        """Return what it has used (proc(5), stat and status)."""
        folder = Path("/proc") / str(self._process.pid)
        ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        rss, peak = (int(status[name].split()[0]) / _MIB for name in ("VmRSS", "VmHWM"))
        return Use(sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), rss, peak)

    def breach_s(self) -> float:
        """Return when it first decided to cut for a breach, in s since the epoch."""
        times = (str(entry["time"]) for entry in read(self._audit) if entry["mode"] == "breach")
        return datetime.fromisoformat(next(times)).timestamp()

    def wait(self, condition: Callable[[], object], what: str, within_s: float = 300.0) -> None:
        """Return as soon as the condition holds.

        Raises:
            TimeoutError: it did not hold within ``within_s`` seconds, or the controller ended.
        """
        deadline_s = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline_s or self._process.poll() is not None:
                raise TimeoutError(f"{what}: not within {within_s} s\n{self._log.read_text()[-4000:]}")
            time.sleep(0.05)


@contextmanager
def controller(  # noqa: PLR0913, PLR0917 - where it runs, as whom, and what it sees
    folder: Path, kubeconfig: Path, namespace: str, probe: int, per_target: int, mode: str
) -> Iterator[Controller]:
    """Run a controller of a namespace; ``probe`` is the prober's port, ``per_target`` how many pods a target has."""
    port, name = free_port(), f"{mode}-{namespace}"
    config, audit, log = (folder / f"{name}{suffix}" for suffix in (".yaml", ".jsonl", ".log"))
    document = _document(kubeconfig, namespace, probe, per_target)
    document |= {"mode": mode, "http": {"listen": f"127.0.0.1:{port}"}, "audit": {"path": str(audit), "files": 50}}
    config.write_text(json.dumps(document))
    with log.open("wb") as into:
        process = Popen([*DETNET, "run", "-c", str(config)], stdout=into, stderr=into)
    try:
        yield Controller(process, port, audit, log)
    finally:
        process.terminate()
        process.wait()


def _document(kubeconfig: Path, namespace: str, probe: int, per_target: int) -> dict[str, Any]:
    bounds = {"min": str(LOW_BPS * per_target), "max": str(HIGH_BPS * per_target)}
    return {
        "objectives": [{"workload": ROBOT, "loss": "20%"}],
        "defaults": bounds,
        "source": {"probe": {"url": f"http://127.0.0.1:{probe}"}},
        "actuator": {
            "kind": "kubernetes",
            "kubernetes": {"namespaces": [namespace], "kubeconfig": str(kubeconfig)},
            "leader": {"namespace": namespace},
        },
        # One cut to the least cap: what is measured is how fast caps are written, not how the policy chooses them.
        "policy": {"name": "aimd", "increase": "10G", "decrease": "50%"},
        "loop": {"recovery": "1s", "raise_every": "1s", "raise_ratio": "100%", "exonerated_share": "0%"},
    }
