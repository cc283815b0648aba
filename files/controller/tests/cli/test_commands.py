"""The subcommands of ``detnet``, with the lab installed and without."""

from __future__ import annotations

from importlib.metadata import EntryPoints

import click
import pytest
from click.testing import CliRunner

from detnet import cli
from detnet.model.errors import UserError


def test_every_command_can_be_imported() -> None:
    """A name in the list without its file, or an entry point that leads nowhere, would fail only when it is used."""
    context = click.Context(cli.group)
    names = cli.group.list_commands(context)
    assert {"run", "explain", "lab", "draw"} <= set(names)
    assert [name for name in names if cli.group.get_command(context, name) is None] == []


def test_without_the_lab_its_commands_say_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The help does not show them, and whoever knows them from elsewhere learns what to install."""
    monkeypatch.setattr(cli, "entry_points", lambda **_: EntryPoints())
    assert "simulate" not in CliRunner().invoke(cli.group, ["--help"]).output
    with pytest.raises(UserError, match="draw is a command of the lab: install detnet-qos-lab"):
        CliRunner().invoke(cli.group, ["draw", "audit.jsonl"], catch_exceptions=False)
    assert "No such command 'paint'" in CliRunner().invoke(cli.group, ["paint"]).output
