"""A match is read from configuration with one clear sentence for every mistake."""

from __future__ import annotations

import pytest

from detnet.actuators.tc.match import Match
from detnet.model.errors import ConfigError


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "targets.x.match: it names no field, and so would match every packet, critical ones too"),
        ({"src": "10.0.0.1"}, "targets.x.match: 'src' is not one of destination, destination_port, dscp, protocol, "),
        ({"source": "10.0.0.1/24"}, "source '10.0.0.1/24' is not an IP prefix such as .* has host bits set"),
        ({"source": "node2"}, "source 'node2' is not an IP prefix"),
        ({"source": "10.0.0.1", "destination": "fd00::1"}, "are of different IP versions"),
        ({"destination_port": 80}, "a port needs the protocol tcp, udp or sctp beside it"),
        ({"protocol": "icmp", "source_port": 80}, "protocol is 'icmp', but must be tcp, udp, sctp or a number"),
        ({"protocol": "tcp", "source_port": 65536}, "source_port is 65536, but must be a whole number from 1 to 65535"),
        ({"protocol": "tcp", "source_port": "80"}, "source_port is '80', but must be a whole number"),
        ({"dscp": 64}, "dscp is 64, but must be a whole number from 0 to 63"),
        ({"dscp": True}, "dscp is True, but must be a whole number"),
    ],
)
def test_a_mistake_is_explained(fields: dict[str, object], message: str) -> None:
    """The sentence names the place, what was read and what was expected."""
    with pytest.raises(ConfigError, match=message) as caught:
        Match.parse(fields, where="targets.x.match")
    assert str(caught.value).startswith("targets.x.match: ")


@pytest.mark.parametrize(
    ("fields", "ip_versions"),
    [
        ({"source": "10.0.0.0/8"}, (4,)),
        ({"destination": "fd00::/8"}, (6,)),
        ({"protocol": "TCP", "destination_port": 5201}, (4, 6)),
        ({"dscp": 0}, (4, 6)),
    ],
)
def test_without_a_prefix_both_ip_versions_are_meant(fields: dict[str, object], ip_versions: tuple[int, ...]) -> None:
    """A target capped on IPv4 alone would escape over IPv6."""
    assert Match.parse(fields, where="test").ip_versions == ip_versions
