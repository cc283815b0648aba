"""However a run ends, the machine is as before: no process, namespace, interface or mount."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import wait_for
from testbed.cli import namespace_of, processes_in, start, traces

pytestmark = [pytest.mark.root, *(pytest.mark.needs(program) for program in ("iperf3", "nginx", "unshare"))]
_OPTIONS = ("--no-prometheus", "--policy", "none", "--duration", "30")


@pytest.fixture
def leftover() -> Iterator[str]:
    """A namespace of a crashed program that has the very name of one of the lab's."""
    subprocess.run(["ip", "netns", "add", "node2"], check=True)
    yield "node2"
    subprocess.run(["ip", "netns", "delete", "node2"], check=True)


def _of_the_lab(seen: tuple[set[str], set[str], bool]) -> tuple[set[str], set[str], bool]:
    """Keep what could be the lab's: other programs on this machine come and go as well."""
    interfaces, named, mounted = seen
    own = {"switch", "node1", "node2", "node3", "telemetry-upload", "erp-dashboard"}
    return {name for name in interfaces if name == "uplink" or name.startswith("to-")}, named & own, mounted


def _await_namespace(run: subprocess.Popen[str]) -> Path:
    wait_for(lambda: namespace_of(run.pid) is not None, what="the run's namespace")
    namespace = namespace_of(run.pid)
    assert namespace
    return namespace


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("moment", ["starting", "running"])
def test_a_signal_at_any_moment_leaves_nothing(
    moment: str, number: signal.Signals, code: int, tmp_path: Path, leftover: str
) -> None:
    """Ctrl-C, TERM, HUP and KILL end everything at once; a namespace of that name that was there stays untouched."""
    before = _of_the_lab(traces())
    with start(tmp_path, *_OPTIONS) as run:
        namespace = _await_namespace(run)
        if moment == "running":
            assert run.stdout
            wait_for(lambda: "quiet" in run.stdout.readline(), what="the first line", within_s=40)  # type: ignore[union-attr]
        assert _of_the_lab(traces()) == before, "the lab shows outside of its namespaces"
        run.send_signal(number)
        assert run.wait(20) == code
    wait_for(lambda: not processes_in(namespace), what="the end of all processes", within_s=20)
    assert _of_the_lab(traces()) == before
    assert leftover in before[1]


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    """Two signals in a row end the run as well, with the first one's code."""
    with start(tmp_path, *_OPTIONS) as run:
        namespace = _await_namespace(run)
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) in {130, 143}
    wait_for(lambda: not processes_in(namespace), what="the end of all processes", within_s=20)


def test_die_with_parent_ends_the_run_with_its_callers_caller(tmp_path: Path) -> None:
    """With --die-with-parent the run ends when a process above it is killed that would not pass a signal on."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from testbed.cli import start
run = start(Path({str(tmp_path)!r}), "--die-with-parent", *{_OPTIONS!r})
print(run.pid, flush=True)
run.wait()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout
        pid = int(caller.stdout.readline())
        wait_for(lambda: namespace_of(pid) is not None, what="the run's namespace")
        namespace = namespace_of(pid)
        assert namespace
        os.kill(caller.pid, signal.SIGKILL)
    wait_for(lambda: not processes_in(namespace), what="the end of the run", within_s=20)
