"""The fluid plant against real packets: the same verdict, and figures that agree."""

from __future__ import annotations

import pytest

from detnet.simulate.judge import judge
from detnet.simulate.laws.registry import find
from detnet.simulate.link import Link
from detnet.simulate.packets import PacketLink
from detnet.simulate.run import run, world
from simulate.bench import SMALL, scenario

SCENARIOS = {
    "a steady neighbour": scenario(),
    "a capacity drop": scenario("capacity: [{steps: [[0, 1], [40, 0.5]]}]", critical="0.2"),
    "a swinging critical load": scenario(critical="[{square: {high: 0.5, low: 0.2, on_s: 10, off_s: 10}}]"),
}
KEPT_BELOW = 0.2


@pytest.mark.parametrize("law", ["static-half", "none", "aimd"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_both_plants_give_the_same_verdict(name: str, law: str) -> None:
    """Violations within 5 points; goodput within 3 % where the cap is fixed, 40 % where every cut leads elsewhere."""
    one = SCENARIOS[name]
    outside = world(one, SMALL, 1)
    fluid, packets = (judge(run(one, SMALL, find(law), 1, outside, model=model)) for model in (Link, PacketLink))
    assert (fluid.violation_ratio < KEPT_BELOW) == (packets.violation_ratio < KEPT_BELOW)
    assert fluid.violation_ratio == pytest.approx(packets.violation_ratio, abs=0.05)
    tolerance = 0.4 if law == "aimd" else 0.03
    assert fluid.goodput_bps == pytest.approx(packets.goodput_bps, rel=tolerance)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6])
def test_the_closed_form_of_micro_bursts_matches_served_bursts(share: float) -> None:
    """The p95 delay at 60 %, 80 % and 90 % load, median of the seconds, within a third (it is high at low load)."""
    one = scenario(targets=f"[{{name: upload, protocol: udp, demand: {share}}}]", duration_s=40)
    outside = world(one, SMALL, 1)
    medians = []
    for model in (Link, PacketLink):
        windows = run(one, SMALL, find("none"), 1, outside, model=model).links[0].windows
        medians.append(sorted(window.pdv95_ms for window in windows)[len(windows) // 2])
    assert medians[0] == pytest.approx(medians[1], rel=0.35)
