"""The core works from the collection's own path, as a module on a host without the controller package imports it."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.detnet.qos.plugins.module_utils.model.rate import Rate, RateError


def test_a_rate_keeps_its_quantity() -> None:
    """What is written to a pod parses back to the same number."""
    assert Rate.parse(Rate.parse("100M").quantity) == Rate(100_000_000)


@pytest.mark.parametrize("text", ["10m", "0", "fast", ""])
def test_text_that_would_mean_unlimited_is_refused(text: str) -> None:
    """Kubernetes takes these for "no limit" or fails late; the core refuses them."""
    with pytest.raises(RateError):
        Rate.parse(text)


def test_the_controller_package_is_not_needed() -> None:
    """Importing the core from the collection loads nothing of the package ``detnet``."""
    assert not [name for name in sys.modules if name == "detnet" or name.startswith("detnet.")]
