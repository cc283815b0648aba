"""Log records take the form that their reader wants."""

from __future__ import annotations

import itertools
import json
import logging
import os
import pty
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from detnet.telemetry.logs import configure
from detnet.telemetry.state_changes import QUIET_S, ProblemLog, StateChangeLogger


@pytest.fixture(autouse=True)
def _restored_root() -> Iterator[None]:
    """Give pytest its own logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[TextIO]:
    """A log stream that is a plain file."""
    with (tmp_path / "log").open("w+") as stream:
        yield stream


def written(stream: TextIO) -> list[str]:
    """Return the lines in the file."""
    stream.seek(0)
    return stream.read().splitlines()


def raise_for(reason: str) -> None:
    """Fail as a function deep down would."""
    raise RuntimeError(reason)


def fail() -> None:
    """Log an exception with its traceback."""
    try:
        raise_for("two\nlines")
    except RuntimeError:
        logging.getLogger("detnet.test").exception("it failed")


def test_a_pod_logs_one_json_object_per_record(file: TextIO) -> None:
    """The traceback stays inside its record, so that a collector sees one entry."""
    configure(stream=file, environ={})
    fail()
    (line,) = written(file)
    record = json.loads(line)
    assert (record["level"], record["logger"], record["message"]) == ("error", "detnet.test", "it failed")
    assert "RuntimeError: two\nlines" in record["exception"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", record["time"])


def test_journald_gets_a_priority_on_every_line(file: TextIO) -> None:
    """Each line is an entry of its own there, those of a traceback too."""
    opened = os.fstat(file.fileno())
    configure("DEBUG", stream=file, environ={"JOURNAL_STREAM": f"{opened.st_dev}:{opened.st_ino}"})
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logging.getLogger("detnet.test").log(level, "text")
    assert written(file) == [f"<{priority}>detnet.test: text" for priority in (7, 6, 4, 3, 2)]
    fail()
    assert all(line.startswith("<3>") for line in written(file)[5:])


def test_an_inherited_journal_variable_is_not_believed(file: TextIO) -> None:
    """A child of a service whose stderr was redirected is not talking to journald."""
    configure(stream=file, environ={"JOURNAL_STREAM": "8:12345"})
    logging.getLogger("detnet.test").warning("text")
    assert json.loads(written(file)[0])["message"] == "text"


def test_a_terminal_gets_plain_text() -> None:
    """A person reads it."""
    ours, theirs = pty.openpty()
    with open(theirs, "w", buffering=1) as stream:  # noqa: PTH123 - a descriptor
        configure(stream=stream, environ={})
        logging.getLogger("detnet.test").warning("the cap is held")
        assert re.fullmatch(rb"\d\d:\d\d:\d\d WARNING the cap is held\r\n", os.read(ours, 1000))
    os.close(ours)


def test_the_level_is_obeyed_and_lines_come_once(file: TextIO) -> None:
    """Configuring again (a reload) replaces the handler instead of doubling every line."""
    configure("DEBUG", stream=file, environ={})
    configure("WARNING", stream=file, environ={})
    logging.getLogger("detnet.test").info("not this")
    logging.getLogger("detnet.test").warning("this")
    assert len(written(file)) == 1


def test_a_condition_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """However often it is seen in between, and separately for each key."""
    state_changes = StateChangeLogger(logging.getLogger("detnet.test"))
    state_changes.end("a", "a is over")
    for _ in range(5):
        state_changes.begin("a", "a fails")
        state_changes.begin("b", "b fails", level=logging.ERROR)
    assert state_changes.ongoing("a")
    state_changes.end("a", "a is over")
    assert not state_changes.ongoing("a")
    state_changes.begin("a", "a fails")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "a fails"),
        ("ERROR", "b fails"),
        ("WARNING", "a is over (seen 5 times)"),
        ("WARNING", "a fails"),
    ]


def counted(caplog: pytest.LogCaptureFixture, *readings: tuple[int, float]) -> list[str]:
    """Return what is logged of one counter that is read at these times."""
    state_changes = StateChangeLogger(logging.getLogger("detnet.test"))
    for count, at_s in readings:
        state_changes.counted({"packets are lost": count, "packets are late": 0}, at_s)
    return [record.message for record in caplog.records]


def test_a_growing_counter_is_one_condition(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand packets are two lines, the second with their number, after the counter has stood still."""
    growing = [(5 + at, at / 100) for at in range(1000)]
    assert counted(caplog, *growing, (1004, 9.99 + QUIET_S / 2)) == ["packets are lost"]
    caplog.clear()
    ends = [(1004, 9.99 + QUIET_S), (1004, 100.0)]
    assert counted(caplog, *growing, *ends)[1:] == ["no longer: packets are lost (seen 1004 times)"]


def test_a_counted_condition_that_returns_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    """After an end comes a new beginning, counted from there."""
    assert counted(caplog, (1, 0.0), (1, 10.0), (3, 20.0), (3, 30.0)) == [
        "packets are lost",
        "no longer: packets are lost (seen 1 times)",
        "packets are lost",
        "no longer: packets are lost (seen 2 times)",
    ]


class Hour:
    """A log of problems on a clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.log = ProblemLog(logging.getLogger("detnet.test"), now_s=lambda: self.now_s)

    def passes(self, *sentences: str, seconds: float = 0.5) -> None:
        """See these problems in every pass for so long."""
        for _pass in range(round(seconds / 0.5)):
            self.now_s += 0.5
            self.log.take(sentences)


def test_a_problem_that_goes_on_is_one_line_and_one_each_ten_minutes(caplog: pytest.LogCaptureFixture) -> None:
    """Its figures move in every pass, and it may be away for a moment."""
    hour = Hour()
    for number in range(3600):
        hour.passes(f"Pod ns/up-1 sends {40 + number % 7}.{number % 10} Mbit/s under a cap of 20 Mbit/s", seconds=0.5)
        if number % 100 == 0:
            hour.passes(seconds=1.0)
    messages = [record.message for record in caplog.records]
    assert len(messages) == 1 + 3
    assert messages[0].startswith("Pod ns/up-1 sends 40.0 Mbit/s")
    assert all(message.startswith("still: Pod ns/up-1") for message in messages[1:])
    hour.passes(seconds=QUIET_S + 1.0)
    assert caplog.records[-1].message.startswith("no longer: Pod ns/up-1")


def test_whoever_makes_a_new_problem_in_each_pass_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """An hour of it is bounded, and it is said that not all is logged."""
    hour = Hour()
    words = ["".join(letters) for letters in itertools.product("abcdefghij", repeat=4)]
    for word in words[:7200]:
        hour.passes(f"Deployment ns/x: the annotation is {word!r}")
    messages = [record.message for record in caplog.records]
    assert len(messages) <= 2 * (40 + 3600 / 30) + 20
    assert "problems come too fast to log each of them" in messages
