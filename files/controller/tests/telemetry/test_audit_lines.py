"""The audit log holds one strict JSON line for each entry."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.control.decision import Action
from detnet.model.errors import UserError
from detnet.model.rate import Rate
from detnet.model.signals import Interval
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.json_lines import encode, read
from support import wait_for

NOON = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)

WRITE_FOR_EVER = """
import sys, itertools
from pathlib import Path
from detnet.telemetry.audit import AuditLog
log = AuditLog(Path(sys.argv[1]), max_bytes=200_000, files=50)
for number in itertools.count():
    log.write({"number": number, "padding": "x" * 400})
"""


def test_an_entry_becomes_one_stamped_line(tmp_path: Path) -> None:
    """The line is on file when ``write`` returns, with the wall clock's time first."""
    log = AuditLog(tmp_path / "audit.jsonl", now=lambda: NOON)
    log.write({"number": 1, "reason": "line\nbreak"})
    text = (tmp_path / "audit.jsonl").read_text()
    log.close()
    assert text == '{"time":"2026-11-22T12:00:00.250+00:00","number":1,"reason":"line\\nbreak"}\n'


def test_values_of_the_core_are_converted() -> None:
    """Rates become bit/s, enumerations their value, dataclasses objects, and an open interval keeps its infinity."""
    line = encode(
        {"cap": Rate(5_000_000), "action": Action.CUT, "latency": Interval(5.0, float("inf")), "of": (1, None)}
    )
    assert json.loads(line) == {
        "cap": 5_000_000,
        "action": "cut",
        "latency": {"low": 5.0, "high": "inf"},
        "of": [1, None],
    }


@given(st.dictionaries(st.text(), st.floats() | st.text() | st.lists(st.floats(), max_size=3), max_size=5))
def test_every_line_is_strict_json(entry: dict[str, object]) -> None:
    """Whatever numbers and texts come, the line is one line and needs no reader that knows NaN."""

    def refuse(constant: str) -> object:
        raise AssertionError(f"{constant} is not JSON")

    line = encode(entry)
    assert line.count(b"\n") == 1
    assert json.loads(line, parse_constant=refuse).keys() == entry.keys()


def test_what_is_no_value_is_a_bug() -> None:
    """An object nobody taught the log to write is refused, not written as its repr."""
    with pytest.raises(TypeError):
        encode({"thing": object()})


def test_entries_of_a_killed_writer_are_whole(tmp_path: Path) -> None:
    """SIGKILL between any two instructions, rotations included, leaves every line in its place."""
    path = tmp_path / "audit.jsonl"
    with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)]) as writer:
        try:
            wait_for((tmp_path / "audit.jsonl.3").exists, what="three rotations")
        finally:
            os.kill(writer.pid, signal.SIGKILL)
    entries = read(path)
    numbers = [entry["number"] for entry in entries]
    assert numbers == list(range(len(numbers)))
    assert entries.torn == 0


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_only_a_regular_file_is_accepted(tmp_path: Path, make: object) -> None:
    """A pipe or device (/dev/stdout) would be renamed away by rotation, so it is refused in one sentence."""
    assert callable(make)
    make(tmp_path / "audit.jsonl")
    with pytest.raises(UserError, match=r"audit\.jsonl: not a regular file"):
        AuditLog(tmp_path / "audit.jsonl")


def test_the_log_is_not_readable_by_others(tmp_path: Path) -> None:
    """Decisions name workloads; other users of the machine have no business with them."""
    AuditLog(tmp_path / "audit.jsonl").write({"number": 1})
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o007 == 0
