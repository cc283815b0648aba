"""A UDP link learns that nobody listens, and is quiet again after it has said so."""

from __future__ import annotations

import errno
import selectors
import socket

from detnet.probe.links import UdpLink
from detnet.probe.paths import Options, Path
from detnet.probe.tally import Counter, SharedCounters


def test_icmp_error_is_counted_once_and_leaves_nothing_to_read() -> None:
    """After the refusal of one probe the socket does not keep the loop awake."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tally,) = SharedCounters.shared(1)
    with selectors.SelectSelector() as selector:
        link = UdpLink(Path("a", "udp", "127.0.0.1", port, 20.0), tally, selector, Options())
        link.maintain(1)
        link.maintain(2)
        assert link.send(b"probe", 3)
        assert selector.select(5)
        assert list(link.packets(4)) == []
        assert (tally[Counter.LINK_FAILURES], tally[Counter.LAST_FAILURE]) == (1, errno.ECONNREFUSED)
        assert selector.select(0.05) == []
        link.close()
