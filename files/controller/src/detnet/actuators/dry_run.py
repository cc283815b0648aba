"""The actuator of the shadow mode: it remembers, logs and applies nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from detnet.actuators.base import ActuationError
from detnet.model.rate import Rate

_log = logging.getLogger(__name__)


class DryRunActuator:
    """Remembers the caps of ``targets`` in memory and says that it does no more than that."""

    name = "dry-run"

    def __init__(self, targets: Iterable[str]) -> None:
        self._caps: dict[str, Rate | None] = dict.fromkeys(targets)

    def read(self) -> Mapping[str, Rate | None]:
        """Return the remembered caps; ``None`` before the first one."""
        return dict(self._caps)

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Remember ``caps`` and log each change as not applied.

        Raises:
            ActuationError: a target that is not configured; the others are remembered.
        """
        known = {target: cap for target, cap in caps.items() if target in self._caps}
        for target, cap in known.items():
            if cap != self._caps[target]:
                _log.info("dry run: would cap %s at %s; nothing is applied", target, cap)
        self._caps.update(known)
        if unknown := {target: "is not configured" for target in caps if target not in known}:
            raise ActuationError.of(unknown, known)
        return known

    def usage(self) -> None:
        """Return ``None``: nothing is counted here."""

    def release(self) -> None:
        """Forget the caps; there is nothing to restore."""
        self._caps = dict.fromkeys(self._caps)

    def close(self) -> None:
        """Do nothing: nothing is open."""
