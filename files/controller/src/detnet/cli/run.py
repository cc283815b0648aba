"""``detnet run``: the daemon, ready for systemd and for a pod."""

from __future__ import annotations

from pathlib import Path

import click

from detnet.cli.options import config_options


@click.command("run")
@config_options
@click.option("--observe", is_flag=True, help="Decide and record, but change no cap (shadow mode).")
def command(config: Path | None, dotenv: Path | None, *, observe: bool) -> None:
    """Run the control loop until SIGTERM; SIGHUP reads the configuration again.

    The caps in force when it stops stay in force: an ended controller must not open the link. Take them off with
    'detnet release'.
    """
    from detnet.runtime.service import serve  # noqa: PLC0415 - keeps 'detnet --help' fast

    serve(config, dotenv, observe=observe)
