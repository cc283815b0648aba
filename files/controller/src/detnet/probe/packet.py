"""STAMP test packets of RFC 8762, unauthenticated mode, with the session identifier of RFC 8972.

Time stamps and error estimates stay the raw integers of the wire, so that a sender can compare an echo with what it
sent bit by bit; ``to_ns`` reads them where a time is needed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIZE = 44  # octets of either layout: RFC 8762, sections 4.2.1 and 4.3.1
MAX_SEQUENCE = 2**32 - 1

# We never claim that the clock is synchronised (S = 0) nor how good it is (largest scale and multiplier): only
# differences of stamps of one clock are used. Z = 0 says that stamps have NTP's format (RFC 4656 section 4.1.2).
ERROR_UNKNOWN = 0x3FFF

_PTP = 0x4000  # the Z bit: stamps have the truncated PTPv2 format
_MULTIPLIER = 0x00FF
_NTP_TO_UNIX_S = 2_208_988_800  # from 1900 to 1970: RFC 5905 figure 4
_NS = 10**9

_SENDER = struct.Struct("!IQHH28x")
_REFLECTOR = struct.Struct("!IQHHQIQHHB3s")
_ZERO = bytes(SIZE - 16)

# A TLV of RFC 8972 section 4 behind the base packet: flags, type, length, value. Type 252 is for private use. A sender
# sets the flag U, "not recognised", and a reflector that knows the type clears it: one that sends it back as it is, old
# or foreign, has named nothing.
_TLV = struct.Struct("!BBHQ")
_STACK_TLV, _UNRECOGNISED = 252, 0x80
ASK_FOR_STACK = _TLV.pack(_UNRECOGNISED, _STACK_TLV, 8, 0)
"""What follows a request over UDP: which network stack answers? It has the size of its answer."""


class PacketError(ValueError):
    """The octets are not a STAMP packet of the expected layout."""


@dataclass(frozen=True, slots=True)
class SenderPacket:
    """What a session sender transmits (RFC 8762 figure 2; ``ssid``: RFC 8972 figure 1)."""

    sequence: int
    timestamp: int
    error_estimate: int
    ssid: int

    def encode(self) -> bytes:
        """Return the 44 octets of the wire."""
        return _SENDER.pack(self.sequence, self.timestamp, self.error_estimate, self.ssid)

    @classmethod
    def decode(cls, octets: bytes) -> SenderPacket:
        """Read the base packet at the start of ``octets``; what follows it (padding, TLVs) is left alone.

        The octets that must be zero are checked, although RFC 8762 lets a receiver ignore them: a reflected packet
        would otherwise pass for a request, and one forged packet could make two reflectors answer each other for ever.

        Raises:
            PacketError: too short, not a request, or an error estimate that RFC 4656 section 4.1.2 calls corrupt.
        """
        _check_size(octets)
        if octets[16:SIZE] != _ZERO:
            raise PacketError("octets 16 to 43 of a request must be zero")
        packet = cls(*_SENDER.unpack_from(octets))
        _check_estimate(packet.error_estimate)
        return packet


@dataclass(frozen=True, slots=True)
class ReflectorPacket:
    """What a session reflector answers (RFC 8762 figure 5): its own stamps, and the sender's packet echoed.

    ``stack`` (40 bits) fills the reserved octets of our own frames over TCP, which have no room for a TLV; over UDP it
    is zero, as the RFC demands.
    """

    sequence: int
    timestamp: int
    error_estimate: int
    ssid: int
    receive_timestamp: int
    sender_sequence: int
    sender_timestamp: int
    sender_error_estimate: int
    sender_ttl: int
    stack: int = 0

    def encode(self) -> bytes:
        """Return the 44 octets of the wire."""
        return _REFLECTOR.pack(
            self.sequence,
            self.timestamp,
            self.error_estimate,
            self.ssid,
            self.receive_timestamp,
            self.sender_sequence,
            self.sender_timestamp,
            self.sender_error_estimate,
            self.stack >> 24,
            self.sender_ttl,
            (self.stack & 0xFFFFFF).to_bytes(3, "big"),
        )

    @classmethod
    def decode(cls, octets: bytes) -> ReflectorPacket:
        """Read the base packet at the start of ``octets``.

        Raises:
            PacketError: too short, a corrupt error estimate, or a stamp that is no time.
        """
        _check_size(octets)
        fields = _REFLECTOR.unpack_from(octets)
        high, ttl, low = fields[-3:]
        values = [*fields[:-3], ttl, high << 24 | int.from_bytes(low, "big")]
        packet = cls(*values)
        _check_estimate(packet.error_estimate)
        packet.residence_ns()
        return packet

    def residence_ns(self) -> int:
        """Return how long the packet stayed at the reflector, in ns; negative when its clock was set back meanwhile.

        Raises:
            PacketError: one of the reflector's stamps is no time.
        """
        return to_ns(self.timestamp, self.error_estimate) - to_ns(self.receive_timestamp, self.error_estimate)


def name_stack(padding: bytes, stack: int) -> bytes:
    """Return what followed a request, as long as it was, with ``stack`` where it asked for it."""
    if not padding.startswith(ASK_FOR_STACK):
        return padding
    return _TLV.pack(0, _STACK_TLV, 8, stack) + padding[_TLV.size :]


def named_stack(padding: bytes) -> int:
    """Return the network stack named behind an answer; 0 when none is."""
    if len(padding) < _TLV.size:
        return 0
    flags, kind, length, stack = _TLV.unpack_from(padding)
    return int(stack) if (flags, kind, length) == (0, _STACK_TLV, 8) else 0


def from_ns(unix_ns: int) -> int:
    """Return the NTP 64-bit stamp (RFC 5905 section 6) of a Unix time in ns; ``to_ns`` gives the same ns back."""
    seconds, ns = divmod(unix_ns, _NS)
    fraction = -(-(ns << 32) // _NS)  # rounded up, because to_ns rounds down; a unit of the fraction is 0.23 ns
    return ((seconds + _NTP_TO_UNIX_S) % 2**32) << 32 | fraction


def to_ns(timestamp: int, error_estimate: int) -> int:
    """Return a stamp as Unix time in ns; the Z bit of ``error_estimate`` names its format.

    NTP's eras are distinguished as in RFC 4330 section 3: 1968 to 2036 and 2036 to 2104.

    Raises:
        PacketError: the PTP stamp holds a second's worth of ns or more.
    """
    seconds, fraction = timestamp >> 32, timestamp & (2**32 - 1)
    if error_estimate & _PTP:
        if fraction >= _NS:
            raise PacketError(f"{fraction} ns is no part of a second")
        return seconds * _NS + fraction
    era_s = 0 if seconds >= 2**31 else 2**32
    return (seconds + era_s - _NTP_TO_UNIX_S) * _NS + (fraction * _NS >> 32)


def _check_size(octets: bytes) -> None:
    if len(octets) < SIZE:
        raise PacketError(f"{len(octets)} octets, expected {SIZE} or more")


def _check_estimate(error_estimate: int) -> None:
    if not error_estimate & _MULTIPLIER:
        raise PacketError("the multiplier of an error estimate must not be zero")
