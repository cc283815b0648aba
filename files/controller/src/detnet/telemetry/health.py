"""Health and readiness: reported by the loop, asked for by the HTTP threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes or no, and the sentence that says why."""

    ok: bool
    sentence: str


class Health:
    """What the loop has reported of itself.

    Alive means that a control cycle finished within the last ``allowed_cycles`` periods: a thread that still answers
    HTTP proves nothing about the loop. The time before the first cycle counts from construction.

    Args:
        period_s: length of a control period, in seconds.
        allowed_cycles: periods without a finished cycle after which the loop counts as stuck.
        now_s: monotonic clock.
    """

    def __init__(
        self, *, period_s: float, allowed_cycles: int = 10, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowed_cycles = allowed_cycles
        self.paced(period_s)
        self._now_s = now_s
        self._finished_s = now_s()
        self._config_problem: str | None = None
        self._seen: str | None = None
        self._role: Callable[[], str] | None = None

    def asked_for_role(self, role: Callable[[], str]) -> None:
        """``role`` says whether this replica leads; both kinds are ready, and ``/readyz`` says which one answers."""
        self._role = role

    def paced(self, period_s: float) -> None:
        """The loop's period is (now) this long, in seconds."""
        self._allowed_s = period_s * self._allowed_cycles

    def cycle_finished(self) -> None:
        """A control cycle has run to its end."""
        self._finished_s = self._now_s()

    def began_to_see(self, how: str) -> None:
        """The loop is ready: the first fresh sample came, or blind handling took over. ``how`` says which."""
        self._seen = how

    def configured(self, problem: str | None = None) -> None:
        """The configuration was read (again); ``problem`` says why the new one is not in force."""
        self._config_problem = problem

    def alive(self) -> Answer:
        """Answer ``/healthz``."""
        age_s = self._now_s() - self._finished_s
        if age_s < self._allowed_s:
            return Answer(ok=True, sentence=f"the last control cycle finished {age_s:.1f} s ago")
        return Answer(
            ok=False,
            sentence=f"no control cycle finished for {age_s:.1f} s, and {self._allowed_s:.1f} s are allowed",
        )

    def ready(self) -> Answer:
        """Answer ``/readyz``."""
        if self._config_problem is not None:
            return Answer(ok=False, sentence=f"the configuration is not in force: {self._config_problem}")
        if self._seen is None:
            return Answer(
                ok=False, sentence=self._in_role("no fresh sample has come yet, and blind handling has not begun")
            )
        return Answer(ok=True, sentence=self._in_role(self._seen))

    def _in_role(self, sentence: str) -> str:
        return sentence if self._role is None else f"{sentence}; {self._role()}"
