"""A wire and an actuator on it, for the tests that shape real packets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actuators.wire import DEVICE, TARGETS, Wire, wire_between_namespaces
from detnet.actuators.tc.actuator import TcActuator


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Two connected namespaces."""
    with wire_between_namespaces() as made:
        yield made


@pytest.fixture
def tc(wire: Wire) -> Iterator[TcActuator]:
    """An actuator for two targets on the wire's near end, which has touched nothing yet."""
    actuator = TcActuator(DEVICE, TARGETS, netns=wire.near)
    yield actuator
    actuator.close()
