"""What the loops know outlives a restart; a file that cannot be believed is set aside, logged and counted."""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import GUARD, MBPS, ROBOT, rules
from detnet.control.decision import Rules, State
from detnet.control.forecast import Forecast
from detnet.control.learned import Knowledge, Learned
from detnet.control.policies import Steps
from detnet.control.saved_state import SavedState
from detnet.model.errors import UserError
from detnet.model.objectives import Objective
from detnet.telemetry.state_file import StateFile, _decoded, _encoded
from support import wait_for

RULES = rules(policy=Learned())
KNOWN = Knowledge(50.0, 940e6, 0.01, knee_bps=950e6, other=Forecast(now_bps=3e8))
STATE = State(50.0, 600 * MBPS, memory=KNOWN)
REMEMBERED = SavedState.of(RULES, STATE)
CONTENT = _encoded({"eth0": (1_800_000_000.0, REMEMBERED)})


@contextmanager
def opened(path: Path, wall_s: float = 1_800_000_060.0, **times: float) -> Iterator[StateFile]:
    """A state file a minute after ``CONTENT`` was written."""
    file = StateFile(path, **{"max_age_s": 600.0, **times}, wall_s=lambda: wall_s)  # type: ignore[arg-type]
    try:
        yield file
    finally:
        file.close()


def document(**entry: object) -> bytes:
    """Return a file with a right checksum around what may be wrong."""
    loops = {"eth0": {**json.loads(CONTENT)["loops"]["eth0"], **entry}}
    checksum = zlib.crc32(json.dumps(loops, sort_keys=True).encode())
    return json.dumps({"schema": 1, "crc32": checksum, "loops": loops}).encode()


def test_what_a_loop_knew_comes_back(tmp_path: Path) -> None:
    """Capacity, knee and budget, each loop's its own; a loop without a policy that knows has its budget."""
    path, plain = tmp_path / "state.json", rules(policy=Steps())
    with opened(path) as file:
        file.keep("eth0", RULES, STATE)
        file.keep("eth1", plain, State(50.0, 30 * MBPS))
    with opened(path) as file:
        assert file.recall("eth0", RULES) == REMEMBERED
        assert file.recall("eth1", plain) == SavedState(("robot-control",), "steps", 30 * MBPS)
        assert file.recall("eth2", RULES) is None
    again = REMEMBERED.knowledge(9.0)
    assert again == Knowledge(9.0, 940e6, 0.01, knee_bps=950e6, other=Forecast())


def test_a_kill_loses_at_most_what_was_not_yet_written(tmp_path: Path) -> None:
    """The file is there while the daemon runs, and whole; one write in ten seconds."""
    path = tmp_path / "state.json"
    with opened(path) as file:
        file.keep("eth0", RULES, STATE)
        wait_for(path.exists, what="the first write")
        first = path.read_bytes()
        for _ in range(100):
            file.keep("eth0", RULES, replace(STATE, budget_bps=500 * MBPS))
        assert path.read_bytes() == first
        assert _decoded(first)["eth0"][1] == REMEMBERED
    assert _decoded(path.read_bytes())["eth0"][1].budget_bps == 500 * MBPS
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    ("changed", "wall_s", "why"),
    [
        (RULES, 1_800_000_601.0, "it was written 601 s ago"),
        (RULES, 1_799_999_999.0, "it comes from the future"),
        (rules(policy=Steps()), 1_800_000_060.0, "it is of the policy learned"),
        (rules(Objective("scanner", latency_ms=1.0), policy=Learned()), 1_800_000_060.0, "it is of other objectives"),
        (rules(guard=replace(GUARD, maximum_bps=500 * MBPS), policy=Learned()), 1_800_000_060.0, "its budget lies"),
    ],
)
def test_what_does_not_fit_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changed: Rules, wall_s: float, why: str
) -> None:
    """Too old, a wall clock that went back, another policy, objective or range: a cold start, and the log says why."""
    path = tmp_path / "state.json"
    path.write_bytes(CONTENT)
    caplog.set_level(logging.INFO)
    with opened(path, wall_s) as file:
        assert file.recall("eth0", changed) is None
        assert file.unusable_total == 0
    assert why in caplog.text
    assert path.read_bytes() == CONTENT


@given(st.data())
def test_no_damage_is_believed(data: st.DataObject) -> None:
    """Bytes changed, lost, added, or the end cut off anywhere: refused, or nothing was changed in what it says."""
    at = data.draw(st.integers(0, len(CONTENT) - 1))
    damage = data.draw(st.binary(max_size=3))
    gone = data.draw(st.integers(0, 3) | st.just(len(CONTENT)))
    try:
        kept = _decoded(CONTENT[:at] + damage + CONTENT[at + gone :])
    except (ValueError, RecursionError):
        return
    assert kept == _decoded(CONTENT)


def test_no_flipped_byte_is_believed() -> None:
    """At every position."""
    for at in range(len(CONTENT)):
        for bit in (0x01, 0x04, 0x20, 0x80):
            damaged = CONTENT[:at] + bytes([CONTENT[at] ^ bit]) + CONTENT[at + 1 :]
            try:
                assert _decoded(damaged) == _decoded(CONTENT)
            except ValueError:
                continue


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 4096,
        b"null",
        b"[1, 2]",
        b"[" * 100_000,
        b'{"schema": 2, "crc32": 0, "loops": {}}',
        b'{"schema": 1, "loops": {}}',
        CONTENT[:-1],
        b" " * (5 << 20) + CONTENT,
        document(capacity_bps=float("nan")),
        document(capacity_bps=float("inf")),
        document(capacity_bps=10**400),
        document(capacity_bps=-1.0),
        document(capacity_bps="940M"),
        document(capacity_bps=True),
        document(budget_bps=None),
        document(budget_bps=0),
        document(pace_per_s=2.0),
        document(knee_bps=0.0),
        document(counted=None),
        document(policy=7),
        document(workloads="robot-control"),
        document(workloads=[1]),
        document(written_s="now"),
        document(written_s=float("nan")),
        document(more=1),
    ],
)
def test_an_unusable_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    """One sentence, one count, the file under another name, and a start without it that can be kept again."""
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with opened(path) as file:
        assert file.recall("eth0", RULES) is None
        assert file.unusable_total == 1
        (aside,) = tmp_path.iterdir()
        assert aside.name == "state.json.corrupt-20270115T080100Z"
        assert aside.read_bytes() == content
        assert len([record for record in caplog.records if str(path) in record.message]) == 1
        file.keep("eth0", RULES, STATE)
    assert _decoded(path.read_bytes())["eth0"][1] == REMEMBERED


def test_a_folder_that_cannot_be_written_to_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The loop goes on; when the folder is there again, so is the file."""
    path = tmp_path / "late" / "state.json"
    with opened(path, every_s=0.0) as file:
        for _ in range(3):
            failed = file.failures_total
            file.keep("eth0", RULES, STATE)
            wait_for(lambda: file.failures_total > failed, what="another failed write")  # noqa: B023 - waited for here
        assert len([record for record in caplog.records if "No such file" in record.message]) == 1
        path.parent.mkdir()
        file.keep("eth0", RULES, STATE)
        wait_for(path.exists, what="a write")
    with opened(path) as file:
        assert file.recall("eth0", RULES) == REMEMBERED


def test_the_draft_of_a_killed_daemon_is_no_obstacle(tmp_path: Path) -> None:
    """In a container every daemon has the same process id."""
    path = tmp_path / "state.json"
    (tmp_path / f".state.json.{os.getpid()}").write_bytes(b"half")
    with opened(path) as file:
        file.keep("eth0", RULES, STATE)
    assert _decoded(path.read_bytes())["eth0"][1] == REMEMBERED
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_a_path_that_is_no_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A folder named by mistake must not be renamed."""
    with pytest.raises(UserError, match="not a regular file"):
        StateFile(tmp_path, max_age_s=600.0)
    assert tmp_path.is_dir()


def test_a_loop_that_is_gone_is_forgotten_when_it_is_too_old(tmp_path: Path) -> None:
    """Nodes come and go; the file does not grow for ever."""
    path = tmp_path / "state.json"
    path.write_bytes(CONTENT)
    for wall_s, names in ((1_800_000_060.0, {"eth0", "eth1"}), (1_800_000_601.0, {"eth1"})):
        with opened(path, wall_s) as file:
            file.keep("eth1", rules(ROBOT), State(50.0, 30 * MBPS))
        assert set(_decoded(path.read_bytes())) == names
