"""A cluster's control: one loop for each bottleneck, all of them moved in one pass.

The loops share the source and know nothing of each other: each decides for what meets on its node.
A replica that does not lead makes the same passes without writing, so that it takes over from the caps that it sees and
with evidence that is already fresh.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.registry import Collector

from detnet.actuators.base import Actuator
from detnet.control.decision import Rules
from detnet.kubernetes.caps.domains import Domain
from detnet.runtime.control_loop import ControlLoop, LoopParts, Memory, keep_pace
from detnet.sources.source import Source
from detnet.telemetry.passes import Pass, Recorder

# A rollout can leave a node without best effort for a while; what was learned of its link is worth keeping that long.
_KEPT_S = 600.0


class Topology(Protocol):
    """What is known of the cluster."""

    @property
    def synced(self) -> bool:
        """Whether everything has been read once; before that nothing is known, not even that there is nothing."""

    def domains(self) -> Sequence[Domain]:
        """Return the bottlenecks as they are now."""

    def actuator(self, domain: str) -> Actuator:
        """Return what caps the targets of one of them."""

    def problems(self) -> Sequence[str]:
        """Return what a person should know or mend, one sentence each."""

    def collector(self) -> Collector:
        """Return what Prometheus is shown of the cluster as a whole."""

    def role(self) -> str:
        """Return whether this replica leads, in words."""

    def start(self) -> None:
        """Begin to read."""

    def close(self) -> None:
        """Finish what is under way and let go; the caps stay in force."""


class ClusterRecorder(Recorder, Protocol):
    """Where the passes go, and what is told when there is nothing to pass over."""

    def idle(self, sentence: str, *, ready: bool) -> None:
        """Take a pass over no domain at all."""

    def problems(self, sentences: Sequence[str]) -> None:
        """Take what a person should know or mend."""

    def forget(self, domain: str) -> None:
        """A domain is no more."""


@dataclass(frozen=True, slots=True)
class ClusterParts:
    """What a fleet is made of; a reload replaces the rules and the source, the cluster stays."""

    topology: Topology
    rules: Callable[[Domain], Rules]
    source: Source
    recorder: ClusterRecorder
    interval_s: float
    blocked_reason: Callable[[], str | None]
    memory: Memory | None = None

    def start(self) -> None:
        """Begin to read the cluster and to measure."""
        self.topology.start()
        self.source.start()

    def close(self) -> None:
        """End the source and let go of the cluster; the caps stay in force."""
        self.source.stop()
        self.topology.close()


class ClusterController:
    """One control loop for each domain."""

    def __init__(self, site: ClusterParts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.site = site
        self._clock = clock
        self._loops: dict[str, tuple[Domain, ControlLoop]] = {}
        self._left_s: dict[str, float] = {}

    def start(self) -> None:
        """Begin to read the cluster and to measure."""
        self.site.start()

    def close(self) -> None:
        """End what the fleet is made of; the caps stay in force."""
        self.site.close()

    def run(self, stop: threading.Event, after_pass: Callable[[], None] = lambda: None) -> None:
        """Make passes at a fixed pace until ``stop`` is set."""

        def one() -> float:
            self.step()
            after_pass()
            return self.site.interval_s

        keep_pace(one, stop, self._clock)

    def step(self) -> tuple[Pass, ...]:
        """Make one pass over every domain."""
        site = self.site
        domains = [domain for domain in site.topology.domains() if domain.objectives]
        self._forget_all_but({domain.name for domain in domains})
        if not site.topology.synced:
            site.recorder.idle("the cluster has not been read yet", ready=False)
        elif not domains:
            site.recorder.idle("no best-effort pod runs beside a critical workload", ready=True)
        passes = tuple(self._loop(domain).step() for domain in domains)
        site.recorder.problems(site.topology.problems())
        return passes

    def replace(self, site: ClusterParts) -> None:
        """Go on with new rules or another source, from the budgets in force."""
        self.site = site
        for domain, loop in self._loops.values():
            loop.replace(self._parts(domain))

    def _loop(self, domain: Domain) -> ControlLoop:
        """Return the domain's loop; one whose pods have changed goes on with what it knows inside the new bounds."""
        known, loop = self._loops.get(domain.name, (None, None))
        if loop is None:
            loop = ControlLoop(self._parts(domain), clock=self._clock)
        elif known != domain:
            loop.parts = self._parts(domain)
        self._loops[domain.name] = (domain, loop)
        return loop

    def _parts(self, domain: Domain) -> LoopParts:
        site = self.site
        return LoopParts(
            rules=site.rules(domain),
            claims=domain.claims,
            source=site.source,
            actuator=site.topology.actuator(domain.name),
            recorder=site.recorder,
            interval_s=site.interval_s,
            domain=domain.name,
            blocked_reason=site.blocked_reason,
            memory=site.memory,
        )

    def _forget_all_but(self, names: set[str]) -> None:
        """Show nothing more of domains that are gone, and after a while forget what their loops know."""
        now_s = self._clock()
        for name in self._loops.keys() - names - self._left_s.keys():
            self._left_s[name] = now_s
            self.site.recorder.forget(name)
        self._left_s = {name: left_s for name, left_s in self._left_s.items() if name not in names}
        for name in [name for name, left_s in self._left_s.items() if now_s - left_s > _KEPT_S]:
            del self._loops[name], self._left_s[name]
