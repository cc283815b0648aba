"""The dry-run actuator remembers and says that it applies nothing."""

from __future__ import annotations

import pytest

from detnet.actuators.base import ActuationError, Actuator
from detnet.actuators.dry_run import DryRunActuator
from detnet.model.rate import Rate


def test_it_remembers_caps_and_forgets_them_on_release() -> None:
    """The loop sees its own caps as it would see real ones."""
    actuator: Actuator = DryRunActuator(["a", "b"])
    assert actuator.read() == {"a": None, "b": None}
    assert actuator.apply({"a": Rate.parse("10M")}) == {"a": Rate.parse("10M")}
    assert actuator.read() == {"a": Rate.parse("10M"), "b": None}
    assert actuator.usage() is None
    actuator.release()
    assert actuator.read() == {"a": None, "b": None}


def test_it_says_what_it_does_not_do(caplog: pytest.LogCaptureFixture) -> None:
    """Once per change, not once per pass."""
    actuator = DryRunActuator(["a"])
    with caplog.at_level("INFO"):
        actuator.apply({"a": Rate.parse("10M")})
        actuator.apply({"a": Rate.parse("10M")})
    assert caplog.messages == ["dry run: would cap a at 10 Mbit/s; nothing is applied"]


def test_an_unknown_target_fails_alone() -> None:
    """As the real actuators do."""
    actuator = DryRunActuator(["a"])
    with pytest.raises(ActuationError, match="target 'typo': is not configured") as caught:
        actuator.apply({"typo": Rate.parse("5M"), "a": Rate.parse("10M")})
    assert caught.value.applied == {"a": Rate.parse("10M")}
