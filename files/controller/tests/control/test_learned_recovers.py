"""What the learned policy has learned never locks it in: after any breach, clean and binding traffic grows again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from control.worlds import GUARD, MBPS, one_pass, rules, signal
from detnet.control.decision import State, Traffic
from detnet.control.learned import Learned


@pytest.mark.parametrize("idle_bps", [0.0, 1.0, 1e6])
def test_a_breach_on_an_idle_link_is_forgotten(idle_bps: float) -> None:
    """A slow server while nothing was sent says nothing about the link; a capacity of zero would last for ever."""
    quick = replace(
        GUARD, cooldown_s=1.5, raise_every_s=1.0, least_raise_bps=0
    )  # the pace that settings give this policy
    told, state = rules(guard=quick, policy=Learned()), State(now_s=1000.0, budget_bps=500 * MBPS)
    idle = Traffic({"upload": idle_bps}, 0.0)
    for now_s, latency_ms in ((1001.0, 1.0), (1002.0, 9.0)):
        _, state = one_pass(told, state, signal(now_s, latency_ms), now_s=now_s, traffic=idle)
    for second in range(900):
        busy, now_s = Traffic({"upload": float(state.budget_bps)}, 1e6), 1010.0 + second
        _, state = one_pass(told, state, signal(now_s, 0.5), now_s=now_s, traffic=busy)
    assert state.budget_bps > 500 * MBPS
