"""Follows an audit log that is being written, over its rotations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from detnet.model.errors import UserError
from detnet.telemetry.json_lines import decode, is_at

_LOOK_EVERY_S = 0.25


def tail(path: Path, wait: Callable[[float], object] = time.sleep) -> Iterator[dict[str, Any]]:
    """Yield the entries of ``path`` and then every further one, for ever.

    A line is an entry once its newline is there. When another file has taken the name, the old one is read to its end
    first, so that no line is missed.

    Args:
        path: the log.
        wait: called with seconds between two looks.

    Raises:
        UserError: there is no such log, or it cannot be read.
    """
    file = _opened(path)
    if file is None:
        raise UserError(f"audit log {path}: no such file")
    try:
        while True:
            moved = not is_at(path, file.fileno())
            yield from _whole_lines(file)
            newer = _opened(path) if moved else None
            if newer is None:
                wait(_LOOK_EVERY_S)
            else:
                file.close()
                file = newer
    finally:
        file.close()


def _whole_lines(file: BinaryIO) -> Iterator[dict[str, Any]]:
    while True:
        at = file.tell()
        line = file.readline()
        if not line.endswith(b"\n"):
            file.seek(at)
            return
        entry = decode(line)
        if entry is not None:  # else torn by a crash: what it held is lost
            yield entry


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"audit log {path}: cannot read it: {error.strerror}") from error
