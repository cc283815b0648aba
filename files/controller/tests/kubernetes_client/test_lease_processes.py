"""One writer at a time, proved from the API server's audit log, for leaders that are killed, stopped and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import pytest

from control_plane import ControlPlane
from kubernetes_client.leases import TIMES, lease_path
from support import wait_for

_SCRIPT = Path(__file__).with_name("leader_process.py")


class Pair:
    """Two candidates in processes of their own, the first of which leads."""

    def __init__(self, plane: ControlPlane, namespace: str, alive: ExitStack) -> None:
        self._plane = plane
        self._namespace = namespace
        self._alive = alive
        plane.request("POST", lease_path(namespace, ""), {"metadata": {"name": "written"}, "spec": {}})
        self.first = self._start("first")
        self.second = self._start("second")
        wait_for(self.writers, what="the first writes")

    def writers(self) -> list[str]:
        """Who wrote, in the order in which the API server was done with it; each as often as it followed another.

        A request that the server gave up on, because its sender was stopped in the middle of it, wrote nothing.
        """
        writes = (
            (event["stageTimestamp"], event["requestObject"]["spec"]["holderIdentity"])
            for event in self._plane.audit_events()
            if event["verb"] == "patch"
            and event["requestURI"] == lease_path(self._namespace, "written")
            and event["responseStatus"]["code"] == 200
        )
        return [writer for writer, _ in groupby(writer for _, writer in sorted(writes))]

    def _start(self, identity: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(_SCRIPT), str(self._plane.kubeconfig), self._namespace, identity]
        process = self._alive.enter_context(
            subprocess.Popen(
                command,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        self._alive.callback(process.kill)
        assert process.stdout is not None
        assert process.stdout.readline() == b"standing\n"
        return process


@pytest.fixture
def pair(control_plane: ControlPlane, namespace: str) -> Iterator[Pair]:
    """Two candidates, which do not outlive the test."""
    with ExitStack() as alive:
        yield Pair(control_plane, namespace, alive)


def test_a_killed_leader_is_followed_in_time(pair: Pair) -> None:
    """Within the lease's duration and two seconds."""
    pair.first.kill()
    killed_s = time.monotonic()
    wait_for(lambda: pair.writers() == ["first", "second"], what="the second writes", within_s=30.0)
    assert time.monotonic() - killed_s <= TIMES.duration_s + 2.0


def test_a_stopped_leader_that_goes_on_does_not_write(pair: Pair) -> None:
    """However long it was stopped, and wherever: between its question and its write it may have lost the lease."""
    pair.first.send_signal(signal.SIGSTOP)
    wait_for(lambda: pair.writers() == ["first", "second"], what="the second writes", within_s=30.0)
    pair.first.send_signal(signal.SIGCONT)
    pair.second.terminate()
    wait_for(lambda: pair.writers() != ["first", "second"], what="the first writes again", within_s=30.0)
    assert pair.writers() == ["first", "second", "first"]


def test_a_leader_that_ends_in_order_is_followed_at_once(pair: Pair) -> None:
    """It writes no more, and then it frees the lease."""
    pair.first.send_signal(signal.SIGTERM)
    told_s = time.monotonic()
    wait_for(lambda: pair.writers() == ["first", "second"], what="the second writes", within_s=30.0)
    assert time.monotonic() - told_s < TIMES.duration_s
