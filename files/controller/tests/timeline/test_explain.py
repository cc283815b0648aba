"""``detnet explain`` on logs of the real daemon: whole, rotated, torn, empty, growing."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detnet.cli.explain import explain as command
from detnet.model.errors import UserError
from detnet.timeline import Window, follow, read
from detnet.timeline.tail import tail
from timeline.audit_logs import write_log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes of the learned policy, with a neighbour that jumps in."""
    path = tmp_path_factory.mktemp("log") / "audit.jsonl"
    write_log(path, "jitter-spike", duration_s=180.0)
    return path


def explain(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False)


def test_it_says_what_was_seen_done_and_when_it_ended(log: Path) -> None:
    """With numbers, in the words of the objective."""
    shown = " ".join(explain(log).output.split())
    assert re.search(
        r"robot-control's delay was [\d.]+ ms over the quiet path, limit 2 ms, while best effort sent [\d.]+ Mbit/s",
        shown,
    )
    assert re.search(r"Cut from [\d.]+ Mbit/s to [\d.]+ Mbit/s\. Clean again after [\d.]+ s\.", shown)


def test_every_cut_of_the_log_is_counted(log: Path) -> None:
    """The table and the log agree."""
    actions = [json.loads(line)["action"] for line in log.read_text().splitlines()]
    timeline = read(log, Window())
    assert ("cuts", str(actions.count("cut"))) in timeline.totals.deeds(0, 0).rows
    assert actions.count("cut") > 0


def test_the_terms_have_units_and_meanings(log: Path) -> None:
    """The numbers of the last decision are those of its reason."""
    ((policy, reason, table),) = read(log, Window()).terms.tables()
    rows = {row[0].split(":")[0]: row[1] for row in table.rows}
    assert policy == "learned"
    assert f"capacity {rows['capacity']}" in reason
    assert f"{rows['reserve']} of reserve" in reason
    assert rows["strain"].endswith(" %")


def test_rotated_files_are_one_log(log: Path, tmp_path: Path) -> None:
    """As if it had never been rotated."""
    lines = log.read_bytes().splitlines(keepends=True)
    parts = {"audit.jsonl.2": lines[:100], "audit.jsonl.1": lines[100:250], "audit.jsonl": lines[250:]}
    for name, part in parts.items():
        (tmp_path / name).write_bytes(b"".join(part))
    assert explain(tmp_path / "audit.jsonl").output == explain(log).output


def test_torn_and_foreign_lines_are_counted_and_cost_nothing_else(log: Path, tmp_path: Path) -> None:
    """The rest of the log is read as before."""
    lines = log.read_bytes().splitlines(keepends=True)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(lines[:50]) + b'{"time":"2025\n{"hello":1}\n[]\n' + b"".join(lines[50:]) + b'{"tor')
    timeline = read(path, Window())
    assert (timeline.torn, timeline.foreign) == (3, 1)
    assert timeline.totals.whole is not None
    assert timeline.totals.whole.passes == len(lines)


def test_an_empty_log_is_one_sentence(tmp_path: Path) -> None:
    """Not a table of nothing."""
    path = tmp_path / "audit.jsonl"
    path.touch()
    assert explain(path).output == f"{path} holds no decision.\n"


def test_only_the_part_that_was_asked_for_is_read(log: Path) -> None:
    """Both ends, in UTC unless the text says otherwise."""
    window = Window.parse("2025-11-22T14:04:00", "2025-11-22T15:05:00+01:00")
    whole = read(log, window).totals.whole
    assert whole is not None
    assert whole.began.minute == 4
    assert whole.length_s == pytest.approx(60.0, abs=1.0)


def test_the_log_of_two_nodes_is_read_one_node_at_a_time(log: Path, tmp_path: Path) -> None:
    """One timeline of both would be nonsense; the error names them."""
    lines = log.read_text().splitlines()
    second = [json.dumps({**json.loads(line), "domain": "node-2"}) for line in lines[:40]]
    both = tmp_path / "both.jsonl"
    both.write_text("\n".join([*lines, *second, ""]))
    with pytest.raises(UserError, match="all and node-2 among them: add --domain"):
        read(both, Window())
    assert read(both, Window.parse(None, None, "all")).headline() == read(log, Window()).headline()
    whole = read(both, Window.parse(None, None, "node-2")).totals.whole
    assert whole is not None
    assert whole.length_s < 30.0


@pytest.mark.parametrize(("since", "until"), [("yesterday", None), ("2025-13-01", None), ("1h", "2h")])
def test_a_time_that_is_none_is_refused(since: str, until: str | None) -> None:
    """With what was expected."""
    with pytest.raises(UserError, match="expected"):
        Window.parse(since, until)


def test_following_misses_nothing_over_a_rotation(tmp_path: Path) -> None:
    """Lines written to the old file before the new one came are still read; half a line is not."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2}\n{"n"')

    def write_on() -> None:
        with path.open("ab") as file:
            file.write(b':3}\n{"n":4}\n')

    def rotate() -> None:
        path.rename(tmp_path / "audit.jsonl.1")
        path.write_bytes(b'{"n":5}\n')

    script = iter([write_on, rotate])
    entries = tail(path, wait=lambda _: next(script)())
    assert [entry["n"] for entry in itertools.islice(entries, 5)] == [1, 2, 3, 4, 5]


def test_following_shows_a_breach_when_it_begins_and_again_when_it_has_ended(log: Path, tmp_path: Path) -> None:
    """The operator need not wait for the end to learn of it."""
    lines = log.read_bytes().splitlines(keepends=True)
    modes = [json.loads(line)["mode"] for line in lines]
    breach = modes.index("breach")
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(lines[: breach + 2]))
    shown: list[str] = []

    def write_on(_: float) -> None:
        assert "ms over the quiet path" in shown[-1]
        assert "Clean again" not in shown[-1]
        with path.open("ab") as file:
            file.write(b"".join(lines[breach + 2 : breach + 40]))

    for paragraph in follow(path, Window(), wait=write_on):
        shown.append(paragraph)
        if "Clean again" in paragraph:
            break
    assert "Clean again after" in shown[-1]
    assert "Cut from" in shown[-1]


def test_a_log_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    """Live as well as read."""
    with pytest.raises(UserError, match="no such file"):
        next(tail(tmp_path / "audit.jsonl"))
    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "audit.jsonl", Window())
