"""Writes what a batch found: ``summary.json`` for programs and one row per run as CSV for everybody."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from detnet.errors import UserError
from detnet.simulate.batch import Result
from detnet.simulate.figures import Comparison
from detnet.simulate.judge import Outcome


def write(comparison: Comparison, results: Sequence[Result], protocol: dict[str, object], folder: Path) -> None:
    """Write both files.

    Raises:
        UserError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"schema": 1, "protocol": protocol, **comparison.to_json()}, indent=1, allow_nan=False)
        (folder / "summary.json").write_text(text + "\n")
        with (folder / "runs.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([field.name for field in fields(Outcome)])
            rows.writerows(asdict(outcome).values() for outcome in _outcomes(results))
    except OSError as error:
        raise UserError(f"cannot write the results to {folder}: {error}") from error


def _outcomes(results: Sequence[Result]) -> Iterator[Outcome]:
    for result in results:
        yield result.oracle
        yield from result.outcomes
