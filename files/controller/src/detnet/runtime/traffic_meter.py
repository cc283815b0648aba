"""From cumulative byte counters to rates: what best effort and everything else sent since the last pass."""

from __future__ import annotations

from detnet.actuators.base import Usage
from detnet.control.decision import Traffic

# Two readings closer than this give a rate that is mostly rounding.
_LEAST_SPAN_S = 0.05


class TrafficMeter:
    """Remembers the last reading; one that went back (a new qdisc, a reboot) gives no rate, not a negative one."""

    def __init__(self) -> None:
        self._last: Usage | None = None

    def rates(self, usage: Usage | None) -> Traffic | None:
        """Return the rates in bit/s since the previous reading, or ``None`` when they cannot be known."""
        last, self._last = self._last, usage
        if last is None or usage is None or usage.target_bytes.keys() != last.target_bytes.keys():
            return None
        span_s = usage.read_at_s - last.read_at_s
        moved = {name: count - last.target_bytes[name] for name, count in usage.target_bytes.items()}
        other = usage.other_bytes - last.other_bytes
        if span_s < _LEAST_SPAN_S or other < 0 or any(count < 0 for count in moved.values()):
            return None
        if not other and not any(moved.values()):  # not even a probe went by: the counters stand still
            return None
        return Traffic({name: 8 * count / span_s for name, count in moved.items()}, 8 * other / span_s)
