"""A control loop that is killed and started again: it remembers, and what it remembers is believed as far as seen."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from detnet.model.rate import Rate
from detnet.telemetry.passes import Pass
from detnet.telemetry.state_file import StateFile, _decoded, _encoded
from detnet_lab.simulator.exogenous import draw
from detnet_lab.simulator.plant import SLOT_S
from detnet_lab.simulator.policies.production import ProductionController, ProductionPolicy
from detnet_lab.simulator.simulated_domain import SimulatedDomain
from simulator.small_runs import SMALL, scenario

BOOT_S = 1_800_000_000.0
LONG_S = 300


class Restarted:
    """A control loop that can be killed and started again; the state file's wall clock is the domain's."""

    def __init__(self, path: Path) -> None:
        one = scenario(duration_s=LONG_S)
        exogenous = draw(one.links[0], SMALL, one.duration_s, "0")
        self.domain = SimulatedDomain(one.links[0], SMALL, exogenous, actuation_s=1.0)
        self._settings = ProductionPolicy("learned").settings(self.domain)
        self.path = path
        self._slot = 0
        self.budgets: list[tuple[float, int]] = []

    def live(self, seconds: float, *, remembering: bool) -> None:
        """Start a loop, let it run for so long, and kill it."""
        memory = StateFile(self.path, max_age_s=600.0, wall_s=lambda: BOOT_S + self.domain.now_s)
        loop = ProductionController(self._settings, self.domain, memory=memory if remembering else None)
        loop.record = self._record
        for slot in range(self._slot, self._slot + round(seconds / SLOT_S)):
            self.domain.advance(slot)
            if slot % 5 == 0:
                loop.step()
        self._slot += round(seconds / SLOT_S)
        memory.close()

    def _record(self, one: Pass) -> None:
        self.budgets.append((self.domain.now_s, one.decision.budget_bps))

    def reboot(self) -> None:
        """The node comes back with the caps of its template: a tenth of the link."""
        self.domain.actuator.apply({claim.name: Rate(10_000_000) for claim in self.domain.claims})

    def reached_s(self, budget_bps: float, since_s: float) -> float:
        """Return how long after ``since_s`` the budget was reached again."""
        return next(at_s for at_s, bps in self.budgets if at_s > since_s and bps >= budget_bps) - since_s


def test_a_warm_start_is_soon_where_it_was_and_a_cold_one_is_not(tmp_path: Path) -> None:
    """From a tenth of the link to nine tenths of the former budget; neither raises before its recovery."""
    took_s = {}
    for remembering in (True, False):
        restarted = Restarted(tmp_path / f"{remembering}.json")
        restarted.live(100.0, remembering=remembering)
        former_bps = restarted.budgets[-1][1]
        restarted.reboot()
        restarted.live(150.0, remembering=remembering)
        took_s[remembering] = restarted.reached_s(0.9 * former_bps, 100.0)
        assert max(bps for at_s, bps in restarted.budgets if 100.0 < at_s < 109.0) <= 10_000_000
    assert took_s[True] < 0.5 * took_s[False]


def test_a_capacity_that_is_a_lie_is_found_out(tmp_path: Path) -> None:
    """Ten times the link, with a right checksum: growth in the guard's steps, a breach, and what it teaches."""
    restarted = Restarted(tmp_path / "state.json")
    restarted.live(100.0, remembering=True)
    ((at_s, known),) = _decoded(restarted.path.read_bytes()).values()
    lie = replace(known, capacity_bps=1e9, knee_bps=None)
    restarted.path.write_bytes(_encoded({"all": (at_s, lie)}))
    restarted.reboot()
    restarted.live(150.0, remembering=True)
    later = [bps for when_s, bps in restarted.budgets if when_s > 100.0]
    assert max(after - before for before, after in pairwise(later)) <= 0.25 * SMALL.capacity_bps
    assert max(later) > 70e6  # it was believed at first
    assert 40e6 < later[-1] <= max(later[-100:]) < 75e6  # of the 70 Mbit/s that the critical traffic leaves
