"""The real iperf3 understands each sender's command, and aims at the rate that was asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from typing import Any

import pytest

from manifests.rendered import Objects, of_kind
from support import wait_for

LOOPBACK = "127.0.0.1"
SENT = {
    "telemetry-upload": ("TCP", 150_000_000, 0),
    "noise-generator": ("UDP", 500_000_000, 0),
    "robot-control-generator": ("UDP", 10_000_000, 1),
    "safety-scanner-generator": ("TCP", 50_000_000, 1),
}

pytestmark = pytest.mark.skipif(
    shutil.which("iperf3") is None and os.environ.get("DETNET_TEST_ALL") != "1", reason="needs the program iperf3"
)


@pytest.mark.parametrize("name", SENT)
def test_a_sender_aims_at_its_rate(factory: Objects, name: str) -> None:
    """Its own arguments, over loopback: protocol, bit/s, and 1 where the server sends, so that it leaves the cell."""
    arguments = container(factory, name)["args"]
    peer = container(factory, arguments[arguments.index("--client") + 1])
    port = free_port()
    server = subprocess.Popen([*on(port, peer["command"]), "--one-off"], stdout=subprocess.DEVNULL)
    try:
        ready = [re.sub(r"^:\w{4} ", f":{port:04X} ", word) for word in peer["readinessProbe"]["exec"]["command"]]
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, what="the readiness probe's success")
        command = [*on(port, arguments), "--json"]
        command[command.index("--client") + 1], command[command.index("--time") + 1] = LOOPBACK, "1"
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        server.kill()
        server.wait()
    test = json.loads(done.stdout)["start"]["test_start"]
    assert (test["protocol"], test["target_bitrate"], test["reverse"]) == SENT[name]


def container(factory: Objects, name: str) -> dict[str, Any]:
    """The only container of a workload's pods."""
    return dict(of_kind(factory, "Deployment")[name]["spec"]["template"]["spec"]["containers"][0])


def on(port: int, command: list[str]) -> list[str]:
    """The command with another port."""
    at = command.index("--port") + 1
    return [*command[:at], str(port), *command[at + 1 :]]


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])
