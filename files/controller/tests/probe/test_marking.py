"""Probes leave with the mark and the address that were asked for."""

from __future__ import annotations

import socket

from detnet.probe.packet import ERROR_UNKNOWN, SenderPacket
from probe.running import probing, reflecting


def test_probes_carry_the_dscp_and_the_source() -> None:
    """The far end sees DSCP 46 (RFC 3246) and the chosen address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        options = ("--dscp=46", "--source=127.0.0.2")
        with probing(f"a=udp://127.0.0.1:{peer.getsockname()[1]}", options=options):
            octets, ancillary, _, address = peer.recvmsg(2048, 128)
    assert SenderPacket.decode(octets).error_estimate == ERROR_UNKNOWN
    assert address[0] == "127.0.0.2"
    assert (socket.IPPROTO_IP, socket.IP_TOS, bytes([46 << 2])) in ancillary


def test_answers_carry_the_dscp_of_the_reflector() -> None:
    """The way back can be marked too."""
    with (
        reflecting("--udp=127.0.0.1:0", "--dscp=34") as reflector,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(5)
        client.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        host, port = reflector.endpoints[0].rsplit(":", 1)
        client.sendto(SenderPacket(0, 1, ERROR_UNKNOWN, 1).encode(), (host, int(port)))
        assert (socket.IPPROTO_IP, socket.IP_TOS, bytes([34 << 2])) in client.recvmsg(2048, 128)[1]
