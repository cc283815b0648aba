"""A critical camera: ``python -m detnet_lab.testbed.apps.camera send ADDRESS PORT BPS``, or ``receive ADDRESS PORT``.

It sends BPS bit/s of UDP for one second in every five, paced in steps of a millisecond.
"""

from __future__ import annotations

import socket
import sys
import time

_PAYLOAD_BYTES = 1200
_FRAME_BITS = (_PAYLOAD_BYTES + 42) * 8  # with UDP, IPv4 and Ethernet headers
_BURST_S, _PERIOD_S, _STEP_S = 1.0, 5.0, 0.001


def send(address: str, port: str, rate_bps: str) -> None:
    """Send bursts for ever."""
    with _socket(address) as camera:
        camera.connect((address, int(port)))
        begin_s = time.monotonic()
        while True:
            sent = 0
            while (elapsed_s := time.monotonic() - begin_s) < _BURST_S:
                while sent * _FRAME_BITS < elapsed_s * float(rate_bps):
                    camera.send(bytes(_PAYLOAD_BYTES))
                    sent += 1
                time.sleep(_STEP_S)
            begin_s += _PERIOD_S
            time.sleep(max(0.0, begin_s - time.monotonic()))


def receive(address: str, port: str) -> None:
    """Take everything for ever."""
    with _socket(address) as archive:
        archive.bind((address, int(port)))
        while True:
            archive.recv(2048)


def _socket(address: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(*sys.argv[2:])
    else:
        receive(*sys.argv[2:])
