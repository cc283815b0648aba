"""``detnet decide``: one decision, from given numbers or from the live source; nothing is changed."""

from __future__ import annotations

from pathlib import Path

import click

from detnet.cli.options import config_options


@click.command("decide")
@config_options
@click.option("--latency", multiple=True, metavar="WORKLOAD=TIME", help="p95 latency, such as robot-control=3.2ms.")
@click.option("--jitter", multiple=True, metavar="WORKLOAD=TIME", help="p95 delay over the uncongested path.")
@click.option("--loss", multiple=True, metavar="WORKLOAD=SHARE", help="Lost probes, such as robot-control=0.5%.")
@click.option("--budget", metavar="RATE", help="What best effort may send now, such as 80M; default: the maximum.")
@click.option("--sending", metavar="RATE", help="What best effort sends now, where it is counted.")
@click.option("--live", is_flag=True, help="Measure with the configured source instead of giving numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print the decision with all its terms as JSON.")
def command(  # noqa: PLR0913 - one parameter for each option
    *,
    config: Path | None,
    dotenv: Path | None,
    latency: tuple[str, ...],
    jitter: tuple[str, ...],
    loss: tuple[str, ...],
    budget: str | None,
    sending: str | None,
    live: bool,
    as_json: bool,
) -> None:
    """Make one decision with the daemon's own core and print it; no cap is changed.

    Example: detnet decide --jitter robot-factory-deployment=3.5ms --budget 400M
    """
    from detnet.config.load import load  # noqa: PLC0415
    from detnet.runtime.one_shot import ManualOptions, decide_once  # noqa: PLC0415 - keeps 'detnet --help' fast
    from detnet.telemetry.json_lines import encode  # noqa: PLC0415
    from detnet.telemetry.passes import decision_entry  # noqa: PLC0415

    given = ManualOptions(latency=latency, jitter=jitter, loss=loss, budget=budget, sending=sending, live=live)
    decision, caps = decide_once(load(config, dotenv_path=dotenv).settings, given)
    if as_json:
        click.echo(encode({**decision_entry(decision), "caps_bps": caps}), nl=False)
        return
    click.echo(decision.reason)
    for finding in decision.findings:
        click.echo(f"  {finding.verdict.value:<10}  {finding}")
    for name, cap in caps.items():
        click.echo(f"  cap         {name} {cap.quantity}")
