"""Who is a target and which pods meet where: worked out anew when pods or labels have moved, not at every question."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.domains import Domain, Grouping, group
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.kubernetes.objects.targets import Roster, find
from detnet.kubernetes.objects.workloads import Ref


@dataclass(frozen=True, slots=True)
class TopologySnapshot:
    """Targets and domains, derived from the cache at ``version``.

    Without the pods that nobody may cap (``refused``), and those whose caps are not in force (``disproved``).
    """

    version: tuple[int, int] = (-1, -1)
    roster: Roster = field(default_factory=Roster)
    grouping: Grouping = field(default_factory=Grouping)
    refused: frozenset[str] = frozenset()
    disproved: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()

    def domain(self, name: str) -> Domain | None:
        """Return a domain by its name, ``None`` when no target has a running pod there."""
        return next((domain for domain in self.grouping.domains if domain.name == name), None)

    def target(self, name: str) -> Ref | None:
        """Return the workload behind a target's name."""
        return self.grouping.refs.get(name)

    def renewed(
        self,
        plan: Plan,
        cache: ClusterCache,
        *,
        refused: frozenset[str] = frozenset(),
        disproved: frozenset[str] = frozenset(),
    ) -> TopologySnapshot:
        """Return the topology of the cluster now: this one, if nothing has changed.

        A fault that is nobody's in particular leaves the domains as they were until the next change.
        """
        version = cache.version
        if (version, refused, disproved) == (self.version, self.refused, self.disproved):
            return self
        faults = Faults()
        with faults.contained("topology", "the topology", "cannot be worked out, the domains are those of before"):
            return self._derived(version, plan, cache, refused, disproved)
        return replace(self, version=version, refused=refused, disproved=disproved, faults=faults.found)

    def _derived(
        self,
        version: tuple[int, int],
        plan: Plan,
        cache: ClusterCache,
        refused: frozenset[str],
        disproved: frozenset[str],
    ) -> TopologySnapshot:
        workloads, pods = cache.workloads(), cache.pods()
        roster = find(
            plan.targets,
            {one.key for one in plan.critical},
            workloads,
            pods,
            defaults=plan.found,
            delegation=plan.delegation,
            every=plan.every,
        )
        grouping = group(roster, plan.critical, pods, by_node=not plan.rollout, refused=refused, disproved=disproved)
        faults = tuple(dict.fromkeys((*roster.faults, *grouping.faults)))
        return TopologySnapshot(version, roster, grouping, refused, disproved, faults)
