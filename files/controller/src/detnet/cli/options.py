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


def window_options(function: F) -> F:
    """Add ``--from``, ``--to`` and ``--domain``: the part of an audit log."""
    for option in (
        click.option("--domain", metavar="NAME", help="Of this bottleneck: in a cluster, the name of a node."),
        click.option("--to", "until", metavar="TIME", help="Up to then."),
        click.option(
            "--from", "since", metavar="TIME", help="From then on: ISO 8601 (UTC unless it says), or 2h for 2 h ago."
        ),
    ):
        function = option(function)
    return function
