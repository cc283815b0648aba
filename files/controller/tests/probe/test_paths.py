"""What a user writes is understood, or refused in one sentence."""

from __future__ import annotations

import pytest

from detnet.model.errors import UserError
from detnet.probe.paths import Path, parse_endpoint, parse_paths


def test_paths_are_read() -> None:
    """Protocol, host, port and the path's own rate."""
    assert parse_paths(["a=udp://host:862", "b.2=tcp://[::1]:5202?rate_hz=50"], rate_hz=20.0) == (
        Path("a", "udp", "host", 862, 20.0),
        Path("b.2", "tcp", "::1", 5202, 50.0),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("udp://host:862", "expected NAME="),
        ("=udp://host:862", "expected NAME="),
        ("a b=udp://host:862", "expected NAME="),
        ("a=icmp://host:862", "no protocol we probe"),
        ("a=host:862", "no protocol we probe"),
        ("a=udp://host", "expected HOST:PORT"),
        ("a=udp://:862", "expected HOST:PORT"),
        ("a=udp://host:70000", "expected HOST:PORT"),
        ("a=udp://[::1:862", "Invalid IPv6 URL, expected udp://HOST:PORT"),
        ("a=udp://host:862?rate_hz=fast", "expected a number"),
        ("a=udp://host:862?rate_hz=0", "out of range"),
        ("a=udp://host:862?rate_hz=nan", "out of range"),
        ("a=udp://host:862?rate_hz=1e9", "out of range"),
        ("a=udp://host:862?rate=5", "unknown option 'rate'"),
    ],
)
def test_bad_path_is_one_sentence(text: str, complaint: str) -> None:
    """The message says what is wrong and what was expected."""
    with pytest.raises(UserError, match=complaint) as caught:
        parse_paths([text], rate_hz=20.0)
    assert "\n" not in str(caught.value)


def test_name_used_twice_and_no_path_are_refused() -> None:
    """Metrics could not distinguish two paths of one name."""
    with pytest.raises(UserError, match="used twice"):
        parse_paths(["a=udp://h:1", "a=tcp://h:1"], rate_hz=20.0)
    with pytest.raises(UserError, match="no path"):
        parse_paths([], rate_hz=20.0)


@pytest.mark.parametrize("text", ["8620", "host", "host:port", "http://host:80", "host:1/x"])
def test_bad_endpoint_is_refused(text: str) -> None:
    """An address to bind is HOST:PORT and nothing else."""
    with pytest.raises(UserError, match="HOST:PORT"):
        parse_endpoint(text)
