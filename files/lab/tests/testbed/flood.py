"""Run in its own namespaces: builds the network, floods the bottleneck, prints what came through and its queueing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.lab_topology import BottleneckLink
from detnet_lab.testbed.network import Network, lab_network

_SECONDS = 1.5
_FLOOD = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
end = time.monotonic() + float(sys.argv[3])
sent, begin = 0, time.monotonic()
while time.monotonic() < end:
    while sent * 1242 * 8 < (time.monotonic() - begin) * float(sys.argv[2]):
        s.send(bytes(1200)); sent += 1
    time.sleep(0.001)
"""
_ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7))
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("", 9))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(64)
    s.sendto(data, peer)
"""
_PING = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.6)
s.connect((sys.argv[1], 7))
times = []
for number in range(9):
    begin = time.monotonic()
    s.send(b"%d" % number)
    try:
        while s.recv(64) != b"%d" % number:
            pass
    except TimeoutError:
        continue
    times.append((time.monotonic() - begin) * 1e3)
print(sorted(times)[len(times) // 2] if times else -1)
"""


def _python(node: str, code: str, *argv: str) -> subprocess.Popen[str]:
    enter = ["nsenter", f"--net=/run/netns/{node}", sys.executable, "-c", code]
    return subprocess.Popen([*enter, *argv], stdout=subprocess.PIPE, text=True)


def _measure(network: Network, far: str, rate_bps: int) -> dict[str, float]:
    """Flood with 1.5 times the rate; measure after the buffer has filled."""
    flood = _python(at.SENDERS, _FLOOD, far, str(rate_bps * 1.5), str(_SECONDS + 1))
    time.sleep(0.7)
    before, begin_s = network.received().critical_bytes, time.monotonic()
    ping = _python(at.SENDERS, _PING, far)
    queued_ms = float(ping.communicate()[0])
    time.sleep(max(0.0, begin_s + _SECONDS - time.monotonic()))
    rate = (network.received().critical_bytes - before) * 8 / (time.monotonic() - begin_s)
    flood.wait()
    return {"rate_bps": rate, "queued_ms": queued_ms}


def main() -> None:
    """Measure at the full capacity and at 40 % of it."""
    link = BottleneckLink(int(sys.argv[1]), float(sys.argv[2]))
    subprocess.run(["mount", "-t", "tmpfs", "detnet-lab", "/run"], check=True)
    Path("/run/netns").mkdir()
    addresses = at.address_plan("ipv4")
    far = addresses.nodes[at.RECEIVERS]
    with lab_network(link, addresses) as network:
        echo = _python(at.RECEIVERS, _ECHO)
        assert echo.stdout
        assert echo.stdout.readline() == "ready\n"
        full = _measure(network, far, link.capacity_bps)
        network.set_capacity(link.capacity_bps * 2 // 5)
        time.sleep(0.5)
        dropped = _measure(network, far, link.capacity_bps * 2 // 5)
        echo.kill()
        print(json.dumps({"full": full, "dropped": dropped}))


if __name__ == "__main__":
    main()
