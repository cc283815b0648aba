"""Which packets belong to a target, and how u32 says it.

Offsets: RFC 791 figure 4 (IPv4), RFC 8200 section 3 (IPv6), ports in the first four bytes of TCP, UDP and SCTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_network

from detnet.model.errors import ConfigError

Network = IPv4Network | IPv6Network

_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
_PROTOCOLS_WITH_PORTS = frozenset(_PROTOCOLS.values())


@dataclass(frozen=True, slots=True)
class Match:
    """A packet belongs when every field that is not ``None`` fits; without a prefix, both IP versions are meant.

    ``protocol`` is the IANA number, ``dscp`` the six bits of RFC 2474. Ports fit only packets that show them where they
    normally are: not later fragments, IPv4 with options or IPv6 with extension headers.
    """

    source: Network | None = None
    destination: Network | None = None
    protocol: int | None = None
    source_port: int | None = None
    destination_port: int | None = None
    dscp: int | None = None

    def __post_init__(self) -> None:
        """Refuse a match that no packet or every packet would fit.

        Raises:
            ConfigError: says which fields contradict each other.
        """
        if all(getattr(self, field.name) is None for field in fields(self)):
            raise ConfigError("it names no field, and so would match every packet, critical ones too")
        if self.source and self.destination and self.source.version != self.destination.version:
            raise ConfigError(f"source {self.source} and destination {self.destination} are of different IP versions")
        has_port = self.source_port is not None or self.destination_port is not None
        if has_port and self.protocol not in _PROTOCOLS_WITH_PORTS:
            raise ConfigError("a port needs the protocol tcp, udp or sctp beside it")

    @classmethod
    def parse(cls, mapping: Mapping[str, object], *, where: str) -> Match:
        """Read one match of a configuration; ``where`` names its place in the message.

        Raises:
            ConfigError: one sentence with the place, what was read and what was expected.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(mapping) - known):
            raise ConfigError(f"{where}: {unknown[0]!r} is not one of {', '.join(sorted(known))}")
        try:
            return cls(
                source=_network(mapping, "source"),
                destination=_network(mapping, "destination"),
                protocol=_PROTOCOLS.get(str(mapping.get("protocol")).lower()) or _number(mapping, "protocol", 1, 255),
                source_port=_number(mapping, "source_port", 1, 65535),
                destination_port=_number(mapping, "destination_port", 1, 65535),
                dscp=_number(mapping, "dscp", 0, 63),
            )
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error

    @property
    def ip_versions(self) -> tuple[int, ...]:
        """The IP versions of the packets that can fit."""
        prefix = self.source or self.destination
        return (prefix.version,) if prefix else (4, 6)

    def u32_keys(self, ip_version: int) -> list[str]:
        """Return pyroute2's ``value/mask+offset`` keys, offsets in bytes from the start of the IP header."""
        return list(self._ipv4_keys() if ip_version == 4 else self._ipv6_keys())

    def _ipv4_keys(self) -> Iterator[str]:
        if self.dscp is not None:
            yield _key(self.dscp << 2, 0xFC, 1)
        if self.protocol is not None:
            yield _key(self.protocol, 0xFF, 9)
        yield from _prefix_keys(self.source, 12)
        yield from _prefix_keys(self.destination, 16)
        if self.source_port is not None or self.destination_port is not None:
            yield _key(5, 0x0F, 0)  # a header without options, so that the ports are at 20
            yield _key(0, 0x1FFF, 6)  # a first fragment, so that there are ports
            yield from self._port_keys(20)

    def _ipv6_keys(self) -> Iterator[str]:
        if self.dscp is not None:
            yield _key(self.dscp << 6, 0x0FC0, 0)
        if self.protocol is not None:
            yield _key(self.protocol, 0xFF, 6)
        yield from _prefix_keys(self.source, 8)
        yield from _prefix_keys(self.destination, 24)
        yield from self._port_keys(40)

    def _port_keys(self, offset: int) -> Iterator[str]:
        if self.source_port is not None:
            yield _key(self.source_port, 0xFFFF, offset)
        if self.destination_port is not None:
            yield _key(self.destination_port, 0xFFFF, offset + 2)


def _key(value: int, mask: int, offset: int) -> str:
    return f"{value:#x}/{mask:#x}+{offset}"


def _prefix_keys(network: Network | None, offset: int) -> Iterator[str]:
    if network is None:
        return
    address, mask = network.network_address.packed, network.netmask.packed
    for at in range(0, len(mask), 4):
        word = int.from_bytes(mask[at : at + 4], "big")
        if word or at == 0:  # /0 keeps one empty key: u32 needs at least one
            yield _key(int.from_bytes(address[at : at + 4], "big"), word, offset + at)


def _network(mapping: Mapping[str, object], field: str) -> Network | None:
    value = mapping.get(field)
    if value is None:
        return None
    try:
        return ip_network(str(value))
    except ValueError as error:
        raise ConfigError(
            f"{field} {value!r} is not an IP prefix such as 10.1.0.0/24 or fd00::/64 ({error})"
        ) from error


def _number(mapping: Mapping[str, object], field: str, low: int, high: int) -> int | None:
    value = mapping.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        expected = "tcp, udp, sctp or a number" if field == "protocol" else "a whole number"
        raise ConfigError(f"{field} is {value!r}, but must be {expected} from {low} to {high}")
    return value
