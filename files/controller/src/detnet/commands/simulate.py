"""``detnet simulate``: laws against scenarios on plants in simulated time."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group("simulate")
def command() -> None:
    """Try control laws on simulated plants, in closed loop and without a network."""


@command.command("run")
@click.option("--scenario", default="quick", show_default=True, help="Names, 'quick' or 'all', or a YAML file.")
@click.option("--law", default="learned", show_default=True, help="Names, or 'all'.")
@click.option("--plants", default="reference", show_default=True, help="A set: reference, buffers, actuation, grid.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="How many seeds.")
@click.option("--half", type=click.Choice(["all", "tuning", "reporting"]), default="all", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/simulate"), show_default=True, help="Results' folder."
)
def run(  # noqa: PLR0913 - one parameter per option
    *, scenario: str, law: str, plants: str, seeds: int, half: str, jobs: int, out: Path
) -> None:
    """Run laws in the same worlds, compare them with the oracle and write summary.json and runs.csv."""
    from detnet.simulate.session import order, run_batch  # noqa: PLC0415 - keeps 'detnet --help' fast
    from detnet.simulate.table import lines  # noqa: PLC0415

    comparison = run_batch(order(scenario, law, plants, seeds, half), out, processes=jobs, tell=_tell)
    for line in lines(comparison):
        click.echo(line)


@command.command("scenarios")
def scenarios() -> None:
    """List the scenarios."""
    from detnet.simulate.scenario import load, names  # noqa: PLC0415

    for name in names():
        click.echo(f"{name:<18} {load(name).title}")


@command.command("laws")
def laws() -> None:
    """List the laws."""
    from detnet.simulate.laws.registry import LAWS  # noqa: PLC0415

    for name in LAWS:
        click.echo(name)


def _tell(done: int, everything: int, last: str) -> None:
    """Show progress on one line of a terminal, and every tenth part elsewhere."""
    if sys.stderr.isatty():
        end = "\n" if done == everything else ""
        click.echo(f"\r{done} of {everything} worlds, last {last:<24}{end}", err=True, nl=False)
    elif done == everything or done % max(1, everything // 10) == 0:
        click.echo(f"{done} of {everything} worlds", err=True)
