"""Reads ``run.json`` and refuses a malformed one with one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from detnet.model.errors import UserError
from detnet_lab.report.record import Run

_RUN = TypeAdapter(Run)


def load(path: Path) -> Mapping[str, Any]:
    """Return the JSON object in the file, not yet checked any further.

    Raises:
        UserError: the file cannot be read or does not hold one whole JSON object.
    """
    try:
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} is not complete JSON ({error}); was the run cut short?") from error
    if not isinstance(raw, dict):
        raise UserError(f"{path} holds a {type(raw).__name__}, expected the JSON object that a lab run writes")
    return raw


def parse(raw: Mapping[str, Any], source: str = "run.json") -> Run:
    """Return the checked run; phases that an interrupted run did not reach are cut off.

    Args:
        raw: what ``run.json`` holds.
        source: how a message names it.

    Raises:
        UserError: something is missing, of the wrong type or out of order; the message names the first such place.
    """
    try:
        run = _RUN.validate_python(raw)
    except ValidationError as error:
        first, *rest = error.errors(include_url=False)
        where = ".".join(str(part) for part in first["loc"]) or "the record"
        more = f" (and {len(rest)} more)" if rest else ""
        raise UserError(f"{source}: {where}: {first['msg'].removeprefix('Value error, ')}{more}") from error
    reached = tuple(
        replace(phase, end_s=min(phase.end_s, run.duration_s)) for phase in run.phases if phase.start_s < run.duration_s
    )
    if not reached:
        raise UserError(f"{source}: the run ended at {run.duration_s:g} s, before its first phase began")
    return replace(run, phases=reached)
