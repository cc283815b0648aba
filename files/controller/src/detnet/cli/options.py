"""Options that several subcommands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def config_options(function: F) -> F:
    """Add ``--config`` and ``--env-file``."""
    function = click.option(
        "--env-file",
        "dotenv",
        type=click.Path(path_type=Path),
        help="Read variables from this file too; the environment wins over it.",
    )(function)
    return click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        envvar="DETNET_CONFIG",
        help="The YAML configuration; without it, the environment and the defaults.",
    )(function)
