"""From what a user asked for to a batch and its files: the protocol of the comparison lives here.

Parameters are tuned on one half of the seeds (even) and plants, and reported on the other; the halves never mix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path

from detnet.model.errors import ConfigError
from detnet_lab.simulator import batch, simulator_scenario
from detnet_lab.simulator.batch import Job, OnProgress
from detnet_lab.simulator.comparison import Comparison, compare, write_summary
from detnet_lab.simulator.outcome import WARM_UP_S
from detnet_lab.simulator.plant import SETS, Plant
from detnet_lab.simulator.policies.ablations import ABLATIONS, FULL
from detnet_lab.simulator.policies.policy_interface import Policy
from detnet_lab.simulator.policies.registry import POLICIES, find
from detnet_lab.simulator.result_store import ResultStore
from detnet_lab.simulator.simulator_scenario import Scenario

QUICK = ("normal", "sustained-load", "capacity-drop", "bursty-critical", "outage-latency", "on-off-fast")
"""The scenarios of the subset that runs with every change."""

_SETS = {"all": ",".join(POLICIES), "ablations": ",".join((FULL, *ABLATIONS))}


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """One batch, checked: everything in it exists. ``worlds`` are the (plant, seed) that every policy meets."""

    scenarios: tuple[Scenario, ...]
    policies: tuple[Policy, ...]
    worlds: tuple[tuple[Plant, int], ...]
    half: str = "all"

    def protocol(self) -> dict[str, object]:
        """Return what the figures stand on, as JSON values."""
        return {
            "half": self.half,
            "seeds": sorted({seed for _, seed in self.worlds}),
            "plants": sorted({plant.name for plant, _ in self.worlds}),
            "worlds_per_scenario": len(self.worlds),
            "warm_up_s": WARM_UP_S,
        }


def batch_spec(  # noqa: PLR0913 - what a batch is made of
    scenarios: str, policies: str, plants: str, seeds: int, half: str = "all", *, crossed: bool = False
) -> BatchSpec:
    """Return the batch of these names, each a comma-separated list or ``all``; policies also ``ablations``.

    ``seeds`` is how many of the half. Each meets one plant of the half, in turn; ``crossed``, every one of them.

    Raises:
        ConfigError: something named does not exist.
    """
    if plants not in SETS:
        raise ConfigError(f"no set of plants is named {plants!r}; there are {', '.join(SETS)}")
    named = {"all": simulator_scenario.names(), "quick": list(QUICK)}.get(scenarios) or scenarios.split(",")
    first, step = {"all": (0, 1), "tuning": (0, 2), "reporting": (1, 2)}[half]
    # A set of one plant has no halves.
    chosen = SETS[plants][first::step] or SETS[plants]
    numbers = range(first, first + step * seeds, step)
    worlds = product(chosen, numbers) if crossed else zip(cycle(chosen), numbers, strict=False)
    return BatchSpec(
        scenarios=tuple(simulator_scenario.load(name.strip()) for name in named),
        policies=tuple(find(name.strip()) for name in _SETS.get(policies, policies).split(",")),
        worlds=tuple(worlds),
        half=half,
    )


def jobs_of(spec: BatchSpec) -> tuple[Job, ...]:
    """Return the worlds of a batch, each with all its policies."""
    return batch.jobs(spec.scenarios, spec.policies, spec.worlds)


def run_batch(
    spec: BatchSpec, out: Path, *, processes: int, on_progress: OnProgress, report: bool = False
) -> Comparison:
    """Run a batch, write its files (all of its reports too if asked) and return its figures.

    Runs that ``runs.csv`` in the folder already holds, from a batch that was ended, are not made again.

    Raises:
        UserError: the files cannot be read or written.
    """
    work = jobs_of(spec)
    store = ResultStore(out / "runs.csv")
    store.write()
    results = batch.simulate(work, processes=processes, on_progress=on_progress, known=store.known, keep=store.add)
    store.write()
    comparison = compare(results, _reference(spec.policies))
    write_summary(comparison, spec.protocol(), out)
    if report:
        from detnet_lab.simulator.reports import write_reports  # noqa: PLC0415 - drawing is imported when it is wanted

        write_reports(list(zip(work, results, strict=True)), comparison, spec.protocol(), out)
    return comparison


def _reference(policies: Sequence[Policy]) -> str:
    names = [policy.name for policy in policies]
    return "learned" if "learned" in names else names[0]
