"""``detnet simulate``: policies against scenarios on plants in simulated time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from detnet_lab.simulator.comparison import Comparison

F = TypeVar("F", bound=Callable[..., object])
HALVES = ["all", "tuning", "reporting"]


@click.group("simulate")
def command() -> None:
    """Try control policies on simulated plants, in closed loop and without a network."""


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _batch(**defaults: str | int) -> Callable[[F], F]:
    """Return the options of a batch with these defaults."""
    options = (
        click.option(
            "--scenario", default=defaults["scenarios"], show_default=True, help="Names, a YAML file, 'quick' or 'all'."
        ),
        click.option("--policy", default=defaults["policies"], show_default=True, help="Names, 'all' or 'ablations'."),
        click.option(
            "--plants", default=defaults["plants"], show_default=True, help="reference, buffers, actuation or grid."
        ),
        click.option(
            "--seeds", type=click.IntRange(1, 1000), default=defaults["seeds"], show_default=True, help="How many."
        ),
        click.option(
            "--half",
            type=click.Choice(HALVES),
            default=defaults["half"],
            show_default=True,
            help="Of seeds and plants.",
        ),
        click.option("--crossed", is_flag=True, help="Every seed on every plant, instead of one plant each in turn."),
        click.option("--jobs", type=click.IntRange(1, 256), default=_processors, help="Processes; one a processor."),
        click.option("--out", type=click.Path(path_type=Path), default=defaults["out"], show_default=True),
        click.option(
            "--report/--no-report", default=defaults["report"], show_default=True, help="Write pages and pictures too."
        ),
    )

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@command.command("run")
@_batch(
    seeds=3, plants="reference", policies="learned", scenarios="quick", half="all", out="out/simulate", report=False
)
def run(jobs: int, out: Path, **options: Any) -> None:
    """Try policies on scenarios: a few seeds, for a look."""
    _run(jobs, out, options)


@command.command("compare")
@_batch(seeds=20, plants="grid", policies="all", scenarios="all", half="reporting", out="out/compare", report=True)
def compare(jobs: int, out: Path, **options: Any) -> None:
    """Compare all policies by the protocol: paired worlds, the half of seeds and plants that nothing was tuned on."""
    _run(jobs, out, options)


@command.command("ablate")
@_batch(
    seeds=20, plants="grid", policies="ablations", scenarios="all", half="reporting", out="out/ablation", report=False
)
def ablate(jobs: int, out: Path, **options: Any) -> None:
    """Take the parts of the learned policy out one by one, by the same protocol: what does each of them buy?"""
    from detnet_lab.simulator.reports.ablation_table import terminal_table, write  # noqa: PLC0415 - keeps 'detnet --help' fast

    comparison, protocol = _compared(jobs, out, options)
    click.echo(terminal_table(comparison).text(width=110, unicode=False))
    click.echo(f"\n{write(comparison, protocol, out)}; summary.json and runs.csv are beside it")


def _run(jobs: int, out: Path, options: dict[str, Any]) -> None:
    from detnet_lab.simulator.comparison import terminal_lines  # noqa: PLC0415 - keeps 'detnet --help' fast

    comparison, _ = _compared(jobs, out, options)
    for line in terminal_lines(comparison):
        click.echo(line)
    also = f"; begin with {out / 'INDEX.md'}" if options["report"] else ""
    click.echo(f"\nsummary.json and runs.csv are in {out}{also}")


def _compared(jobs: int, out: Path, options: dict[str, Any]) -> tuple[Comparison, dict[str, object]]:
    from detnet_lab.simulator.protocol import batch_spec, run_batch  # noqa: PLC0415 - keeps 'detnet --help' fast

    names = [options[key] for key in ("scenario", "policy", "plants", "seeds", "half")]
    spec = batch_spec(*names, crossed=options["crossed"])
    comparison = run_batch(spec, out, processes=jobs, on_progress=_progress_printer(), report=options["report"])
    return comparison, spec.protocol()


@command.command("scenarios")
def scenarios() -> None:
    """List the scenarios."""
    from detnet_lab.simulator.simulator_scenario import load, names  # noqa: PLC0415

    for name in names():
        click.echo(f"{name:<18} {load(name).title}")


@command.command("policies")
def policies() -> None:
    """List the policies."""
    from detnet_lab.simulator.policies.ablations import ABLATIONS  # noqa: PLC0415
    from detnet_lab.simulator.policies.registry import POLICIES  # noqa: PLC0415

    for name in POLICIES:
        click.echo(name)
    for name, policy in ABLATIONS.items():
        click.echo(f"{name:<18} learned without: {policy.part}")


def _progress_printer() -> Callable[[int, int, str], None]:
    """Return what shows progress: on one line of a terminal, and every twentieth part elsewhere."""
    from detnet_lab.simulator.batch import Progress  # noqa: PLC0415 - keeps 'detnet --help' fast

    progress = Progress()

    def show(done: int, everything: int, last: str) -> None:
        line = progress.line(done, everything, last)
        if sys.stderr.isatty():
            click.echo(f"\r{line:<78}", err=True, nl=done == everything)
        elif done == everything or done % max(1, everything // 20) == 0:
            click.echo(line, err=True)

    return show
