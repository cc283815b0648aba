"""``detnet config``: check a configuration and explain what it means."""

from __future__ import annotations

from pathlib import Path

import click

from detnet.cli.options import config_options


@click.group("config")
def command() -> None:
    """Check and explain a configuration."""


@command.command("check")
@config_options
def check(config: Path | None, dotenv: Path | None) -> None:
    """Tell every mistake at once; without one, what the configuration promises and where each value came from."""
    from detnet.config.explain import explain  # noqa: PLC0415 - keeps 'detnet --help' fast
    from detnet.config.load import load  # noqa: PLC0415
    from detnet.runtime.build import check as check_parts  # noqa: PLC0415

    loaded = load(config, dotenv_path=dotenv)
    check_parts(loaded.settings)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(explain(loaded))


@command.command("schema")
def schema() -> None:
    """Print the JSON schema of the configuration file, for editors."""
    import json  # noqa: PLC0415 - keeps 'detnet --help' fast

    from detnet.config.models import Settings  # noqa: PLC0415

    click.echo(json.dumps(Settings.model_json_schema(), indent=2))
