"""Run in its own namespaces: one connection under one EDT cap, before and after the cure; prints bytes and rates."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from pathlib import Path

from pyroute2 import netns

from detnet.model.rate import Rate
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.edt.pod_cap import PodCap
from detnet_lab.testbed.lab_topology import BottleneckLink
from detnet_lab.testbed.network import CURE, lab_network

_CAP = Rate.parse("10M")
_SECONDS = 2.0
_WINDOW_S = 0.001
_HEADERS_BYTES = 66
_PORT = 5001


def _drain(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        while connection.recv(1 << 20):
            pass


def _send(sender: socket.socket, stopped: threading.Event) -> None:
    while not stopped.is_set():
        sender.sendall(bytes(1 << 16))
    sender.close()


def _measure() -> dict[str, float]:
    """Listen on the switch's port to node2, where each frame of a burst arrives by itself."""
    seen: socket.socket = netns.create_socket(at.SWITCH, socket.AF_PACKET, socket.SOCK_RAW, flags=0)
    with seen:
        seen.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        seen.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        seen.bind((at.port_towards(at.SENDERS), 0x0800))
        time.sleep(_SECONDS)
        seen.settimeout(0)
        packets = []
        while True:
            try:
                packet, ancillary, _, (_, _, direction, *_) = seen.recvmsg(1 << 17, 64)
            except BlockingIOError:
                break
            if direction != socket.PACKET_OUTGOING and len(packet) > _HEADERS_BYTES:
                seconds, nanoseconds = (int.from_bytes(ancillary[0][2][at_:][:8], "little") for at_ in (0, 8))
                packets.append((seconds + nanoseconds * 1e-9, len(packet)))
    bursts = [
        sum(size for at_s, size in packets[first : first + 64] if at_s < begin_s + _WINDOW_S)
        for first, (begin_s, _) in enumerate(packets)
    ]
    span_s = packets[-1][0] - packets[0][0]
    return {
        "burst_bytes": sorted(bursts)[int(0.95 * len(bursts))],
        "rate_bps": sum(size for _, size in packets) * 8 / span_s,
    }


def main() -> None:
    """Measure the same connection whole and cured."""
    subprocess.run(["mount", "-t", "tmpfs", "detnet-lab", "/run"], check=True)
    Path("/run/netns").mkdir()
    addresses = at.address_plan("ipv4")
    pod, far = at.EDT_PODS["telemetry-upload"], addresses.nodes[at.RECEIVERS]
    network = lab_network(BottleneckLink(100_000_000, 50.0), addresses, enforcer="edt")
    with network, netns.create_socket(at.RECEIVERS, socket.AF_INET, socket.SOCK_STREAM, flags=0) as server:
        cap = PodCap(pod)
        cap.set(_CAP)
        server.bind((far, _PORT))
        server.listen()
        stopped = threading.Event()
        sender = netns.create_socket(pod, socket.AF_INET, socket.SOCK_STREAM, flags=0)
        threads = [
            threading.Thread(target=_drain, args=[server]),
            threading.Thread(target=_send, args=[sender, stopped]),
        ]
        threads[0].start()
        sender.connect((far, _PORT))
        threads[1].start()
        time.sleep(1.0)
        whole = _measure()
        script = f"echo 0 > /proc/sys/{CURE.replace('.', '/')}"
        subprocess.run(["nsenter", f"--net=/run/netns/{pod}", "sh", "-c", script], check=True)
        time.sleep(1.0)
        cured = _measure()
        read_back = cap.read()
        stopped.set()
        cap.set(None)
        for thread in threads:
            thread.join()
    print(json.dumps({"whole": whole, "cured": cured, "cap_bps": read_back.bps if read_back else None}))


if __name__ == "__main__":
    main()
