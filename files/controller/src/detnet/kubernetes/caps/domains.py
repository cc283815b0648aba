"""Bottleneck domains: target pods by the node that they share with a critical workload.

A pod's cap is enforced where it leaves its node, so the node is where best effort and critical traffic meet. A critical
workload is on every node where one of its pods is, and on those that its objective names for the path (the node of its
peer, say). As long as neither is known it counts as being on all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from detnet.control.allocate import Claim
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.kubernetes.objects.targets import Bounds, Roster
from detnet.kubernetes.objects.workloads import Pod, Ref
from detnet.model.rate import CEILING_BPS, FLOOR_BPS

CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Critical:
    """A critical workload under the name of its objective, and the nodes of its path if known.

    Without a ``kind`` it is every workload of that name. ``is_first``: the namespace is the first, as none is said.
    """

    objective: str
    namespace: str
    name: str
    nodes: frozenset[str] = frozenset()
    kind: str | None = None
    is_first: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """Namespace, name and, if it is said, the kind."""
        return (self.namespace, self.name) if self.kind is None else (self.namespace, self.name, self.kind)


@dataclass(frozen=True, slots=True)
class Domain:
    """One bottleneck: the node's name, whose objectives count there, and what best effort may share.

    Without an objective there is nothing to decide: the pods keep the caps that they have. ``pods`` are the keys of the
    pods by target; ``claims`` are those targets' parts in this domain. ``starting`` are those of the pods that do not
    run yet or any more: they are capped like the others, and nobody may count their bytes. ``unenforced`` are pods,
    by target too, whose caps are not in force: they keep them, and what they send counts as other traffic.
    """

    name: str
    objectives: frozenset[str]
    claims: tuple[Claim, ...]
    pods: Mapping[str, tuple[str, ...]]
    starting: frozenset[str] = frozenset()
    unenforced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def capped(self) -> tuple[str, ...]:
        """The keys of all pods with a cap of ours."""
        return tuple(key for found in (self.pods, self.unenforced) for keys in found.values() for key in keys)


@dataclass(frozen=True, slots=True)
class Grouping:
    """All domains, the workload behind each target's name, and what cannot be enforced, one sentence each.

    ``host_network`` counts the pods of targets that are in the network of their node. What could not be worked out is
    in no domain, so that its caps are held: ``faults``.
    """

    domains: tuple[Domain, ...] = ()
    refs: Mapping[str, Ref] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    host_network: Mapping[Ref, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def group(  # noqa: PLR0913 - what it is made from
    roster: Roster,
    critical: Iterable[Critical],
    pods: Collection[Pod],
    *,
    by_node: bool = True,
    refused: Collection[str] = (),
    disproved: Collection[str] = (),
) -> Grouping:
    """Return the domains of the targets' pods.

    Args:
        roster: who is a target.
        critical: the workloads with an objective.
        pods: all pods.
        by_node: when false everything is one domain, for an enforcer that cannot tell nodes apart (pod templates).
        refused: the pods, by ``namespace/name``, that the API server lets nobody cap: what they send counts as other
            traffic, and the rest of their workload is controlled without them.
        disproved: the pods whose caps are not in force. Beside others they are left out likewise, so that nobody gets
            less for what they send; alone in a domain they stay in it, as there is nobody to give it to.
    """
    faults, pods = Faults(), list(pods)
    members: dict[str, dict[Ref, list[Pod]]] = defaultdict(lambda: defaultdict(list))
    totals: Counter[Ref] = Counter()
    host_network: Counter[Ref] = Counter()
    for pod in pods:
        with faults.contained("pod", pod.ref.long_name):
            bounds, target = roster.bounds_of(pod), roster.target_of(pod)
            if bounds is None or target is None or bounds.paused or not pod.placed or pod.key in refused:
                continue
            if pod.limit_bps is not None and pod.limit_bps < FLOOR_BPS:
                continue  # somebody holds it below the least cap
            if pod.host_network:
                host_network[target] += 1
                continue
            members[pod.node if by_node else CLUSTER][target].append(pod)
    targets = {target for mine in members.values() for target in mine}
    unenforced: dict[str, Mapping[str, tuple[str, ...]]] = {}
    if disproved:
        for name, mine in members.items():
            members[name], unenforced[name] = _without(disproved, mine)
    for mine in members.values():
        totals.update({target: len(each) for target, each in mine.items()})
    critical = tuple(critical)
    placed = _placed(critical, pods, faults)
    domains: list[Domain] = []
    for name, mine in sorted(members.items()):
        with faults.contained("domain", name):
            objectives = (o for o, nodes in placed.items() if nodes is None or not by_node or name in nodes)
            one = _domain(name, frozenset(objectives), mine, roster, totals, faults)
            domains.append(replace(one, unenforced=unenforced.get(name, {})))
    refs = {str(ref): ref for ref in targets}
    problems: tuple[str, ...] = ()
    with faults.contained("problems", "the list of problems", "is not complete"):
        problems = (*_problems(placed, host_network), *_ambiguous(critical, pods))
    return Grouping(tuple(domains), refs, problems, host_network, faults.found)


def _without(
    disproved: Collection[str], members: dict[Ref, list[Pod]]
) -> tuple[dict[Ref, list[Pod]], Mapping[str, tuple[str, ...]]]:
    """Return the members of a domain without the pods whose caps are not in force, and those, if anybody is left."""
    left = {ref: [pod for pod in mine if pod.key not in disproved] for ref, mine in members.items()}
    if not any(left.values()):
        return members, {}
    found = {str(ref): tuple(sorted(p.key for p in mine if p.key in disproved)) for ref, mine in members.items()}
    return {ref: mine for ref, mine in left.items() if mine}, {name: keys for name, keys in found.items() if keys}


def _domain(  # noqa: PLR0913, PLR0917 - see group
    name: str,
    objectives: frozenset[str],
    members: Mapping[Ref, list[Pod]],
    roster: Roster,
    totals: Mapping[Ref, int],
    faults: Faults,
) -> Domain:
    claims: list[Claim] = []
    pods: dict[str, tuple[str, ...]] = {}
    starting: set[str] = set()
    for ref, mine in sorted(members.items()):
        with faults.contained("workload", ref.long_name):
            claim = _claim(ref, roster.targets[ref], mine, totals[ref])
            keys = tuple(sorted(pod.key for pod in mine))
            late = {pod.key for pod in mine if not pod.running}
            claims.append(claim)
            pods[str(ref)] = keys
            starting |= late
    return Domain(name, objectives, tuple(claims), pods, frozenset(starting))


def _placed(critical: Iterable[Critical], pods: Iterable[Pod], faults: Faults) -> Mapping[str, frozenset[str] | None]:
    """Return the nodes of each objective's workload; ``None`` where no pod of it is seen."""
    critical = tuple(critical)
    nodes_of: dict[tuple[str, ...], set[str]] = {one.key: set() for one in critical}
    for pod in pods:
        with faults.contained("pod", pod.ref.long_name):
            for ref in (pod.workload, pod.ref) if pod.alone else (pod.workload,):
                for key in ((ref.namespace, ref.name), (ref.namespace, ref.name, ref.kind)):
                    if key in nodes_of and pod.placed:
                        nodes_of[key].add(pod.node)
    placed: dict[str, frozenset[str] | None] = {}
    for one in critical:
        placed[one.objective] = (one.nodes | nodes_of[one.key]) or None
    return placed


def _claim(ref: Ref, bounds: Bounds, here: list[Pod], everywhere: int) -> Claim:
    """Return a domain's part of a workload's bounds: as many parts as it has of the pods, a least cap for each pod.

    Where somebody else has limited each of the pods, more than their limits together is no use.
    """
    pods = len(here)
    least_bps = min(max(bounds.minimum.bps * pods // everywhere, pods * FLOOR_BPS), CEILING_BPS)
    most_bps = max(bounds.maximum.bps * pods // everywhere, least_bps)
    limits_bps = [pod.limit_bps for pod in here if pod.limit_bps is not None]
    if len(limits_bps) == pods:
        most_bps = min(most_bps, sum(limits_bps))
    return Claim(str(ref), min(least_bps, most_bps), most_bps, bounds.weight)


def _problems(placed: Mapping[str, frozenset[str] | None], host_network: Mapping[Ref, int]) -> Iterable[str]:
    for objective, nodes in placed.items():
        if nodes is None:
            yield f"no pod of the critical workload {objective} is on a node: it counts as being on every node"
    for ref, count in sorted(host_network.items()):
        yield f"{ref.long_name}: {count} of its pods use hostNetwork, where no cap is enforced"


def _ambiguous(critical: Iterable[Critical], pods: Iterable[Pod]) -> Iterable[str]:
    """Report the objectives whose name more than one workload has."""
    named: dict[str, set[Ref]] = {one.name: set() for one in critical}
    for pod in pods:
        if pod.workload.name in named:
            named[pod.workload.name].add(pod.workload)
    for one in critical:
        found = {ref for ref in named[one.name] if one.kind in (None, ref.kind)}
        found = {ref for ref in found if one.is_first or ref.namespace == one.namespace}
        if len(found) > 1:
            yield (
                f"the objective {one.objective} is that of {one.name} in namespace {one.namespace}, of any kind, and "
                f"there are {', '.join(map(str, sorted(found)))}: write namespace/name, kind/name or "
                "namespace/kind/name in its workload"
            )
