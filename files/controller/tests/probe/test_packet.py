"""The STAMP codec: exact on the wire, and calm on anything else."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.probe.packet import ERROR_UNKNOWN, SIZE, PacketError, ReflectorPacket, SenderPacket, from_ns, to_ns

u8, u16, u32, u40, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 40, 64))
estimates = u16.filter(lambda value: value & 0xFF).map(lambda value: value & ~0x4000)
senders = st.builds(SenderPacket, u32, u64, estimates, u16)
reflectors = st.builds(ReflectorPacket, u32, u64, estimates, u16, u64, u32, u64, u16, u8, u40)


@given(senders)
def test_sender_packet_survives_the_wire(packet: SenderPacket) -> None:
    """A request decodes to what was encoded, in 44 octets."""
    octets = packet.encode()
    assert len(octets) == SIZE
    assert SenderPacket.decode(octets + b"padding") == packet


@given(reflectors)
def test_reflector_packet_survives_the_wire(packet: ReflectorPacket) -> None:
    """An answer decodes to what was encoded, in 44 octets."""
    octets = packet.encode()
    assert len(octets) == SIZE
    assert ReflectorPacket.decode(octets) == packet


def test_layout_is_the_one_of_the_rfc() -> None:
    """Each field of the answer lies where RFC 8762 figure 5 and RFC 8972 figure 2 put it."""
    octets = ReflectorPacket(0x01020304, 0x05, 0x3FFF, 0x0A0B, 0x0C, 0x0D, 0x0E, 0x0F0F, 0x40).encode()
    expected = "01020304 0000000000000005 3fff 0a0b 000000000000000c 0000000d 000000000000000e 0f0f 0000 40 000000"
    assert octets.hex() == expected.replace(" ", "")


@given(st.binary(max_size=100))
def test_arbitrary_octets_raise_nothing_else(octets: bytes) -> None:
    """Whatever arrives either decodes or is a PacketError."""
    for layout in (SenderPacket, ReflectorPacket):
        with contextlib.suppress(PacketError):
            layout.decode(octets)


@given(reflectors.filter(lambda packet: packet.receive_timestamp or packet.sender_timestamp))
def test_an_answer_is_no_request(packet: ReflectorPacket) -> None:
    """Two reflectors cannot be made to answer each other: an answer is refused as a request."""
    with pytest.raises(PacketError, match="must be zero"):
        SenderPacket.decode(packet.encode())


@pytest.mark.parametrize(
    "octets",
    [b"", bytes(SIZE - 1), bytes(SIZE), SenderPacket(1, 2, 0x3F00, 4).encode()],
    ids=["empty", "short", "zeros", "multiplier"],
)
def test_corrupt_request_is_refused(octets: bytes) -> None:
    """Short packets and error estimates without a multiplier (RFC 4656) are no requests."""
    with pytest.raises(PacketError):
        SenderPacket.decode(octets)


@given(st.integers(0, 4_233_462_144 * 10**9 - 1))
def test_ntp_stamp_keeps_every_nanosecond(unix_ns: int) -> None:
    """1970 to 2104, across the end of NTP's first era, no ns is lost."""
    assert to_ns(from_ns(unix_ns), ERROR_UNKNOWN) == unix_ns


def test_known_ntp_stamp() -> None:
    """1970 is second 2 208 988 800 of NTP's first era, and half a second is half the fraction (RFC 5905)."""
    assert from_ns(500_000_000) == 2_208_988_800 << 32 | 1 << 31


def test_residence_is_read_in_the_format_that_the_answer_names() -> None:
    """A reflector that stamps in PTP's format (Z = 1) is understood."""
    reply = ReflectorPacket(0, 10 << 32 | 3_000, 0x4001, 0, 10 << 32 | 1_000, 0, 0, 1, 255)
    assert ReflectorPacket.decode(reply.encode()).residence_ns() == 2_000


def test_ptp_stamp_beyond_a_second_is_refused() -> None:
    """PTP's nanoseconds stay below a second."""
    with pytest.raises(PacketError, match="no part of a second"):
        ReflectorPacket.decode(ReflectorPacket(0, 10**9, 0x4001, 0, 0, 0, 0, 1, 255).encode())
