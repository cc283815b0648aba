"""A disk that refuses costs lines, never the loop; what was lost is counted and logged, and the file repaired."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from detnet.telemetry.audit import AuditLog
from detnet.telemetry.json_lines import read
from support import wait_for

FILL_TO_THE_LIMIT = """
import json, resource, sys
from pathlib import Path
from detnet.telemetry.audit import AuditLog
log = AuditLog(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
for number in range(10):
    log.write({"number": number})
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.write({"number": 10})
log.close()
print(json.dumps({"lost": log.lost_total, "failures": log.failures_total}))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 KiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "detnet-test", str(tmp_path)], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_lines_that_found_no_room_are_counted_and_told(tmp_path: Path) -> None:
    """The kernel cuts a write short at the limit; the torn line is repaired and the next whole one reports the loss."""
    path = tmp_path / "audit.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", FILL_TO_THE_LIMIT, str(path)], check=True, capture_output=True, text=True, timeout=30
    )
    entries = read(path)
    *before, last = entries
    lost = 10 - len(before)
    assert [entry["number"] for entry in before] == list(range(len(before)))
    assert (last["number"], last["lost_before"]) == (10, lost)
    assert lost > 1
    assert entries.torn == 1
    assert json.loads(run.stdout) == {"lost": lost, "failures": lost}


@pytest.mark.root
def test_a_full_disk_is_survived(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """ENOSPC is logged once when it begins and once when it ends, and writing resumes when room is made."""
    filler = small_disk / "filler"
    path = small_disk / "audit.jsonl"
    log = AuditLog(path)
    log.write({"number": 0})
    with filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096) == 4096 and os.statvfs(small_disk).f_bfree:
            pass
    for number in range(1, 60):
        log.write({"number": number, "padding": "x" * 200})
    filler.unlink()
    log.write({"number": 60})
    log.close()
    *_, last = read(path)
    assert (last["number"], last["lost_before"]) == (60, log.lost_total)
    assert log.lost_total > 1
    assert [record.levelname for record in caplog.records if "No space" in record.message] == ["WARNING"]
    assert "writes succeed again" in caplog.text


@pytest.mark.root
def test_a_read_only_file_system_is_survived(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file system that becomes writable late costs exactly the lines before."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    log = AuditLog(small_disk / "audit.jsonl")
    log.write({"number": 1})
    log.write({"number": 2})
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    log.write({"number": 3})
    log.close()
    (only,) = read(small_disk / "audit.jsonl")
    assert (only["number"], only["lost_before"]) == (3, 2)
    assert caplog.text.count("write failed, lines are lost and counted: Read-only file system") == 1


def test_a_folder_that_appears_later_is_used(tmp_path: Path) -> None:
    """The path may not be writable at the start (a mount that is late); lines are counted until it is."""
    path = tmp_path / "late" / "audit.jsonl"
    log = AuditLog(path)
    log.write({"number": 0})
    path.parent.mkdir()
    log.write({"number": 1})
    log.write({"number": 2})
    log.close()
    entries = [{key: entry[key] for key in entry if key != "time"} for entry in read(path)]
    assert entries == [{"lost_before": 1, "number": 1}, {"number": 2}]
    assert log.lost_total == 1


def test_a_torn_last_line_is_repaired_and_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a power cut left is kept as it is, and the next line starts on its own."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"number":0}\n{"numb')
    log = AuditLog(path)
    log.write({"number": 1})
    log.close()
    entries = read(path)
    assert [entry["number"] for entry in entries] == [0, 1]
    assert entries.torn == 1
    assert "its last line was torn" in caplog.text


def test_a_hanging_fsync_does_not_hold_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes its time is waited for elsewhere, even for a cut."""
    asked, released = threading.Event(), threading.Event()
    waiting: set[threading.Thread] = set()

    def slow(_: int) -> None:
        waiting.add(threading.current_thread())
        asked.set()
        released.wait(10.0)

    monkeypatch.setattr(os, "fsync", slow)
    log = AuditLog(tmp_path / "audit.jsonl")
    log.write({"number": 0}, urgent=True)
    assert asked.wait(10.0)
    log.write({"number": 1}, urgent=True)
    assert threading.current_thread() not in waiting
    assert [entry["number"] for entry in read(tmp_path / "audit.jsonl")] == [0, 1]
    released.set()
    log.close()


def test_a_failing_fsync_is_counted_and_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines are written all the same, and no more is promised than the disk keeps."""

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    log = AuditLog(tmp_path / "audit.jsonl")
    for number in range(3):
        seen = log.failures_total
        log.write({"number": number}, urgent=True)
        wait_for(lambda seen=seen: log.failures_total > seen, what="the failure counted")  # type: ignore[misc]
    log.close()
    assert log.lost_total == 0
    assert caplog.text.count("fsync failed, lines may not survive a power cut: Input/output error") == 1
