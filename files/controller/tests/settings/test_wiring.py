"""What only shows when the parts are built from the settings."""

from __future__ import annotations

import pytest

from detnet.errors import ConfigError
from detnet.settings.load import load
from detnet.wiring import build_rules, check


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"DETNET_POLICY__NAME": "steps", "EWMA_ALPHA": "0.5"},
            "policy.ewma_alpha is no parameter of the policy steps",
        ),
        ({"DETNET_POLICY__NAME": "steps", "INCREASE_STEP_MBPS": "4"}, "less than loop.least_raise 5M"),
        ({"DETNET_HTTP__LISTEN": "everywhere"}, "'everywhere' is not an address and a port"),
        ({"DETNET_SOURCE__PROBE__URL": "ftp://probe"}, "ftp"),
        ({"DETNET_OBJECTIVES": "[{workload: a, jitter: 2ms, hubble: {app: a}}]"}, "source.kind is 'probe'"),
    ],
)
def test_check_finds_what_a_start_would(environ: dict[str, str], sentence: str) -> None:
    """Before anything is touched, in one sentence."""
    with pytest.raises(ConfigError) as caught:
        check(load(None, environ).settings)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["steps", "graded", "aimd", "learned"])
def test_every_policy_can_be_named(name: str) -> None:
    """The name in the configuration is the name in metrics and reports."""
    settings = load(None, {"DETNET_POLICY__NAME": name}).settings
    check(settings)
    assert build_rules(settings).policy.name == name


def test_the_documents_parameters_reach_their_law() -> None:
    """-70 and +20 Mbit/s instead of -50 and +10."""
    environ = {"DETNET_POLICY__NAME": "steps", "INCREASE_STEP_MBPS": "20", "AGGRESSIVE_DECREASE_MBPS": "70"}
    policy = build_rules(load(None, environ).settings).policy
    assert (policy.increase_bps, policy.decrease_bps) == (20_000_000, 70_000_000)  # type: ignore[attr-defined]
