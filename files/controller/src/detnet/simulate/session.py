"""From what a user asked for to a batch and its files: the protocol of the comparison lives here.

Parameters are tuned on one half of the seeds and plants (even seeds) and reported on the other (odd seeds), and the
halves never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from detnet.errors import ConfigError
from detnet.simulate import batch, scenario
from detnet.simulate.figures import Comparison, compare
from detnet.simulate.laws.base import Law
from detnet.simulate.laws.registry import LAWS, find
from detnet.simulate.output import write
from detnet.simulate.plant import SETS, Plant
from detnet.simulate.scenario import Scenario

HALVES = ("all", "tuning", "reporting")
QUICK = ("normal", "sustained-load", "capacity-drop", "bursty-critical", "outage-latency", "on-off-fast")
"""The scenarios of the subset that runs with every change."""


@dataclass(frozen=True, slots=True)
class Order:
    """One batch, checked: everything in it exists."""

    scenarios: tuple[Scenario, ...]
    laws: tuple[Law, ...]
    plants: tuple[Plant, ...]
    seeds: tuple[int, ...]
    half: str = "all"

    def protocol(self) -> dict[str, object]:
        """Return what the figures stand on, as JSON values."""
        return {
            "seeds": list(self.seeds),
            "half": self.half,
            "plants": [plant.name for plant in self.plants],
            "warm_up_s": 20,
            "window": "1 s, on the plant's truth",
        }


def order(scenarios: str, laws: str, plants: str, seeds: int, half: str = "all") -> Order:
    """Return the batch of these names, each a comma-separated list or ``all``.

    Raises:
        ConfigError: something named does not exist.
    """
    if plants not in SETS:
        raise ConfigError(f"no set of plants is named {plants!r}; there are {', '.join(SETS)}")
    named = {"all": scenario.names(), "quick": list(QUICK)}.get(scenarios) or scenarios.split(",")
    # Every second plant of the set is for tuning, so that both halves span all its dimensions.
    first = {"all": slice(None), "tuning": slice(0, None, 2), "reporting": slice(1, None, 2)}[half]
    return Order(
        scenarios=tuple(scenario.load(name.strip()) for name in named),
        laws=tuple(LAWS.values()) if laws == "all" else tuple(find(name.strip()) for name in laws.split(",")),
        plants=SETS[plants][first] or SETS[plants],
        seeds=tuple(range(2 * seeds))[first] if half != "all" else tuple(range(seeds)),
        half=half,
    )


def run_batch(asked: Order, out: Path, *, processes: int, tell: Callable[[int, int, str], None]) -> Comparison:
    """Run a batch, write its files and return its figures.

    Raises:
        UserError: the files cannot be written.
    """
    work = batch.jobs(asked.scenarios, asked.laws, asked.plants, asked.seeds)
    results = batch.simulate(work, processes=processes, progress=tell)
    comparison = compare(results, _reference(asked.laws))
    write(comparison, results, asked.protocol(), out)
    return comparison


def _reference(laws: Sequence[Law]) -> str:
    names = [law.name for law in laws]
    return "learned" if "learned" in names else names[0]
