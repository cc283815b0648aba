# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook has gathered, read for an answer, and answers as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .series import Series, of

Answer = tuple[str, bool]
Gathered = Mapping[str, Any]


class NotMeasuredError(Exception):
    """The question cannot be answered here; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``verdict`` is ``yes``, ``no`` or ``not measured``."""

    name: str
    question: str
    measured: str
    expected: str
    verdict: str


def asked(gathered: Gathered, name: str) -> Mapping[str, Any]:
    """Return a module's result.

    Raises:
        NotMeasuredError: there is none.
    """
    result: Mapping[str, Any] = gathered.get(name, {})
    if result.get("why"):
        raise NotMeasuredError(str(result["why"]))
    if not result or result.get("skipped"):
        raise NotMeasuredError("it was not asked")
    if result.get("failed") or "msg" in result:
        raise NotMeasuredError(" ".join(str(result.get("msg", "no answer")).split()))
    return result


def pages(gathered: Gathered) -> Sequence[str]:
    """Return the metrics of each controller that answers.

    Raises:
        NotMeasuredError: none does.
    """
    results = gathered.get("controllers", [])
    texts = [str(each.get("stdout", each.get("content", ""))) for each in results]
    answered = [text for text in texts if "detnet_build_info" in text]
    if not answered:
        messages = [str(each.get("msg") or each.get("stderr") or "") for each in results]
        reasons = {" ".join(each.split()) for each in messages if each}
        raise NotMeasuredError("; ".join(sorted(reasons)) or "there is no controller")
    return answered


def series(gathered: Gathered, name: str) -> list[Series]:
    """Return the series of one name of all controllers.

    Raises:
        NotMeasuredError: none answers.
    """
    return [each for page in pages(gathered) for each in of(page, name)]


def table(answers: Sequence[Mapping[str, str]]) -> str:
    """Return the answers as a text with one line for each, what was measured at the end because it has no bound."""
    return aligned(("verdict", "question", "expected", "measured"), answers)


def aligned(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """Return a text whose first line names the columns, each as wide as its widest text."""
    widths = {name: max(len(name), *(len(each[name]) for each in rows)) for name in columns}
    lines = [{name: name.upper() for name in columns}, *rows]
    return "\n".join("  ".join(line[name].ljust(widths[name]) for name in columns).rstrip() for line in lines)


def faults(answers: Sequence[Mapping[str, str]], required: Sequence[str] = ()) -> list[str]:
    """Return a sentence for each ``no``, and for each question in ``required`` (by name) that has no answer.

    Raises:
        ValueError: there is no question of a name that is required.
    """
    known = [each["name"] for each in answers]
    if strange := [name for name in required if name not in known]:
        raise ValueError(f"there is no question {', '.join(strange)}: expected some of {', '.join(known)}")
    bad = [
        each for each in answers if each["verdict"] == "no" or (each["verdict"] != "yes" and each["name"] in required)
    ]
    return [
        f"{each['question']} {each['verdict'].capitalize()}: {each['measured']}; expected {each['expected']}."
        for each in bad
    ]
