"""``detnet explain`` on logs of the real daemon: whole, rotated, torn, empty, growing."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detnet.cli.explain import command
from detnet.model.errors import UserError
from detnet.report.story import Window, draw, live, tell
from detnet.report.story.follow import follow
from report.factory import write_log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes of the learned policy, with a neighbour that jumps in."""
    path = tmp_path_factory.mktemp("log") / "audit.jsonl"
    write_log(path, "jitter-spike", duration_s=180.0)
    return path


def explain(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False)


def test_the_story_says_what_was_seen_done_and_when_it_ended(log: Path) -> None:
    """With numbers, in the words of the objective."""
    story = " ".join(explain(log).output.split())
    assert re.search(
        r"robot-control's delay was [\d.]+ ms over the quiet path, limit 2 ms, while best effort sent [\d.]+ Mbit/s",
        story,
    )
    assert re.search(r"Cut from [\d.]+ Mbit/s to [\d.]+ Mbit/s\. Clean again after [\d.]+ s\.", story)


def test_every_cut_of_the_log_is_counted(log: Path) -> None:
    """The table and the log agree."""
    actions = [json.loads(line)["action"] for line in log.read_text().splitlines()]
    told = tell(log, Window())
    assert ("cuts", str(actions.count("cut"))) in told.totals.deeds(0, 0).rows
    assert actions.count("cut") > 0


def test_the_terms_have_units_and_meanings(log: Path) -> None:
    """The numbers of the last decision are those of its reason."""
    ((policy, reason, table),) = tell(log, Window()).terms.tables()
    rows = {row[0].split(":")[0]: row[1] for row in table.rows}
    assert policy == "learned"
    assert f"capacity {rows['capacity']}" in reason
    assert f"{rows['reserve']} of reserve" in reason
    assert rows["strain"].endswith(" %")


def test_rotated_files_tell_one_story(log: Path, tmp_path: Path) -> None:
    """As if it had never been rotated."""
    lines = log.read_bytes().splitlines(keepends=True)
    parts = {"audit.jsonl.2": lines[:100], "audit.jsonl.1": lines[100:250], "audit.jsonl": lines[250:]}
    for name, part in parts.items():
        (tmp_path / name).write_bytes(b"".join(part))
    assert explain(tmp_path / "audit.jsonl").output == explain(log).output


def test_torn_and_foreign_lines_are_counted_and_cost_nothing_else(log: Path, tmp_path: Path) -> None:
    """The rest of the log is told as before."""
    lines = log.read_bytes().splitlines(keepends=True)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(lines[:50]) + b'{"time":"2025\n{"hello":1}\n[]\n' + b"".join(lines[50:]) + b'{"tor')
    told = tell(path, Window())
    assert (told.torn, told.foreign) == (3, 1)
    assert told.totals.whole is not None
    assert told.totals.whole.passes == len(lines)


def test_an_empty_log_is_one_sentence(tmp_path: Path) -> None:
    """And its page and picture can still be asked for."""
    path = tmp_path / "audit.jsonl"
    path.touch()
    result = explain(path, "--html", tmp_path / "a.html", "--png", tmp_path / "a.png")
    assert result.output == f"{path} holds no decision.\n"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_only_the_part_that_was_asked_for_is_told(log: Path) -> None:
    """Both ends, in UTC unless the text says otherwise."""
    window = Window.parse("2025-11-22T14:04:00", "2025-11-22T15:05:00+01:00")
    whole = tell(log, window).totals.whole
    assert whole is not None
    assert whole.began.minute == 4
    assert whole.length_s == pytest.approx(60.0, abs=1.0)


def test_the_stories_of_two_nodes_are_told_one_by_one(log: Path, tmp_path: Path) -> None:
    """Told as one they would be nonsense; which ones there are is said."""
    lines = log.read_text().splitlines()
    second = [json.dumps({**json.loads(line), "domain": "node-2"}) for line in lines[:40]]
    both = tmp_path / "both.jsonl"
    both.write_text("\n".join([*lines, *second, ""]))
    with pytest.raises(UserError, match="all and node-2 among them: add --domain"):
        tell(both, Window())
    assert tell(both, Window.parse(None, None, "all")).headline() == tell(log, Window()).headline()
    told = tell(both, Window.parse(None, None, "node-2")).totals.whole
    assert told is not None
    assert told.length_s < 30.0


@pytest.mark.parametrize(("since", "until"), [("yesterday", None), ("2025-13-01", None), ("1h", "2h")])
def test_a_time_that_is_none_is_refused(since: str, until: str | None) -> None:
    """With what was expected."""
    with pytest.raises(UserError, match="expected"):
        Window.parse(since, until)


def test_texts_of_the_log_are_escaped_on_the_page(log: Path, tmp_path: Path) -> None:
    """A log may have been written by anybody who may write there."""
    path = tmp_path / "audit.jsonl"
    path.write_text(log.read_text().replace("robot-control", "<script>alert(1)</script>"))
    draw(tell(path, Window()), html=tmp_path / "a.html", png=None)
    assert "<script" not in (tmp_path / "a.html").read_text()


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
    entries = follow(path, wait=lambda _: next(script)())
    assert [entry["n"] for entry in itertools.islice(entries, 5)] == [1, 2, 3, 4, 5]


def test_live_tells_a_breach_when_it_begins_and_again_when_it_has_ended(log: Path, tmp_path: Path) -> None:
    """The operator need not wait for the end to learn of it."""
    lines = log.read_bytes().splitlines(keepends=True)
    modes = [json.loads(line)["mode"] for line in lines]
    breach = modes.index("breach")
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(lines[: breach + 2]))
    told: list[str] = []

    def write_on(_: float) -> None:
        assert "ms over the quiet path" in told[-1]
        assert "Clean again" not in told[-1]
        with path.open("ab") as file:
            file.write(b"".join(lines[breach + 2 : breach + 40]))

    for paragraph in live(path, Window(), wait=write_on):
        told.append(paragraph)
        if "Clean again" in paragraph:
            break
    assert "Clean again after" in told[-1]
    assert "Cut from" in told[-1]


def test_a_log_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    """Live as well as read."""
    with pytest.raises(UserError, match="no such file"):
        next(follow(tmp_path / "audit.jsonl"))
    with pytest.raises(UserError, match="no such file"):
        tell(tmp_path / "audit.jsonl", Window())
