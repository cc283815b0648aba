"""The policies by the names that users write."""

from __future__ import annotations

import dataclasses

import pytest

from detnet.control.policies import Aimd
from detnet.control.policy_registry import POLICIES, make_policy


def test_every_policy_knows_its_own_name_and_parameters() -> None:
    """What a user writes is what metrics and reports show, and each parameter is a field of the policy."""
    for name, entry in POLICIES.items():
        policy = make_policy(name, {})
        assert policy.name == name
        assert set(entry.parameters.values()) <= {field.name for field in dataclasses.fields(policy)}  # type: ignore[arg-type]


def test_settings_become_fields() -> None:
    """Under the names of the configuration."""
    assert make_policy("aimd", {"increase": 5, "decrease": 0.5}) == Aimd(increase_bps=5, decrease_ratio=0.5)


def test_a_setting_that_a_policy_does_not_have_is_refused() -> None:
    """It would be taken for heard."""
    with pytest.raises(ValueError, match="decrease is no parameter of the policy steps, which has: increase"):
        make_policy("steps", {"decrease": 0.5})
