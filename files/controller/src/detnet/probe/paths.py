"""What a user names to be probed: ``NAME=udp://HOST:PORT?rate_hz=100``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from detnet.model.errors import UserError

MAX_RATE_HZ = 1000.0

Protocol = Literal["udp", "tcp"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Path:
    """One path to probe; ``rate_hz`` is probes per second."""

    name: str
    protocol: Protocol
    host: str
    port: int
    rate_hz: float

    @classmethod
    def parse(cls, text: str, *, rate_hz: float) -> Path:
        """Read ``NAME=PROTOCOL://HOST:PORT``, with ``?rate_hz=N`` in place of the general ``rate_hz``.

        Raises:
            UserError: what is wrong with it, and what was expected.
        """
        name, _, url = text.partition("=")
        if not url or not _NAME.fullmatch(name):
            raise UserError(f"path {text!r}: expected NAME=udp://HOST:PORT, the name of letters, digits, '.', '_', '-'")
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise UserError(f"path {name}: {url!r}: {error}, expected udp://HOST:PORT") from error
        if parts.scheme not in ("udp", "tcp"):
            raise UserError(f"path {name}: {parts.scheme or url!r} is no protocol we probe, expected udp:// or tcp://")
        for key, value in parse_qsl(parts.query, keep_blank_values=True):
            if key != "rate_hz":
                raise UserError(f"path {name}: unknown option {key!r}, expected rate_hz")
            rate_hz = _rate(name, value)
        host, port = _host_and_port(f"path {name}", parts.netloc)
        if not 0 < rate_hz <= MAX_RATE_HZ:
            raise UserError(f"path {name}: {rate_hz:g} Hz is out of range, expected up to {MAX_RATE_HZ:g}")
        return cls(name, "udp" if parts.scheme == "udp" else "tcp", host, port, rate_hz)


def parse_paths(texts: Iterable[str], *, rate_hz: float) -> tuple[Path, ...]:
    """Read several paths.

    Raises:
        UserError: one of them is wrong, there is none, or a name is used twice.
    """
    paths = tuple(Path.parse(text, rate_hz=rate_hz) for text in texts)
    names = [path.name for path in paths]
    if not names:
        raise UserError("no path to probe, expected at least one --path NAME=udp://HOST:PORT")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"path name {twice[0]} is used twice")
    return paths


def parse_endpoint(text: str) -> tuple[str, int]:
    """Read ``ADDR:PORT`` or ``[ADDR]:PORT``.

    Raises:
        UserError: it is neither.
    """
    return _host_and_port("address", text)


def address_and_port(host: str, port: int) -> str:
    """Return ``HOST:PORT`` as ``parse_endpoint`` reads it, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_and_port(what: str, text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        hint = " (an IPv6 address in brackets, such as [fd00::12]:862)" if text.count(":") > 1 else ""
        raise UserError(f"{what}: {text!r}: {error}, expected HOST:PORT{hint}") from error
    if host is None or port is None or "@" in text or parts.path:
        raise UserError(f"{what}: {text!r}: expected HOST:PORT")
    return host, port


def _rate(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UserError(f"path {name}: rate_hz={text!r}: expected a number of probes per second") from error


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can set.

    A probe is lost after ``timeout_ms``; a second whose p95 of send lateness exceeds
    ``late_limit_ms`` is invalidated.
    ``dscp`` is RFC 2474's, 0 to 63; ``source`` the address to send from; ``realtime`` asks for SCHED_FIFO;
    ``duration_s`` None means until stopped; ``same_host`` measures paths that end in this network stack too.
    """

    timeout_ms: float = 500.0
    late_limit_ms: float = 0.5
    dscp: int = 0
    source: str | None = None
    realtime: bool = False
    duration_s: float | None = None
    same_host: bool = False
