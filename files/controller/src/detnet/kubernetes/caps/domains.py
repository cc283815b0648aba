"""Bottleneck domains: target pods by the node that they share with a critical workload.

A pod's cap is enforced where it leaves its node, so the node is where best effort and critical traffic meet. A critical
workload is on every node where one of its pods is, and on those that its objective names for the path (the node of its
peer, say). As long as neither is known it counts as being on all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from detnet.control.allocate import Claim
from detnet.kubernetes.objects.targets import Bounds, Roster
from detnet.kubernetes.objects.workloads import Pod, Ref
from detnet.model.rate import CEILING_BPS, FLOOR_BPS

CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Critical:
    """A critical workload of whichever kind, under the name of its objective, and the nodes of its path if known."""

    objective: str
    namespace: str
    name: str
    nodes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Domain:
    """One bottleneck: the node's name, whose objectives count there, and what best effort may share.

    Without an objective there is nothing to decide: the pods keep the caps that they have. ``pods`` are the keys of the
    pods by target; ``claims`` are those targets' parts in this domain. ``starting`` are those of the pods that do not
    run yet or any more: they are capped like the others, and nobody may count their bytes.
    """

    name: str
    objectives: frozenset[str]
    claims: tuple[Claim, ...]
    pods: Mapping[str, tuple[str, ...]]
    starting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grouping:
    """All domains, the workload behind each target's name, and what cannot be enforced, one sentence each.

    ``host_network`` counts the pods of targets that are in the network of their node.
    """

    domains: tuple[Domain, ...] = ()
    refs: Mapping[str, Ref] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    host_network: Mapping[Ref, int] = field(default_factory=dict)


def group(
    roster: Roster,
    critical: Iterable[Critical],
    pods: Collection[Pod],
    *,
    by_node: bool = True,
    refused: Collection[str] = (),
) -> Grouping:
    """Return the domains of the targets' pods.

    Args:
        roster: who is a target.
        critical: the workloads with an objective.
        pods: all pods.
        by_node: when false everything is one domain, for an enforcer that cannot tell nodes apart (pod templates).
        refused: the pods, by ``namespace/name``, that the API server lets nobody cap: what they send counts as other
            traffic, and the rest of their workload is controlled without them.
    """
    members: dict[str, dict[Ref, list[str]]] = defaultdict(lambda: defaultdict(list))
    starting: dict[str, set[str]] = defaultdict(set)
    totals: Counter[Ref] = Counter()
    host_network: Counter[Ref] = Counter()
    for pod in pods:
        bounds = roster.bounds_of(pod)
        if bounds is None or bounds.paused or not pod.placed or pod.key in refused:
            continue
        if pod.host_network:
            host_network[pod.workload] += 1
            continue
        domain = pod.node if by_node else CLUSTER
        members[domain][pod.workload].append(pod.key)
        totals[pod.workload] += 1
        if not pod.running:
            starting[domain].add(pod.key)
    placed = _placed(critical, pods)
    domains = tuple(
        Domain(
            name=name,
            objectives=frozenset(o for o, nodes in placed.items() if nodes is None or not by_node or name in nodes),
            claims=tuple(
                _claim(ref, roster.targets[ref], len(keys), totals[ref]) for ref, keys in sorted(mine.items())
            ),
            pods={str(ref): tuple(sorted(keys)) for ref, keys in sorted(mine.items())},
            starting=frozenset(starting[name]),
        )
        for name, mine in sorted(members.items())
    )
    refs = {str(ref): ref for ref in totals}
    return Grouping(domains, refs, tuple(_problems(placed, host_network)), host_network)


def _placed(critical: Iterable[Critical], pods: Iterable[Pod]) -> Mapping[str, frozenset[str] | None]:
    """Return the nodes of each objective's workload; ``None`` where no pod of it is seen."""
    critical = tuple(critical)
    nodes_of: dict[tuple[str, str], set[str]] = {(one.namespace, one.name): set() for one in critical}
    for pod in pods:
        here = nodes_of.get((pod.workload.namespace, pod.workload.name))
        if here is not None and pod.placed:
            here.add(pod.node)
    placed: dict[str, frozenset[str] | None] = {}
    for one in critical:
        placed[one.objective] = (one.nodes | nodes_of[one.namespace, one.name]) or None
    return placed


def _claim(ref: Ref, bounds: Bounds, here: int, everywhere: int) -> Claim:
    """Return a domain's part of a workload's bounds: as many parts as it has of the pods, a least cap for each pod."""
    least_bps = min(max(bounds.minimum.bps * here // everywhere, here * FLOOR_BPS), CEILING_BPS)
    most_bps = max(bounds.maximum.bps * here // everywhere, least_bps)
    return Claim(str(ref), least_bps, most_bps, bounds.weight)


def _problems(placed: Mapping[str, frozenset[str] | None], host_network: Mapping[Ref, int]) -> Iterable[str]:
    for objective, nodes in placed.items():
        if nodes is None:
            yield f"no pod of the critical workload {objective} is on a node: it counts as being on every node"
    for ref, count in sorted(host_network.items()):
        yield f"{ref.long_name}: {count} of its pods use hostNetwork, where no cap is enforced"
