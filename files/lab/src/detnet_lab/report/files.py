"""Writes the files of a report."""

from __future__ import annotations

from pathlib import Path

from detnet.model.errors import UserError
from detnet.telemetry.disk import replace_file


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace a file as a whole; its folder is made where there is none.

    Raises:
        UserError: the folder cannot be made, or the file not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
