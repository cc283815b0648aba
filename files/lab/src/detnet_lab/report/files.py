"""Writes files that are either the old or the new one, never half of each."""

from __future__ import annotations

import os
from pathlib import Path

from detnet.model.errors import UserError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file under another name beside its place and move it there in one step.

    Raises:
        UserError: the folder cannot be made, or the file not be written.
    """
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
