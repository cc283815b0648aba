"""What the loops know, kept over a restart: one JSON document, replaced as a whole and checked before it is believed.

Nothing about this file may stop or delay the control loop: it is written by a thread of its own, and what cannot be
used is set aside, logged in one sentence and counted. The checksum is against a broken disk, not an adversary.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from detnet.control.decision import Rules, State
from detnet.control.saved_state import SavedState
from detnet.model.errors import UserError
from detnet.telemetry.disk import BackgroundSync, replace_file
from detnet.telemetry.state_changes import StateChangeLogger

_log = logging.getLogger(__name__)

_SCHEMA = 1
_MOST_BYTES = 4 << 20
_EVERY_S = 10.0
_CLOSE_S = 5.0

Kept = tuple[float, SavedState]
"""Wall-clock time (s since the epoch) and what was known then."""


class StateFile:
    """The memory of every loop of a controller; one controller per file.

    ``unusable_total`` counts the files that were set aside, ``failures_total`` the writes that failed.

    Args:
        path: the file; its folder must exist to be written to.
        max_age_s: what is older is not believed, and neither is what comes from the future.
        wall_s: wall clock, since a monotonic one does not outlive a restart.
        every_s: the least time between two writes.

    Raises:
        UserError: ``path`` exists and is not a regular file, so that it could not be replaced.
    """

    def __init__(
        self, path: Path, *, max_age_s: float, wall_s: Callable[[], float] = time.time, every_s: float = _EVERY_S
    ) -> None:
        self.unusable_total = 0
        self.failures_total = 0
        self._path = path
        self._max_age_s = max_age_s
        self._wall_s = wall_s
        self._state_changes = StateChangeLogger(_log)
        self._kept: dict[str, Kept] = dict(self._read())
        self._latest: dict[str, tuple[float, Rules, State]] = {}
        self._disk = BackgroundSync(self._write, interval_s=every_s, name="state-file")

    def recall(self, domain: str, rules: Rules) -> SavedState | None:
        """Return what a loop knew; ``None`` for a cold start, with the reason logged."""
        if domain not in self._kept:
            return None
        written_s, known = self._kept[domain]
        gone_s = self._wall_s() - written_s
        why = known.misfit(rules)
        if not 0.0 <= gone_s <= self._max_age_s:
            why = f"it was written {gone_s:.0f} s ago" if gone_s > 0.0 else "it comes from the future"
        if why is not None:
            _log.info("state file %s: cold start of %s: %s", self._path, domain, why)
            return None
        _log.info("state file %s: %s restored, %.0f s old", self._path, domain, gone_s)
        return known

    def keep(self, domain: str, rules: Rules, state: State) -> None:
        """Remember a loop's state; it is written soon, and never waited for."""
        self._latest[domain] = self._wall_s(), rules, state
        self._disk.request(urgent=False)

    def close(self) -> None:
        """Write a last time; a disk that hangs is not waited for longer than five seconds."""
        self._disk.close(within_s=_CLOSE_S)

    def _read(self) -> Mapping[str, Kept]:
        try:
            if self._path.exists() and not self._path.is_file():
                raise UserError(
                    f"state file {self._path}: not a regular file; name a file in a folder of the controller's"
                )
            return _decoded(_bytes_of(self._path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            self.unusable_total += 1
            why = error.strerror if isinstance(error, OSError) else str(error)
            _log.warning("state file %s: %s; %s; cold start", self._path, why, self._set_aside())
            return {}

    def _set_aside(self) -> str:
        name = f"{self._path.name}.corrupt-{datetime.fromtimestamp(self._wall_s(), UTC):%Y%m%dT%H%M%SZ}"
        try:
            self._path.rename(self._path.with_name(name))
        except OSError as error:
            return f"it could not be set aside ({error.strerror})"
        return f"set aside as {name}"

    def _write(self) -> None:
        if not self._latest:
            return
        try:
            while self._latest:
                domain, (at_s, rules, state) = self._latest.popitem()
                self._kept[domain] = at_s, SavedState.of(rules, state)
            oldest_s = self._wall_s() - self._max_age_s
            self._kept = {name: one for name, one in self._kept.items() if one[0] >= oldest_s}
            replace_file(self._path, _encoded(self._kept))
        except (OSError, ValueError) as error:
            self.failures_total += 1
            why = error.strerror if isinstance(error, OSError) else str(error)
            self._state_changes.begin("write", f"state file {self._path}: write failed, a restart begins cold: {why}")
        else:
            self._state_changes.end("write", f"state file {self._path}: writes succeed again")


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
    return content


def _encoded(kept: Mapping[str, Kept]) -> bytes:
    loops = {name: {"written_s": at_s, **dataclasses.asdict(known)} for name, (at_s, known) in kept.items()}
    return json.dumps({"schema": _SCHEMA, "crc32": _checksum(loops), "loops": loops}, allow_nan=False).encode()


def _decoded(content: bytes) -> Mapping[str, Kept]:
    document = json.loads(content, parse_constant=_no_number)
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
        raise ValueError(f"it is not of schema {_SCHEMA}")
    loops = document.get("loops")
    if not isinstance(loops, dict) or document.get("crc32") != _checksum(loops):
        raise ValueError("its checksum is wrong")
    kept = {}
    for name, entry in loops.items():
        written_s = entry.pop("written_s", None) if isinstance(entry, dict) else None
        if not isinstance(written_s, float) or not 0.0 <= written_s < 1e11:
            raise ValueError(f"it does not say when {name} was written")
        kept[name] = written_s, SavedState.from_dict(entry)
    return kept


def _checksum(loops: object) -> int:
    return zlib.crc32(json.dumps(loops, sort_keys=True).encode())


def _no_number(name: str) -> float:
    raise ValueError(f"it holds {name}")
