"""A critical camera: ``python -m detnet_lab.testbed.apps.camera send HOST PORT BPS`` or ``... receive PORT``.

It sends BPS bit/s of UDP for one second in every five, paced in steps of a millisecond.
"""

from __future__ import annotations

import socket
import sys
import time

_PAYLOAD_BYTES = 1200
_FRAME_BITS = (_PAYLOAD_BYTES + 42) * 8  # with UDP, IPv4 and Ethernet headers
_BURST_S, _PERIOD_S, _STEP_S = 1.0, 5.0, 0.001


def send(host: str, port: str, rate_bps: str) -> None:
    """Send bursts for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.connect((host, int(port)))
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


def receive(port: str) -> None:
    """Take everything for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as archive:
        archive.bind(("", int(port)))
        while True:
            archive.recv(2048)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(*sys.argv[2:])
    else:
        receive(*sys.argv[2:])
