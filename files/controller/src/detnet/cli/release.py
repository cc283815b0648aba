"""``detnet release``: caps off, as before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detnet.cli.options import config_options

if TYPE_CHECKING:
    from detnet.config.models import Settings


@click.command("release")
@config_options
def command(config: Path | None, dotenv: Path | None) -> None:
    """Take our caps off and restore what was there before us.

    Stop 'detnet run' first: a running controller would put them back.
    """
    from detnet.config.load import load  # noqa: PLC0415 - keeps 'detnet --help' fast

    settings = load(config, dotenv_path=dotenv).settings
    click.echo(_in_kubernetes(settings) if settings.actuator.kind == "kubernetes" else _on_this_host(settings))


def _on_this_host(settings: Settings) -> str:
    from detnet.actuators.base import ActuationError  # noqa: PLC0415
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.runtime.build import build_actuator  # noqa: PLC0415

    actuator = build_actuator(settings)
    try:
        before = actuator.read()
        actuator.release()
    except ActuationError as error:
        raise UserError(str(error)) from error
    finally:
        actuator.close()
    capped = [f"{name} (was {cap})" for name, cap in before.items() if cap is not None]
    return f"released: {', '.join(capped)}" if capped else "nothing to release: no cap of ours was in force"


def _in_kubernetes(settings: Settings) -> str:
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.runtime.build_kubernetes import release_cluster  # noqa: PLC0415

    released = release_cluster(settings)
    told = f"{released.pods} pods and {released.templates} pod templates are as they were before"
    if released.left:
        raise UserError(f"{told}; these still carry something of ours: {'; '.join(released.left)}")
    return f"released: {told}" if released.pods or released.templates else "nothing to release: no pod carries our cap"
