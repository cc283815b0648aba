"""The controller of a cluster: one control loop for each domain, all of them moved in one pass.

The loops share the source and know nothing of each other: each decides for its node.
A replica that does not lead makes the same passes without writing, so that it takes over from the caps in force and
with evidence that is already fresh.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.registry import Collector

from detnet.actuators.base import Actuator
from detnet.control.decision import Rules
from detnet.kubernetes.caps.domains import CLUSTER, Domain
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.runtime.control_loop import ControlLoop, LoopParts, Memory, keep_pace
from detnet.sources.source import Source
from detnet.telemetry.passes import Pass, Recorder
from detnet.telemetry.state_changes import StateChangeLogger

# A rollout can leave a node without best effort for a while; what was learned of its link is worth keeping that long.
_KEEP_S = 600.0
_SHOWN_FAULTS = 10


_log = logging.getLogger(__name__)


class Topology(Protocol):
    """The cluster: its domains and their actuators."""

    @property
    def synced(self) -> bool:
        """Whether everything has been read once; before that nothing is known, not even that there is nothing."""

    def domains(self) -> Sequence[Domain]:
        """Return the domains as they are now."""

    def actuator(self, domain: str) -> Actuator:
        """Return what caps the targets of one of them."""

    def problems(self) -> Sequence[str]:
        """Return what an operator should know or repair, one sentence each."""

    def faults(self) -> Sequence[Fault]:
        """Return what could not be worked out; its caps are held."""

    def collector(self) -> Collector:
        """Return the collector of the metrics of the cluster as a whole."""

    def role(self) -> str:
        """Return whether this replica leads, for ``/readyz``."""

    def start(self) -> None:
        """Begin to read."""

    def close(self) -> None:
        """Finish what is under way and let go; the caps stay in force."""


class ClusterRecorder(Recorder, Protocol):
    """Where the passes go, and what concerns no single pass."""

    def idle(self, sentence: str, *, ready: bool) -> None:
        """Take a pass without any domain."""

    def problems(self, sentences: Sequence[str]) -> None:
        """Take what an operator should know or repair."""

    def failed(self, domain: str, kind: str) -> None:
        """Count a pass in which something of that ``kind`` could not be worked out, in a domain or the ``cluster``."""

    def forget(self, domain: str) -> None:
        """A domain is no more."""


@dataclass(frozen=True, slots=True)
class ClusterParts:
    """What a cluster's controller is made of; a reload replaces the rules and the source, the cluster stays."""

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
    """One control loop for each domain.

    What tenants write into the cluster is checked where it is read. For what was not thought of, each step of a pass is
    contained: an exception ends its own domain or object, whose caps are held, and the others go on. No object of the
    cluster may end the process that protects everybody.
    """

    def __init__(self, parts: ClusterParts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.parts = parts
        self._clock = clock
        self._loops: dict[str, tuple[Domain, ControlLoop]] = {}
        self._gone_s: dict[str, float] = {}
        self._domains: Sequence[Domain] = ()
        self._failing: frozenset[str] = frozenset()
        self._state_changes = StateChangeLogger(_log)

    def start(self) -> None:
        """Begin to read the cluster and to measure."""
        self.parts.start()

    def close(self) -> None:
        """End source and cluster; the caps stay in force."""
        self.parts.close()

    def run(self, stop: threading.Event, after_pass: Callable[[], None] = lambda: None) -> None:
        """Make passes at a fixed pace until ``stop`` is set."""

        def make_pass() -> float:
            self.step()
            after_pass()
            return self.parts.interval_s

        keep_pace(make_pass, stop, self._clock)

    def step(self) -> tuple[Pass, ...]:
        """Make one pass over every domain."""
        faults, topology = Faults(), self.parts.topology
        with faults.contained("topology", "the topology", "cannot be read, the domains are those of before"):
            self._domains = [domain for domain in topology.domains() if domain.objectives]
        with faults.contained("report", "the state of the cluster", "cannot be reported"):
            self._report_idle()
        passes = [self._pass(domain, faults) for domain in self._domains]
        problems: Sequence[str] = ()
        found: Sequence[Fault] = ()
        with faults.contained("problems", "the list of problems", "is not complete"):
            problems = topology.problems()
        with faults.contained("problems", "the list of faults", "is not complete"):
            found = topology.faults()
        self._report(problems, (*faults.found, *found))
        return tuple(one for one in passes if one is not None)

    def _report_idle(self) -> None:
        self._forget_all_but({domain.name for domain in self._domains})
        if not self.parts.topology.synced:
            self.parts.recorder.idle("the cluster has not been read yet", ready=False)
        elif not self._domains:
            self.parts.recorder.idle("no best-effort pod runs beside a critical workload", ready=True)

    def _pass(self, domain: Domain, faults: Faults) -> Pass | None:
        """Make one pass over a domain; a fault stays there: its caps are held, and the others go on."""
        with faults.contained("domain", domain.name):
            try:
                return self._loop(domain).step()
            except Exception:
                if domain.name not in self._failing:
                    _log.exception("the pass over %s failed, its caps are held", domain.name)
                raise
        return None

    def _report(self, problems: Sequence[str], faults: Sequence[Fault]) -> None:
        recorder, shown = self.parts.recorder, [str(fault) for fault in faults[:_SHOWN_FAULTS]]
        if len(faults) > len(shown):
            shown.append(f"{len(faults) - len(shown)} more objects of the cluster are not controlled")
        self._failing = frozenset(fault.name for fault in faults if fault.kind == "domain")
        try:
            for fault in faults:
                recorder.failed(fault.name if fault.kind == "domain" else CLUSTER, fault.kind)
            recorder.problems(tuple(dict.fromkeys((*problems, *shown))))
        except Exception as error:  # noqa: BLE001 - the last step: there is nobody else to tell
            self._state_changes.begin("report", f"problems cannot be reported: {error!r:.300}")
        else:
            self._state_changes.end("report", "problems can be reported again")

    def replace(self, parts: ClusterParts) -> None:
        """Go on with new rules or another source, from the budgets in force.

        A loop that cannot be given them is made anew in the next pass, from the caps in force.
        """
        self.parts = parts
        for name, (domain, loop) in list(self._loops.items()):
            try:
                loop.replace(self._loop_parts(domain))
            except Exception:  # noqa: BLE001 - one domain's
                _log.exception("the loop of %s could not be given the new configuration", name)
                del self._loops[name]

    def _loop(self, domain: Domain) -> ControlLoop:
        """Return the domain's loop; one whose pods have changed goes on with what it knows inside the new bounds."""
        known, loop = self._loops.get(domain.name, (None, None))
        if loop is None:
            loop = ControlLoop(self._loop_parts(domain), clock=self._clock)
        elif known != domain:
            loop.parts = self._loop_parts(domain)
        self._loops[domain.name] = (domain, loop)
        return loop

    def _loop_parts(self, domain: Domain) -> LoopParts:
        parts = self.parts
        return LoopParts(
            rules=parts.rules(domain),
            claims=domain.claims,
            source=parts.source,
            actuator=parts.topology.actuator(domain.name),
            recorder=parts.recorder,
            interval_s=parts.interval_s,
            domain=domain.name,
            blocked_reason=parts.blocked_reason,
            memory=parts.memory,
        )

    def _forget_all_but(self, names: set[str]) -> None:
        """Show nothing more of domains that are gone, and after a while forget what their loops know."""
        now_s = self._clock()
        for name in self._loops.keys() - names - self._gone_s.keys():
            self._gone_s[name] = now_s
            self.parts.recorder.forget(name)
        self._gone_s = {name: gone_s for name, gone_s in self._gone_s.items() if name not in names}
        for name in [name for name, gone_s in self._gone_s.items() if now_s - gone_s > _KEEP_S]:
            del self._loops[name], self._gone_s[name]
