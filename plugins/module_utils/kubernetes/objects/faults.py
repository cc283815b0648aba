"""A fault in working out one object or domain ends there: its caps are held, it is reported, and the others go on.

What tenants write is checked where it is read. This is for what was not thought of: no object of a cluster may end the
work that protects everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from traceback import walk_tb

from ...model.errors import one_line

HELD = "is not controlled, its caps are held"
_LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be worked out, and what that means for it.

    ``kind`` is ``domain``, ``workload`` or ``pod``, or the step that failed for all of them. ``error`` says what was
    raised and where: the exception itself would keep alive what was read. Two faults of one thing with one meaning are
    equal, whatever was raised.
    """

    kind: str
    name: str
    outcome: str
    error: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.name} {self.outcome}: {self.error}"


class Faults:
    """Takes faults in where they happen."""

    def __init__(self) -> None:
        self._found: dict[Fault, None] = {}

    @property
    def found(self) -> tuple[Fault, ...]:
        """The faults so far, each once."""
        return tuple(self._found)

    def names(self) -> frozenset[str]:
        """Return the names of what could not be worked out."""
        return frozenset(fault.name for fault in self._found)

    @contextmanager
    def contained(self, kind: str, name: object, outcome: str = HELD) -> Iterator[None]:
        """End every exception here; what follows inside is skipped, and what follows outside goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self._found.setdefault(Fault(kind, str(name), outcome, _said(error)))


def _said(error: Exception) -> str:
    (*_callers, (frame, line)) = walk_tb(error.__traceback__)
    where = f"{PurePath(frame.f_code.co_filename).name}:{line}"
    return f"{one_line(repr(error), _LONGEST_ERROR)} ({where})"
