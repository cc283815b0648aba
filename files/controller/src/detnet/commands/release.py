"""``detnet release``: caps off, as before."""

from __future__ import annotations

from pathlib import Path

import click

from detnet.commands.options import config_options


@click.command("release")
@config_options
def command(config: Path | None, dotenv: Path | None) -> None:
    """Take our caps off and restore what was there before us.

    Stop 'detnet run' first: a running controller would put them back.
    """
    from detnet.actuate.base import ActuationError  # noqa: PLC0415 - keeps 'detnet --help' fast
    from detnet.errors import UserError  # noqa: PLC0415
    from detnet.settings.load import load  # noqa: PLC0415
    from detnet.wiring import build_actuator  # noqa: PLC0415

    actuator = build_actuator(load(config, dotenv_path=dotenv).settings)
    try:
        before = actuator.read()
        actuator.release()
    except ActuationError as error:
        raise UserError(str(error)) from error
    finally:
        actuator.close()
    capped = [f"{name} (was {cap})" for name, cap in before.items() if cap is not None]
    click.echo(f"released: {', '.join(capped)}" if capped else "nothing to release: no cap of ours was in force")
