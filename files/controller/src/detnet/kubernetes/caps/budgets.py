"""The caps that were decided last, so that a pod that comes gets its share at once and not at the next pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detnet.model.rate import Rate

# A rolled or restarted workload comes back within this time to the cap that it had, on a node that it had left.
_KEPT_S = 600.0


@dataclass(slots=True)
class Budgets:
    """Caps by domain and target, with the time of their last use in monotonic s."""

    _caps: dict[tuple[str, str], tuple[Rate, float]] = field(default_factory=dict)

    def put(self, domain: str, caps: Mapping[str, Rate], now_s: float) -> None:
        """Remember what was decided for a domain."""
        self._caps.update({(domain, target): (cap, now_s) for target, cap in caps.items()})

    def get(self, domain: str, target: str, now_s: float) -> Rate | None:
        """Return a target's cap in a domain, if it is remembered, and go on remembering it."""
        found = self._caps.get((domain, target))
        if found is None:
            return None
        self._caps[domain, target] = (found[0], now_s)
        return found[0]

    def forget(self, now_s: float) -> None:
        """Forget what has not been used for ten minutes."""
        self._caps = {key: found for key, found in self._caps.items() if now_s - found[1] <= _KEPT_S}

    def clear(self) -> None:
        """Forget everything: somebody else decides."""
        self._caps.clear()
