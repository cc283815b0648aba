"""One domain of a cluster as the loop knows it: an actuator that never waits for the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from detnet.actuators.base import ActuationError, Usage
from detnet.model.rate import Rate


class Enforcer(Protocol):
    """What a cluster does for one of its domains."""

    def in_force(self, domain: str) -> Mapping[str, Rate | None]:
        """See ``Actuator.read``."""

    def put_in_force(self, domain: str, caps: Mapping[str, Rate]) -> None:
        """Hand wanted caps over."""

    def usage(self, domain: str) -> Usage | None:
        """See ``Actuator.usage``."""


class DomainActuator:
    """Caps the targets of one domain. ``apply`` hands over and returns; what is in force shows as it is read back."""

    name = "kubernetes"

    def __init__(self, cluster: Enforcer, domain: str) -> None:
        self._cluster = cluster
        self._domain = domain

    def read(self) -> Mapping[str, Rate | None]:
        """Return the cap of each target that has running pods here: all its pods' together, ``None`` if one has none.

        Raises:
            ActuationError: the pods are not known yet.
        """
        return self._cluster.in_force(self._domain)

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Have the caps written, cuts first, and return what is in force now; a target without pods here is left out.

        Raises:
            ActuationError: the pods are not known yet.
        """
        self._cluster.put_in_force(self._domain, caps)
        return {name: cap for name, cap in self.read().items() if cap is not None and name in caps}

    def usage(self) -> Usage | None:
        """Return the byte counters of the newest scrape, or ``None`` where they are not known."""
        return self._cluster.usage(self._domain)

    def release(self) -> None:
        """Refuse: what one domain gave back, the loop of the next pass would take again.

        Raises:
            ActuationError: always; ``detnet.kubernetes.caps.release`` puts a whole cluster back.
        """
        raise ActuationError("the caps of a cluster are released together, by 'detnet release'")

    def close(self) -> None:
        """Do nothing: the cluster is closed as a whole, and the caps stay in force."""
