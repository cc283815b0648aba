"""A real reflector, as its own process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from probe.running import Running, reflecting


@pytest.fixture
def reflector() -> Iterator[Running]:
    """``detnet reflect`` on loopback: endpoints[0] is UDP, endpoints[1] TCP."""
    with reflecting("--udp=127.0.0.1:0", "--tcp=127.0.0.1:0") as running:
        yield running
