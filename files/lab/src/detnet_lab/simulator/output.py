"""Writes what a batch found as ``summary.json``, for programs; its runs are in the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from detnet_lab.report.files import write_whole
from detnet_lab.simulator.figures import Comparison


def write(comparison: Comparison, protocol: Mapping[str, object], folder: Path) -> None:
    """Write the figures.

    Raises:
        UserError: the folder or the file cannot be written.
    """
    figures = {"schema": 1, "protocol": dict(protocol), **comparison.to_json()}
    write_whole(folder / "summary.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")
