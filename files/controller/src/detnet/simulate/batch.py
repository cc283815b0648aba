"""Batches: every law in the same worlds (scenario, plant, seed), spread over processes, judged in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from signal import SIG_DFL, SIGINT, signal

from detnet.simulate.judge import Outcome, judge
from detnet.simulate.laws.base import Law
from detnet.simulate.oracle_search import best
from detnet.simulate.plant import Plant
from detnet.simulate.run import run, world
from detnet.simulate.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Job:
    """One world and the laws that meet it."""

    scenario: Scenario
    plant: Plant
    seed: int
    laws: tuple[Law, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one world: an outcome per law, and the oracle's."""

    oracle: Outcome
    outcomes: tuple[Outcome, ...]


Progress = Callable[[int, int, str], None]
"""Called with the number of worlds done, of all, and the name of the last."""


def jobs(scenarios: Sequence[Scenario], laws: Sequence[Law], worlds: Sequence[tuple[Plant, int]]) -> tuple[Job, ...]:
    """Return every scenario on every (plant, seed), scenarios innermost: an interrupted batch has seen them all."""
    return tuple(Job(scenario, plant, seed, tuple(laws)) for (plant, seed), scenario in product(worlds, scenarios))


def simulate(work: Sequence[Job], *, processes: int, progress: Progress) -> tuple[Result, ...]:
    """Run all jobs; the results are in their order, whatever process was faster."""
    results: dict[int, Result] = {}
    for done, (at, result) in enumerate(_results(work, processes), 1):
        results[at] = result
        progress(done, len(work), work[at].scenario.name)
    return tuple(results[at] for at in range(len(work)))


def run_job(job: Job) -> Result:
    """Let every law and the oracle meet one world."""
    outside = world(job.scenario, job.plant, job.seed)
    return Result(
        oracle=best(job.scenario, job.plant, job.seed, outside),
        outcomes=tuple(judge(run(job.scenario, job.plant, law, job.seed, outside)) for law in job.laws),
    )


def _results(work: Sequence[Job], processes: int) -> Iterator[tuple[int, Result]]:
    if processes <= 1:
        yield from enumerate(map(run_job, work))
        return
    # Ctrl-C reaches every process of the terminal; a worker ends at once and silently, and the parent tells it.
    with ProcessPoolExecutor(processes, initializer=signal, initargs=(SIGINT, SIG_DFL)) as pool:
        futures = {pool.submit(run_job, job): at for at, job in enumerate(work)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
