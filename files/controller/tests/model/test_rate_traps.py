"""The texts that Cilium silently takes for *unlimited*, or that people write for a rate, are refused with help.

Why each one is a trap: ``GetBytesPerSec`` in Cilium's ``pkg/datapath/linux/bandwidth`` (value / 8, truncated; what does
not parse lifts the limit).
"""

from __future__ import annotations

import pytest

from detnet.model.rate import Rate, RateError, enforced_bps

RANGE = "between 1M and 10T bit/s"
QUANTITY = "such as 100M, 1.5G or 512Mi"
SUFFIX = "a rate ends in k, M, G, T"


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("10m", "write 10M for Mbit/s"),
        ("1500000000m", "write 1500000000M"),
        ("5u", "takes for unlimited"),
        ("5n", "takes for unlimited"),
        ("0", RANGE),
        ("0M", RANGE),
        ("7", RANGE),
        ("-10M", RANGE),
        ("-0", RANGE),
        ("999999", RANGE),
        ("999k", RANGE),
        ("11T", RANGE),
        ("1E", RANGE),
        ("1e99", RANGE),
        ("10Mbit", SUFFIX),
        ("10Mbps", SUFFIX),
        ("10MB", SUFFIX),
        ("100K", SUFFIX),
        ("100mi", SUFFIX),
        ("1e", SUFFIX),
        ("100each", SUFFIX),
        ("100Mi i", QUANTITY),
        ("10 M", QUANTITY),
        (" 100M", QUANTITY),
        ("100M\n", QUANTITY),
        ("", QUANTITY),
        (" ", QUANTITY),
        (".", QUANTITY),
        ("M", QUANTITY),
        ("1e400", QUANTITY),
        ("1e-400", QUANTITY),
        ("nan", QUANTITY),
        ("inf", QUANTITY),
        ("1_000M", QUANTITY),
        ("1,5G", QUANTITY),
        ("0x10M", QUANTITY),
        ("\N{ARABIC-INDIC DIGIT ONE}00M", QUANTITY),
        ("\N{FULLWIDTH DIGIT ONE}00M", QUANTITY),
        ("100\N{CYRILLIC CAPITAL LETTER EM}", QUANTITY),
        ("9" * 100, QUANTITY),
        ("1" + "0" * 30, RANGE),
    ],
)
def test_a_trap_is_refused_with_help(text: str, help_: str) -> None:
    """One short sentence says what was read and what was expected."""
    with pytest.raises(RateError) as refused:
        Rate.parse(text)
    message = str(refused.value)
    assert help_ in message
    assert len(message) < 200
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "bps"),
    [
        ("10M", 10_000_000),
        ("10Mi", 10_485_760),
        ("1.5M", 1_500_000),
        ("1e6", 1_000_000),
        ("2000k", 2_000_000),
        ("1G", 10**9),
        ("+1G", 10**9),
        ("1E6", 10**6),
        ("10T", 10**13),
        ("1000000.000000001", 1_000_001),
        ("1.0000001Mi", 1_048_577),
    ],
)
def test_what_kubernetes_reads_is_read_alike(text: str, bps: int) -> None:
    """The valid examples of the documentation, and a fraction of a bit that rounds up."""
    assert Rate.parse(text).bps == bps


@pytest.mark.parametrize(
    ("text", "bps"),
    [
        ("10M", 10_000_000),
        ("500k", 500_000),
        ("800.5k", 800_496),
        ("512Ki", 524_288),
        ("1e5", 100_000),
        ("900000m", 896),
        ("8", 8),
        ("15", 8),
        ("7", None),
        ("10m", None),
        ("0", None),
        ("-5M", None),
        ("10Mbit", None),
        ("", None),
        ("9" * 100, None),
    ],
)
def test_cilium_enforces_whole_bytes_and_knows_no_least_cap(text: str, bps: int | None) -> None:
    """A limit of 0 bytes/s is none, a negative one wraps to more than any device sends."""
    assert enforced_bps(text) == bps
