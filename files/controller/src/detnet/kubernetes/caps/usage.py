"""From the counters of single pods, which come, go and begin again, to counters of targets that only grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from detnet.actuators.base import Usage
from detnet.kubernetes.caps.domains import CLUSTER, Domain
from detnet.kubernetes.objects.faults import Faults


@dataclass(frozen=True, slots=True)
class Counters:
    """Cumulative transmitted bytes as they were read at one moment (monotonic s), by pod and by node.

    A pod is ``namespace/name``. Between two scrapes of the counters they stand still.
    """

    read_at_s: float
    pod_bytes: Mapping[str, float]
    node_bytes: Mapping[str, float]


@dataclass(slots=True)
class Tally:
    """What was counted so far, by domain.

    A pod that is seen for the first time, or whose counter fell, adds nothing yet: what it sent before cannot be told
    from what it sends. A domain is known when each of its running pods and its node are counted; a counter
    that is missing would look like a workload that sends nothing.
    """

    _pods: Mapping[str, float] = field(default_factory=dict)
    _nodes: Mapping[str, float] = field(default_factory=dict)
    _targets: dict[str, dict[str, int]] = field(default_factory=dict)
    _others: dict[str, int] = field(default_factory=dict)
    _usage: dict[str, Usage | None] = field(default_factory=dict)

    def take(self, counters: Counters, domains: Iterable[Domain], faults: Faults) -> None:
        """Take in a new reading; what cannot be worked out of one domain leaves its traffic unknown."""
        nodes = {**counters.node_bytes, CLUSTER: sum(counters.node_bytes.values())} if counters.node_bytes else {}
        for domain in domains:
            usage: Usage | None = None
            with faults.contained("counters", domain.name, "has byte counters that cannot be used"):
                if not self._has_moved(counters, nodes, domain):
                    continue  # no scrape since: that is not silence
                usage = self._taken(counters, nodes, domain)
            self._usage[domain.name] = usage
        self._pods, self._nodes = dict(counters.pod_bytes), nodes

    def _has_moved(self, counters: Counters, nodes: Mapping[str, float], domain: Domain) -> bool:
        keys = (key for pods in domain.pods.values() for key in pods)
        return nodes.get(domain.name) != self._nodes.get(domain.name) or any(
            counters.pod_bytes.get(key) != self._pods.get(key) for key in keys
        )

    def _taken(self, counters: Counters, nodes: Mapping[str, float], domain: Domain) -> Usage | None:
        targets = self._targets.setdefault(domain.name, {})
        moved = 0
        for target, pods in domain.pods.items():
            sent = int(sum(_moved(self._pods, counters.pod_bytes, key) for key in pods))
            targets[target] = targets.get(target, 0) + sent
            moved += sent
        rest = max(0, int(_moved(self._nodes, nodes, domain.name)) - moved)
        self._others[domain.name] = self._others.get(domain.name, 0) + rest
        sending = {key for pods in domain.pods.values() for key in pods} - domain.starting
        if domain.name not in nodes or not sending <= counters.pod_bytes.keys():
            return None
        mine = {target: targets[target] for target in domain.pods}
        return Usage(counters.read_at_s, mine, self._others[domain.name])

    def usage(self, domain: Domain) -> Usage | None:
        """Return the newest counters of a domain, or ``None`` while they are not known for all of its targets."""
        usage = self._usage.get(domain.name)
        return usage if usage is not None and usage.target_bytes.keys() == domain.pods.keys() else None


def _moved(before: Mapping[str, float], now: Mapping[str, float], key: str) -> float:
    return max(0.0, now[key] - before[key]) if key in now and key in before else 0.0
