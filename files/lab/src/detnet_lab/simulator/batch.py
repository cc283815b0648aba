"""Batches: every policy in the same worlds (scenario, plant, seed), spread over processes, judged in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from multiprocessing import parent_process
from signal import SIG_DFL, SIGINT, signal
from threading import Thread

from detnet_lab.simulator.oracle_search import best
from detnet_lab.simulator.outcome import Outcome, judge
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.policy_interface import Policy
from detnet_lab.simulator.policies.registry import ORACLE
from detnet_lab.simulator.simulation import draw_world, run
from detnet_lab.simulator.simulator_scenario import Scenario


@dataclass(frozen=True, slots=True)
class Job:
    """One world and the policies that meet it."""

    scenario: Scenario
    plant: Plant
    seed: int
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one world: an outcome per policy, and the oracle's."""

    oracle: Outcome
    outcomes: tuple[Outcome, ...]


OnProgress = Callable[[int, int, str], None]
"""Called with the number of worlds done, of all, and the name of the last."""
Known = Callable[[Job], Mapping[str, Outcome]]
"""What is known of a world already, by policy."""
Keep = Callable[[Job, Sequence[Outcome]], None]
"""Takes what has just become known of a world."""


def nothing_known(_job: Job) -> Mapping[str, Outcome]:
    """Return no outcome."""
    return {}


def not_kept(_job: Job, _outcomes: Sequence[Outcome]) -> None:
    """Keep nothing."""


def jobs(
    scenarios: Sequence[Scenario], policies: Sequence[Policy], worlds: Sequence[tuple[Plant, int]]
) -> tuple[Job, ...]:
    """Return every scenario on every (plant, seed), scenarios innermost: an interrupted batch has seen them all."""
    return tuple(Job(scenario, plant, seed, tuple(policies)) for (plant, seed), scenario in product(worlds, scenarios))


def simulate(
    work: Sequence[Job], *, processes: int, on_progress: OnProgress, known: Known = nothing_known, keep: Keep = not_kept
) -> tuple[Result, ...]:
    """Run what is not known of all jobs; the results are in their order, whatever process was faster."""
    found = [dict(known(job)) for job in work]
    left = [
        at for at, job in enumerate(work) if not {ORACLE, *(policy.name for policy in job.policies)} <= found[at].keys()
    ]
    parts = [(work[at], frozenset(found[at])) for at in left]
    for done, (number, outcomes) in enumerate(_results(parts, processes), 1 + len(work) - len(left)):
        at = left[number]
        keep(work[at], outcomes)
        found[at].update({outcome.policy: outcome for outcome in outcomes})
        on_progress(done, len(work), work[at].scenario.name)
    return tuple(_result(job, outcomes) for job, outcomes in zip(work, found, strict=True))


def run_job(job: Job) -> Result:
    """Let every policy and the oracle meet one world."""
    return _result(job, {outcome.policy: outcome for outcome in _outcomes((job, frozenset()))})


def _result(job: Job, found: Mapping[str, Outcome]) -> Result:
    return Result(found[ORACLE], tuple(found[policy.name] for policy in job.policies))


def _outcomes(part: tuple[Job, frozenset[str]]) -> list[Outcome]:
    """Return the outcomes of a world that are not among the named ones."""
    job, known = part
    world = draw_world(job.scenario, job.plant, job.seed)
    policies = [policy for policy in job.policies if policy.name not in {ORACLE, *known}]
    found = [judge(run(job.scenario, job.plant, policy, job.seed, world, ticks=False)) for policy in policies]
    return found if ORACLE in known else [best(job.scenario, job.plant, job.seed, world), *found]


def _results(parts: Sequence[tuple[Job, frozenset[str]]], processes: int) -> Iterator[tuple[int, list[Outcome]]]:
    if processes <= 1:
        yield from enumerate(map(_outcomes, parts))
        return
    with ProcessPoolExecutor(processes, initializer=_begin_work) as pool:
        futures = {pool.submit(_outcomes, part): at for at, part in enumerate(parts)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _begin_work() -> None:
    """Make a worker end with its batch, however that ends; else a killed one would leave it waiting for ever."""
    # Ctrl-C reaches every process of the terminal; a worker ends at once and silently, and the parent tells it.
    signal(SIGINT, SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Progress:
    """Turns the progress of a batch into lines with the time that is left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_s = clock()
        self._before: int | None = None

    def line(self, done: int, everything: int, last: str) -> str:
        """Return how far the batch is. Worlds that were known when it began took no time, and do not count."""
        if self._before is None:
            self._before = done - 1
        elapsed_s = self._clock() - self._began_s
        left_s = elapsed_s / (done - self._before) * (everything - done)
        left = f"about {_duration(left_s)} left" if done < everything else f"{_duration(elapsed_s)} in all"
        return f"{done} of {everything} worlds, {left}, last {last}"


def _duration(seconds: float) -> str:
    """Return a time in words, rounded as one would say it."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
