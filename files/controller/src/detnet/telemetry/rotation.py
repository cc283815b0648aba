"""Rotated files by name: ``audit.jsonl`` is written to, ``audit.jsonl.1`` came before it, and so on."""

from __future__ import annotations

from pathlib import Path


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


def newest_first(path: Path) -> list[Path]:
    """Return ``path`` and its rotated files that exist, the newest first."""
    prefix = f"{path.name}."
    numbered = [
        (int(number), entry)
        for entry in path.parent.iterdir()
        if entry.name.startswith(prefix) and (number := entry.name.removeprefix(prefix)).isdecimal()
    ]
    return [entry for _, entry in sorted([(0, path), *numbered]) if entry.exists()]
