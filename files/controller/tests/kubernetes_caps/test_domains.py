"""Target pods meet critical pods on nodes: the domains."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.caps.domains import Critical, group
from detnet.kubernetes.objects.targets import Bounds, Roster, find
from detnet.kubernetes.objects.workloads import Pod, Workload
from detnet.model.annotations import BEST_EFFORT
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate
from kubernetes_caps.worlds import DEFAULTS, NODES, M, clusters, pod, workload

UPLOAD, BACKUP, ROBOT = workload("upload", role=BEST_EFFORT), workload("backup"), workload("robot")
ROSTER = Roster({UPLOAD.ref: Bounds(Rate(10 * M), Rate(90 * M))})
BOTH = Roster({one.ref: Bounds(Rate(10 * M), Rate(90 * M)) for one in (UPLOAD, BACKUP)})
OBJECTIVE = Critical("robot", "factory", "robot")


@given(clusters(), st.lists(st.sampled_from(["robot", "backup"]), unique=True), st.sets(st.sampled_from(NODES)))
def test_domains_part_the_pods_that_can_be_capped(
    cluster: tuple[list[Workload], list[Pod]], names: list[str], nodes: set[str]
) -> None:
    """Every pod of a target is in one domain, that of its node, from its binding to its end; no other pod is in any."""
    workloads, pods = cluster
    roster = find({}, [("factory", name) for name in names], workloads, pods, defaults=DEFAULTS)
    critical = [Critical(name, "factory", name, frozenset(nodes)) for name in names]
    domains = group(roster, critical, pods).domains
    by_key = {one.key: one for one in pods}
    found = [(domain, target, key) for domain in domains for target, keys in domain.pods.items() for key in keys]
    assert len({key for _domain, _target, key in found}) == len(found)
    for domain, target, key in found:
        assert by_key[key].node == domain.name
        assert str(by_key[key].workload) == target
    expected = {
        one.key
        for one in pods
        if (bounds := roster.bounds_of(one)) and not bounds.paused and one.placed and not one.host_network
    }
    assert {key for _domain, _target, key in found} == expected


@given(clusters())
def test_the_parts_of_a_workload_add_up_to_its_bounds(cluster: tuple[list[Workload], list[Pod]]) -> None:
    """However its pods are spread, all domains together never give it more than its maximum, but for the least caps."""
    roster = find({}, [], *cluster, defaults=DEFAULTS)
    domains = group(roster, [], cluster[1]).domains
    for ref, bounds in roster.targets.items():
        claims = [(claim, len(d.pods[claim.name])) for d in domains for claim in d.claims if claim.name == str(ref)]
        least = sum(max(claim.minimum_bps, pods * FLOOR_BPS) for claim, pods in claims)
        assert sum(claim.maximum_bps for claim, _pods in claims) <= max(bounds.maximum.bps, least)
        assert all(claim.minimum_bps >= pods * FLOOR_BPS for claim, pods in claims)


def test_a_node_gets_as_many_parts_as_it_has_pods() -> None:
    """Two of three pods may have two thirds of the workload's bounds."""
    pods = [pod(UPLOAD, 1, "node-1"), pod(UPLOAD, 2, "node-1"), pod(UPLOAD, 3, "node-2")]
    one, two = group(ROSTER, [], pods).domains
    assert [(c.minimum_bps, c.maximum_bps) for c in one.claims] == [(6_666_666, 60 * M)]
    assert [(c.minimum_bps, c.maximum_bps) for c in two.claims] == [(3_333_333, 30 * M)]


def test_an_objective_counts_on_the_nodes_where_its_pods_are() -> None:
    """Also on one where a pod is only about to start; where none is, there is nothing to decide."""
    uploads = [pod(UPLOAD, number, node) for number, node in enumerate(NODES)]
    robots = [pod(ROBOT, 1, "node-1"), pod(ROBOT, 2, "node-2", phase="Pending")]
    found = {d.name: d.objectives for d in group(ROSTER, [OBJECTIVE], [*uploads, *robots]).domains}
    assert found == {"node-1": {"robot"}, "node-2": {"robot"}, "node-3": frozenset()}


def test_an_objective_counts_on_the_nodes_of_its_path_as_well() -> None:
    """The configuration knows where the critical workload's peer is."""
    uploads = [pod(UPLOAD, number, node) for number, node in enumerate(NODES)]
    critical = Critical("robot", "factory", "robot", frozenset({"node-3"}))
    found = {d.name: d.objectives for d in group(ROSTER, [critical], [*uploads, pod(ROBOT, 1, "node-1")]).domains}
    assert found == {"node-1": {"robot"}, "node-2": frozenset(), "node-3": {"robot"}}


def test_a_critical_workload_that_is_not_seen_is_on_every_node() -> None:
    """Not knowing where it is must not mean that nothing is cut, and it is told."""
    uploads = [pod(UPLOAD, number, node) for number, node in enumerate(NODES)]
    gone = pod(ROBOT, 1, "node-1", phase="Failed")
    grouping = group(ROSTER, [OBJECTIVE], [*uploads, gone])
    assert [domain.objectives for domain in grouping.domains] == [{"robot"}] * 3
    assert "counts as being on every node" in grouping.problems[0]


def test_a_pod_counts_from_its_binding_to_its_end() -> None:
    """An init container sends while its pod is Pending, and a deleted pod sends for all of its grace period."""
    pods = [
        pod(UPLOAD, 1, phase="Pending"),
        pod(UPLOAD, 2, deleting=True),
        pod(UPLOAD, 3),
        pod(UPLOAD, 4, node="", phase="Pending"),
        pod(UPLOAD, 5, phase="Succeeded"),
        pod(UPLOAD, 6, phase="Failed", deleting=True),
    ]
    (only,) = group(ROSTER, [], pods).domains
    assert only.pods == {str(UPLOAD.ref): ("factory/upload-1", "factory/upload-2", "factory/upload-3")}
    assert only.starting == {"factory/upload-1", "factory/upload-2"}


def test_a_pod_that_nobody_may_cap_leaves_its_workload_to_be_controlled() -> None:
    """What it sends is other traffic: the rest would else count as having no cap, for ever."""
    pods = [pod(UPLOAD, 1), pod(UPLOAD, 2)]
    (only,) = group(ROSTER, [], pods, refused={"factory/upload-1"}).domains
    assert only.pods == {str(UPLOAD.ref): ("factory/upload-2",)}


def test_a_pod_whose_cap_is_not_in_force_takes_nothing_from_its_neighbours() -> None:
    """It keeps its cap and is looked at further; the budget is shared by the others."""
    pods = [pod(UPLOAD, 1), pod(UPLOAD, 2), pod(BACKUP, 3), pod(UPLOAD, 4, "node-2")]
    first, second = group(BOTH, [], pods, disproved={"factory/upload-1", "factory/upload-2"}).domains
    assert first.pods == {str(BACKUP.ref): ("factory/backup-3",)}
    assert [claim.name for claim in first.claims] == [str(BACKUP.ref)]
    assert first.unenforced == {str(UPLOAD.ref): ("factory/upload-1", "factory/upload-2")}
    assert set(first.capped) == {"factory/upload-1", "factory/upload-2", "factory/backup-3"}
    assert (second.pods, second.unenforced) == ({str(UPLOAD.ref): ("factory/upload-4",)}, {})


def test_where_no_cap_is_in_force_the_domain_stays_as_it_is() -> None:
    """There is nobody to whom the budget could go, and enforcement may come back."""
    grouping = group(BOTH, [], [pod(UPLOAD, 1), pod(BACKUP, 2)], disproved={"factory/upload-1", "factory/backup-2"})
    (only,) = grouping.domains
    assert (len(only.claims), only.unenforced) == (2, {})
    assert set(grouping.refs) == {str(UPLOAD.ref), str(BACKUP.ref)}


@given(st.integers(1, 400), st.sampled_from([1, 10 * M, 10**12, 10**13]), st.sampled_from([10 * M, 10**13]))
def test_no_bounds_and_no_number_of_pods_make_an_impossible_claim(pods: int, least: int, most: int) -> None:
    """The sums of what tenants ask for stay in the range of a rate."""
    low, high = sorted((max(least, FLOOR_BPS), max(most, FLOOR_BPS)))
    roster = Roster({UPLOAD.ref: Bounds(Rate(low), Rate(high))})
    for domain in group(roster, [], [pod(UPLOAD, n, NODES[n % 3]) for n in range(pods)]).domains:
        (claim,) = domain.claims
        assert FLOOR_BPS <= claim.minimum_bps <= claim.maximum_bps <= CEILING_BPS


def test_a_pod_on_the_hosts_network_is_told_and_left_alone() -> None:
    """Cilium ignores its annotations: a cap there would be a lie."""
    grouping = group(ROSTER, [], [pod(UPLOAD, 1, host_network=True), pod(UPLOAD, 2)])
    assert [domain.pods for domain in grouping.domains] == [{str(UPLOAD.ref): ("factory/upload-2",)}]
    assert grouping.problems == ("Deployment factory/upload: 1 of its pods use hostNetwork, where no cap is enforced",)


def test_pod_templates_know_no_nodes() -> None:
    """One template serves all pods, so they are one domain with every objective."""
    uploads = [pod(UPLOAD, number, node) for number, node in enumerate(NODES)]
    (only,) = group(ROSTER, [OBJECTIVE], [*uploads, pod(ROBOT, 9)], by_node=False).domains
    assert (only.name, [*only.objectives]) == ("cluster", ["robot"])
    assert [(c.minimum_bps, c.maximum_bps) for c in only.claims] == [(10 * M, 90 * M)]
