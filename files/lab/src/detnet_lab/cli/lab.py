"""``detnet lab``: the robot factory of network namespaces on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_OUT = click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/lab"), show_default=True, help="Folder of the results."
)


@click.group("lab")
def command() -> None:
    """Show the control loop on this machine, on real packets; nothing is left behind."""


@command.command("run")
@click.option("--scenario", default="noisy-neighbour", show_default=True, help="A scenario's name or a YAML file.")
@click.option("--policy", default="learned", show_default=True, help="learned, aimd, graded, steps, static or none.")
@click.option("--duration", type=float, metavar="SECONDS", help="Stretch or squeeze the scenario to this length.")
@click.option("--capacity", default="100M", show_default=True, help="The bottleneck's rate.")
@click.option("--buffer-ms", type=click.FloatRange(1, 1000), default=50.0, show_default=True, help="Depth of its FIFO.")
@click.option(
    "--enforcer",
    default="tc",
    show_default=True,
    help="What limits best effort: tc, or edt, a stand-in for Cilium's bandwidth manager.",
)
@click.option(
    "--burst",
    default="whole",
    show_default=True,
    help="Under edt: whole, bursts of up to 64 KB, or cured, net.ipv4.tcp_tso_rtt_log=0 in the pods.",
)
@click.option("--ip-family", default="ipv4", show_default=True, help="ipv4 or ipv6; the other one is not there.")
@click.option("--prometheus/--no-prometheus", default=True, help="Run a real Prometheus on the control plane node.")
@click.option("--die-with-parent", is_flag=True, help="Also stop when any process above this one ends.")
@_OUT
def run(  # noqa: PLR0913 - one parameter per option
    *,
    scenario: str,
    policy: str,
    duration: float | None,
    capacity: str,
    buffer_ms: float,
    enforcer: str,
    burst: str,
    ip_family: str,
    prometheus: bool,
    die_with_parent: bool,
    out: Path,
) -> None:
    """Run one scenario and report it."""
    from detnet_lab.testbed.launch import checked_spec, run_and_report  # noqa: PLC0415 - keeps detnet --help fast

    spec = checked_spec(
        scenario,
        policy,
        duration,
        capacity,
        buffer_ms,
        prometheus=prometheus,
        enforcer=enforcer,
        burst=burst,
        ip_family=ip_family,
    )
    sys.exit(run_and_report(spec, out, click.echo, die_with_parent=die_with_parent))


@command.command("follow")
@click.option("--wait", type=click.FloatRange(min=0), default=600.0, show_default=True, help="Seconds until a start.")
@_OUT
def follow(*, wait: float, out: Path) -> None:
    """Show the lines of a run that something else has started or will start."""
    from detnet_lab.testbed.run_folder import follow as show_lines  # noqa: PLC0415

    show_lines(out, click.echo, patience_s=wait)


@command.command("scenarios")
def scenarios() -> None:
    """List the scenarios."""
    from detnet_lab.testbed.testbed_scenario import load, names  # noqa: PLC0415

    for name in names():
        click.echo(f"{name:<18} {load(name).title}")
