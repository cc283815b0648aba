"""JSON lines: values of the core become one line, and lines become values again, torn ones counted."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from detnet.model.errors import UserError
from detnet.model.rate import Rate


def rotated(path: Path, number: int) -> Path:
    """Return the name of the ``number``-th file before ``path``."""
    return path.with_name(f"{path.name}.{number}")


def rotate(path: Path, files: int) -> None:
    """Free the name ``path`` by renaming, so that at most ``files`` files remain once it exists again.

    Only the files in front of the first free number move. A pass that was cut short (a crash, a failed rename) leaves
    such a gap, and the next one closes it without dropping a file; each rename(2) is atomic, so no line is ever
    without a name.

    Args:
        path: the file that is being written to.
        files: how many files to keep, ``path`` included; at least 2.

    Raises:
        OSError: a rename failed; all files still exist.
    """
    oldest = files - 1
    free = next((number for number in range(1, oldest) if not rotated(path, number).exists()), oldest)
    for number in range(free, 1, -1):
        rotated(path, number - 1).replace(rotated(path, number))
    path.replace(rotated(path, 1))


def is_at(path: Path, fd: int) -> bool:
    """Return whether the open file ``fd`` still has the name ``path``; rotation, removal or a mount take it away."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def newest_first(path: Path) -> list[Path]:
    """Return ``path`` and its rotated files that exist, the newest first."""
    prefix = f"{path.name}."
    numbered = [
        (int(number), entry)
        for entry in path.parent.iterdir()
        if entry.name.startswith(prefix) and (number := entry.name.removeprefix(prefix)).isdecimal()
    ]
    return [entry for _, entry in sorted([(0, path), *numbered]) if entry.exists()]


if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def encode(entry: Mapping[str, object]) -> bytes:
    """Return ``entry`` as one line of strict JSON with its newline.

    Rates become bit/s. Infinite and NaN numbers become the texts that ``float`` reads (``"inf"``, ``"nan"``): JSON has
    no such numbers (RFC 8259 section 6), and null would say that nothing was known.

    Raises:
        TypeError: a value is neither JSON-like nor a dataclass, an enumeration or a rate.
    """
    return json.dumps(_plain(entry), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def as_entry(value: DataclassInstance) -> dict[str, object]:
    """Return a dataclass's fields by name, their values untouched."""
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


def _plain(value: object) -> object:
    match value:
        case enum.Enum(value=plain) | Rate(bps=plain):
            return plain
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case float() if not math.isfinite(value):
            return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(as_entry(value))
    return value


class Lines(Iterator[dict[str, Any]]):
    """The entries of an audit log and its rotated files, oldest first.

    ``torn`` counts the lines met so far that are no entry: cut short by a crash, or being written this moment.
    """

    def __init__(self, files: list[BinaryIO], closing: ExitStack) -> None:
        self.torn = 0
        self._lines = (line for file in files for line in file)
        self._closing = closing

    def __next__(self) -> dict[str, Any]:
        for line in self._lines:
            entry = decode(line)
            if entry is not None:
                return entry
            self.torn += line != b"\n"  # an empty line is what is left of a repair that was itself cut short
        self._closing.close()
        raise StopIteration


def decode(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line, or ``None`` when it is none: torn, or not an object of JSON."""
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def read(path: Path) -> Lines:
    """Read the audit log ``path`` with its rotated files.

    All files are opened before the first is read, the newest first, so that a rotation meanwhile can only show the same
    file twice, which is noticed, and never hide one.

    Raises:
        UserError: there is no such log, or it may not be read.
    """
    files: dict[tuple[int, int], BinaryIO] = {}
    with ExitStack() as closing:
        try:
            for each in newest_first(path):
                file = closing.enter_context(each.open("rb"))
                identity = os.fstat(file.fileno())
                files[identity.st_dev, identity.st_ino] = file
        except OSError as error:
            raise UserError(f"audit log {path}: cannot read {error.filename}: {error.strerror}") from error
        if not files:
            raise UserError(f"audit log {path}: no such file")
        return Lines(list(reversed(files.values())), closing.pop_all())
