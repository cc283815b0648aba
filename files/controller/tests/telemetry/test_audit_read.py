"""Reading an audit log tolerates what crashes and rotations do to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detnet.model.errors import UserError
from detnet.telemetry.json_lines import read, rotate, rotated


@pytest.mark.parametrize(
    "torn", [b'{"number":', b"\0" * 64, b"\xff\xfe{", b"3", b"[]", b'{"a":1}{"b":2}'], ids=lambda torn: repr(torn[:10])
)
def test_torn_lines_are_counted_and_skipped(tmp_path: Path, torn: bytes) -> None:
    """A half line, the zeros that a power cut leaves, or anything that is no object costs itself only."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"number":0}\n' + torn + b'\n{"number":1}\n')
    entries = read(path)
    assert list(entries) == [{"number": 0}, {"number": 1}]
    assert entries.torn == 1


def test_a_last_line_without_an_end_is_torn(tmp_path: Path) -> None:
    """A number that lacks its last digits parses; only the newline proves a line whole."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"number":0}\n{"number":1}')
    entries = read(path)
    assert list(entries) == [{"number": 0}]
    assert entries.torn == 1


def test_an_empty_line_is_nothing(tmp_path: Path) -> None:
    """A healing that was itself cut short leaves an empty line, which lost nothing."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"number":0}\n\n\n{"number":1}\n')
    entries = read(path)
    assert len(list(entries)) == 2
    assert entries.torn == 0


def test_rotated_files_come_first_and_a_torn_end_stays_in_its_file(tmp_path: Path) -> None:
    """Oldest first, across a file that ends in the middle of a line."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"number":3}\n')
    rotated(path, 1).write_bytes(b'{"number":2}\n')
    rotated(path, 2).write_bytes(b'{"number":1}\n{"num')
    entries = read(path)
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert entries.torn == 1


def test_a_rotation_while_reading_hides_nothing(tmp_path: Path) -> None:
    """The files are opened before the first line is asked for, so renames no longer matter."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"number":2}\n')
    rotated(path, 1).write_bytes(b'{"number":1}\n')
    entries = read(path)
    rotate(path, files=2)
    path.write_bytes(b'{"number":3}\n')
    assert [entry["number"] for entry in entries] == [1, 2]


def test_a_crash_between_rename_and_reopening_is_read(tmp_path: Path) -> None:
    """The log exists as long as one of its files does."""
    path = tmp_path / "audit.jsonl"
    rotated(path, 1).write_bytes(b'{"number":1}\n')
    assert list(read(path)) == [{"number": 1}]


def test_no_log_is_said_in_one_sentence(tmp_path: Path) -> None:
    """An empty answer would look like a quiet controller."""
    with pytest.raises(UserError, match=r"audit\.jsonl: no such file$"):
        read(tmp_path / "audit.jsonl")
    with pytest.raises(UserError, match=r"cannot read .*nowhere: No such file"):
        read(tmp_path / "nowhere" / "audit.jsonl")
