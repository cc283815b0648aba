"""The part of a log that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from detnet.model.errors import UserError
from detnet.timeline.entry import Entry, parse_time

_AGO = re.compile(r"(\d+(?:\.\d+)?)(s|min|m|h|d)")
_UNITS_S = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Window:
    """From ``since`` (inclusive) to ``until`` (exclusive), ``None`` is open; of one domain, ``None`` the only one."""

    since: datetime | None = None
    until: datetime | None = None
    domain: str | None = None

    @classmethod
    def parse(
        cls, since: str | None, until: str | None, domain: str | None = None, *, now: datetime | None = None
    ) -> Window:
        """Return the window of two texts: ISO 8601, in UTC unless it names an offset, or an age such as ``2h``.

        Raises:
            UserError: a text is neither, or nothing lies between the two.
        """
        moment = now or datetime.now(UTC)
        window = cls(_moment("--from", since, moment), _moment("--to", until, moment), domain)
        if window.since and window.until and window.since >= window.until:
            raise UserError(
                f"nothing lies between --from {since} and --to {until}: expected an earlier and a later time"
            )
        return window

    def through(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield the entries that are asked for.

        Raises:
            UserError: they are of several domains, and none was chosen: one timeline is one domain's.
        """
        only = self.domain
        for entry in entries:
            if (self.since and entry.at < self.since) or (self.until and entry.at >= self.until):
                continue
            if only is None:
                only = entry.domain
            if entry.domain == only:
                yield entry
            elif self.domain is None:
                raise UserError(f"the log holds several domains, {only} and {entry.domain} among them: add --domain")


def _moment(option: str, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(seconds=float(ago[1]) * _UNITS_S[ago[2]])
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"{option} {text}: expected ISO 8601 such as 2025-11-22T14:03:20, or an age such as 30min, 2h or 1d"
        ) from error
