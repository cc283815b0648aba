"""The result store of a batch: ``runs.csv``, one row per run, written as soon as its world is done.

A batch that was ended goes on from it. A row counts only for the very world and code that it was made by.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import detnet
import detnet_lab
from detnet.model.errors import UserError
from detnet_lab.report.output_files import write_whole
from detnet_lab.simulator.batch import Job
from detnet_lab.simulator.outcome import Outcome
from detnet_lab.simulator.plant import Plant

_MADE_BY = "made_by"
_COLUMNS = (*(field.name for field in fields(Outcome)), _MADE_BY)
_OUTCOME = TypeAdapter(Outcome)


class ResultStore:
    """The outcomes that are known, by world and policy; new ones are appended to the file."""

    def __init__(self, path: Path) -> None:
        """Read what the file already holds and this code can stand for; the rest of it is dropped.

        Raises:
            UserError: the file cannot be read or written, or one of its rows is none.
        """
        self._path = path
        self._code = _code()
        self._known: dict[tuple[str, int], dict[str, Outcome]] = {}
        self._sources: dict[tuple[str, Plant], str] = {}
        try:
            text = path.read_text() if path.exists() else ""
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        # A killed batch may leave a part of a row.
        for number, row in enumerate(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])), 2):
            if str(row.get(_MADE_BY)).startswith(self._code):
                outcome = _outcome(row, f"{path}, line {number}")
                self._known.setdefault((row[_MADE_BY], outcome.seed), {})[outcome.policy] = outcome

    def known(self, job: Job) -> Mapping[str, Outcome]:
        """Return the outcomes of a world by policy."""
        return self._known.get((self._source(job), job.seed), {})

    def write(self) -> None:
        """Write the file anew, with all rows in order.

        Raises:
            UserError: it cannot be written.
        """
        every = [(one, source) for (source, _seed), by_policy in self._known.items() for one in by_policy.values()]
        every.sort(key=lambda each: (each[0].scenario, each[0].policy, each[0].plant, each[0].seed))
        text = io.StringIO()
        csv.writer(text).writerows([_COLUMNS, *(_row(one, source) for one, source in every)])
        write_whole(self._path, text.getvalue())

    def add(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        """Append outcomes of a job.

        Raises:
            UserError: the file cannot be written.
        """
        source = self._source(job)
        self._known.setdefault((source, job.seed), {}).update({one.policy: one for one in outcomes})
        try:
            with self._path.open("a", newline="") as file:
                csv.writer(file).writerows(_row(one, source) for one in outcomes)
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}") from error

    def _source(self, job: Job) -> str:
        """Return what makes an outcome, but for the policy and the seed."""
        key = (job.scenario.name, job.plant)
        if key not in self._sources:
            self._sources[key] = f"{self._code}{_digest(f'{job.scenario!r} {job.plant!r}'.encode())}"
        return self._sources[key]


def _row(outcome: Outcome, source: str) -> list[object]:
    values = asdict(outcome) | {"broken": json.dumps(outcome.broken)}
    return [*values.values(), source]


def _outcome(row: Mapping[str, str | None], where: str) -> Outcome:
    values = {key: value or None for key, value in row.items() if key != _MADE_BY}
    try:
        return _OUTCOME.validate_python(values | {"broken": json.loads(values.get("broken") or "null")})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"{where}: {first['loc'][0]}: {first['msg']}; remove the file to begin anew") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: broken: {error}; remove the file to begin anew") from error


def _code() -> str:
    """Return a fingerprint of the controller and the lab: any change of either may change any outcome."""
    folders = [Path(file).parent for file in (detnet.__file__, detnet_lab.__file__)]
    return _digest(b"".join(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.py"))))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
