"""Rates: one typed number between us and every place that reads a cap as free text.

Cilium and the CNI bandwidth plugin read ``kubernetes.io/egress-bandwidth`` as a Kubernetes quantity in bit/s. A value
that does not parse, is negative or below 8 bit/s (``10m`` is 10 *milli*) silently means *unlimited* there, so a cap
exists only as a ``Rate``: parsed with the same grammar, never below 1 Mbit/s, written so that it reads back unchanged.
Below 1 Mbit/s one 192 KiB segment would exceed Cilium's 2 s drop horizon (cilium ``bpf/lib/edt.h``). Cilium itself
knows no least cap: it enforces ``500k``, which ``enforced_bps`` tells.

Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite

FLOOR_BPS = 1_000_000
CEILING_BPS = 10_000_000_000_000

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?:[eE](?P<exponent>[+-]?\d{1,2})|(?P<suffix>[A-Za-z]*))", re.ASCII
)
_DECIMAL = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUBUNIT = {"n": -9, "u": -6, "m": -3}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LONGEST_TEXT = 40


class RateError(ValueError):
    """A text or number that is not a usable cap; the message says what was read and what was expected."""


@dataclass(frozen=True, order=True, slots=True)
class Rate:
    """A cap in bit/s, between 1 Mbit/s and 10 Tbit/s."""

    bps: int

    def __post_init__(self) -> None:
        """Refuse every number that could not be a cap.

        Raises:
            RateError: not an integer, or outside [1 Mbit/s, 10 Tbit/s].
        """
        if not isinstance(self.bps, int) or isinstance(self.bps, bool):
            raise RateError(f"a cap is a whole number of bit/s, not {self.bps!r}")
        if not FLOOR_BPS <= self.bps <= CEILING_BPS:
            raise RateError(f"a cap lies between 1M and 10T bit/s, and {_shown(self.bps)} bit/s does not")

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read a Kubernetes quantity in bit/s, rounding a fraction of a bit up as Kubernetes does.

        Raises:
            RateError: the text is no quantity, or no usable cap.
        """
        return cls(parse_bps(text))

    @classmethod
    def clamped(cls, bps: float, low: Rate, high: Rate) -> Rate:
        """Return ``bps`` rounded down and brought into ``[low, high]``.

        Raises:
            RateError: ``bps`` is NaN or infinite.
        """
        if isinstance(bps, float) and not isfinite(bps):  # an int may be too large for a float
            raise RateError(f"a cap is a finite number of bit/s, not {bps}")
        return min(max(cls(min(max(int(bps), FLOOR_BPS), CEILING_BPS)), low), high)

    @property
    def quantity(self) -> str:
        """The shortest exact Kubernetes quantity with a decimal suffix: ``100M``, ``1500k``, ``1234567``."""
        for suffix, exponent in (("T", 12), ("G", 9), ("M", 6), ("k", 3)):
            if self.bps % 10**exponent == 0:
                return f"{self.bps // 10**exponent}{suffix}"
        return str(self.bps)

    def __str__(self) -> str:
        return human(self.bps)


def enforced_bps(text: str) -> int | None:
    """Return the limit in bit/s that Cilium enforces for a text; ``None`` where it enforces none.

    Cilium keeps whole bytes per second, as an unsigned number of which 0 is no limit (cilium
    ``pkg/datapath/linux/bandwidth``, ``GetBytesPerSec``).
    """
    match = _match(text)
    if match is None:
        return None
    exponent = match["exponent"] or ({**_DECIMAL, **_SUBUNIT}).get(match["suffix"])
    if exponent is not None:
        scale = Fraction(10) ** int(exponent)
    elif match["suffix"] in _BINARY:
        scale = Fraction(1 << _BINARY[match["suffix"]])
    else:
        return None
    held_bps = ceil(Fraction(match["number"].rstrip(".")) * scale) // 8 * 8
    return held_bps if held_bps > 0 else None


def human(bps: float) -> str:
    """Return a rate in bit/s for people, with three significant digits: ``94.7 Mbit/s``."""
    for unit, size in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if abs(bps) >= size * 0.9995:
            value = bps / size
            digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
            return f"{value:.{digits}f}".rstrip("0").rstrip(".") + f" {unit}" if digits else f"{value:.0f} {unit}"
    return f"{bps:.0f} bit/s"


def _shown(bps: int) -> str:
    # Python refuses to write out an integer of more than 4300 digits, and nobody reads one of more than 20.
    return str(bps) if abs(bps) < 10**20 else f"{'-' if bps < 0 else ''}10^20 or more"


def _match(text: str) -> re.Match[str] | None:
    # No strip: Kubernetes refuses surrounding space, so such a text is no cap and must not be taken for one.
    return _QUANTITY.fullmatch(text) if len(text) <= _LONGEST_TEXT else None


def parse_bps(text: str) -> int:
    """Read a Kubernetes quantity in bit/s of any size, a cap or not.

    Raises:
        RateError: the text is no quantity, or one below a bit/s by its suffix.
    """
    match = _match(text)
    if match is None:
        raise RateError(f"{text[:_LONGEST_TEXT]!r} is not a Kubernetes quantity in bit/s such as 100M, 1.5G or 512Mi")
    number, suffix = Fraction(match["number"].rstrip(".")), match["suffix"]
    if match["exponent"]:
        return ceil(number * Fraction(10) ** int(match["exponent"]))
    if suffix in _SUBUNIT:
        raise RateError(
            f"{text!r} is less than one bit/s per digit ({suffix!r} divides), which Cilium takes for unlimited; "
            f"write {match['number']}M for Mbit/s"
        )
    if suffix in _BINARY:
        return ceil(number * (1 << _BINARY[suffix]))
    if suffix in _DECIMAL:
        return ceil(number * Fraction(10) ** _DECIMAL[suffix])
    raise RateError(
        f"{text!r} ends in {suffix!r}, but a rate ends in k, M, G, T (or Ki, Mi, Gi, Ti): 100M is 100 Mbit/s"
    )
