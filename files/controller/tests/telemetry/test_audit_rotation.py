"""The audit log is rotated by size without losing a line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detnet.telemetry.audit import AuditLog
from detnet.telemetry.json_lines import newest_first, read, rotate, rotated


def numbers(path: Path) -> list[object]:
    """Return what was written, as read back."""
    return [entry["number"] for entry in read(path)]


def test_files_stay_below_their_size_and_number(tmp_path: Path) -> None:
    """No file grows past ``max_bytes``, no more than ``files`` remain, and what remains is the newest, in order."""
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path, max_bytes=500, files=3)
    for number in range(100):
        log.write({"number": number})
    log.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert max(each.stat().st_size for each in tmp_path.iterdir()) <= 500
    kept = numbers(path)
    assert kept == list(range(100 - len(kept), 100))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=40))
def test_no_line_is_lost_whatever_the_lengths(lengths: list[int]) -> None:
    """With room for all files, every line comes back in order, even one longer than a file may be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "audit.jsonl")
        log = AuditLog(path, max_bytes=300, files=60)
        for number, length in enumerate(lengths):
            log.write({"number": number, "padding": "x" * length})
        log.close()
        assert not lengths or numbers(path) == list(range(len(lengths)))


def test_a_rotation_cut_short_drops_no_file(tmp_path: Path) -> None:
    """After a crash between two renames the next rotation closes the gap instead of pushing the oldest file out."""
    path = tmp_path / "audit.jsonl"
    for name in (path, rotated(path, 1), rotated(path, 3)):
        name.write_text(name.name)
    rotate(path, files=4)
    path.touch()
    assert [each.read_text() for each in newest_first(path)[1:]] == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.3"]


def test_files_are_ordered_by_number_and_strangers_left_out(tmp_path: Path) -> None:
    """``.10`` comes after ``.9``, and neighbours with other names are not ours."""
    path = tmp_path / "audit.jsonl"
    for name in (
        "audit.jsonl",
        "audit.jsonl.10",
        "audit.jsonl.9",
        "audit.jsonl.gz",
        "audit.jsonl.1.gz",
        "other.jsonl.1",
    ):
        (tmp_path / name).touch()
    assert [each.name for each in newest_first(path)] == ["audit.jsonl", "audit.jsonl.9", "audit.jsonl.10"]


def test_a_failed_rotation_costs_no_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file grows past its size, the failure is logged once, and rotation resumes when it can."""
    path = tmp_path / "audit.jsonl"
    blocker = rotated(path, 1)
    blocker.mkdir()
    log = AuditLog(path, max_bytes=200, files=2)
    for number in range(10):
        log.write({"number": number})
    assert numbers_of_file(path) == list(range(10))
    assert log.failures_total > 1
    assert [record.message for record in caplog.records if "rotation" in record.message] == [
        f"audit log {path}: rotation failed, the file grows past its size: Is a directory"
    ]
    blocker.rmdir()
    log.write({"number": 10})
    log.close()
    assert numbers(path) == list(range(11))
    assert "rotation succeeds again" in caplog.text


def numbers_of_file(path: Path) -> list[object]:
    """Return the numbers in this one file, whatever lies beside it."""
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    return numbers(copy)


def test_a_file_moved_away_by_others_is_started_anew(tmp_path: Path) -> None:
    """A person or logrotate may move or remove the file; later lines do not vanish into it."""
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    log.write({"number": 0})
    path.unlink()
    log.write({"number": 1})
    path.rename(tmp_path / "taken")
    log.write({"number": 2})
    log.close()
    assert numbers(path) == [2]
    assert numbers(tmp_path / "taken") == [1]
