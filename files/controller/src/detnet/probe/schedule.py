"""When probes are due: an absolute schedule, so that the error of one moment is not carried into the next."""

from __future__ import annotations


class Schedule:
    """Slots at a steady rate; times are monotonic ns."""

    def __init__(self, *, start_ns: float, rate_hz: float) -> None:
        self._start_ns = start_ns
        self._period_ns = 1e9 / rate_hz
        self._slot = 0

    @property
    def due_ns(self) -> int:
        """When the next probe is due."""
        return round(self._start_ns + self._slot * self._period_ns)

    def take(self, now_ns: int) -> tuple[int, int]:
        """Use the newest slot that is due at ``now_ns`` and return its time and how many older ones are left out.

        A burst of belated probes would measure only itself.
        """
        missed = max(int((now_ns - self._start_ns) / self._period_ns) - self._slot, 0)
        self._slot += missed
        due_ns = self.due_ns
        self._slot += 1
        return due_ns, missed


def starts_ns(rates_hz: list[float], *, now_ns: int, share: float) -> list[float]:
    """Return a start for each path, spread evenly over one period of its own.

    Paths of one rate would otherwise delay each other for as long as they run, if they happened to be due together.
    ``share``, in [0, 1), is the part of a period by which all are moved, so that several probers do not fire together.
    """
    count = len(rates_hz)
    return [now_ns + (index + share) / count * 1e9 / rate_hz for index, rate_hz in enumerate(rates_hz)]
