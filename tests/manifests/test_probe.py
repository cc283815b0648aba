"""The probe's objects are what Kubernetes expects, and lead every prober to its reflectors."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

import detnet.model.annotations as core
from access.role import play
from detnet.probe.paths import Path as ProbePath
from detnet.probe.paths import parse_paths
from manifests.rendered import Objects, labels_of_pods, of_kind, render, selects

CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def node(name: str, *, ready: bool = True, address: str = "192.0.2.1", labels: Any = None, **spec: Any) -> Any:
    """A node as the API has it."""
    return {
        "metadata": {"labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}},
        "spec": spec,
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        },
    }


NODES = {
    "resources": [
        node("w1.example"),
        node("w2"),
        node("drained", unschedulable=True),
        node("cp1", taints=[CONTROL_PLANE]),
        node("lost", ready=False),
        node("windows", labels={"kubernetes.io/os": "windows"}),
        node("cloud", labels={"type": "virtual-kubelet"}),
    ]
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What is made for a cluster of two nodes that take pods and five that do not, each for a reason of its own."""
    return render(tmp_path_factory.mktemp("probe"), "probe", __probe_nodes=NODES)


@pytest.fixture(scope="module")
def realtime(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """One path, named by hand, measured in real time with Cilium's priority."""
    path = {"name": "robot-control", "from": "w2", "to": "w1.example", "rate": 100}
    options: dict[str, Any] = {
        "probe_paths": [path],
        "probe_realtime": True,
        "probe_late_limit": 2,
        "probe_priority": "guaranteed",
    }
    return render(tmp_path_factory.mktemp("realtime"), "probe", __probe_nodes=NODES, **options)


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_object_fits_the_schema(objects: Objects, realtime: Objects, version: str) -> None:
    """No field is unknown to the documents' release or to the newest one, and none is missing."""
    for one in (*objects, *realtime):
        kubernetes_validate.validate(one, version, strict=True)


def test_without_paths_there_is_one_from_each_node_to_each_other(objects: Objects) -> None:
    """Probers and reflectors are on the nodes that take pods, each prober with the path to the other one."""
    assert set(of_kind(objects, "Deployment")) == {
        f"detnet-{kind}-{node}" for kind in ("prober", "reflector") for node in ("w1-example", "w2")
    }
    asked = [path.name for name in ("w1-example", "w2") for path in paths(objects, f"detnet-prober-{name}")]
    assert asked == ["w1.example-w2", "w2-w1.example"]


def test_every_path_leads_to_a_reflector_that_listens(objects: Objects, realtime: Objects) -> None:
    """The host of a path is a Service whose pods listen on the path's port."""
    for some in (objects, realtime):
        services, deployments = of_kind(some, "Service"), of_kind(some, "Deployment")
        for name in deployments:
            for path in paths(some, name) if "prober" in name else ():
                selector = services[path.host]["spec"]["selector"]
                (end,) = [one for one in deployments.values() if selects(selector, labels_of_pods(one))]
                assert f"0.0.0.0:{path.port}" in container(end)["command"]


def test_the_probe_is_critical_and_has_its_resources(objects: Objects, realtime: Objects) -> None:
    """Workload and pods say so, and requests are limits, which makes the quality of service "Guaranteed"."""
    for one in of_kind(objects, "Deployment").values():
        assert one["metadata"]["labels"][core.CLASS] == labels_of_pods(one)[core.CLASS] == core.CRITICAL
        assert container(one)["resources"]["requests"] == container(one)["resources"]["limits"]
    for one in of_kind(realtime, "Deployment").values():
        assert one["spec"]["template"]["metadata"]["annotations"] == {core.PRIORITY: "guaranteed"}


def test_probers_are_told_how_late_they_may_be(objects: Objects, realtime: Objects) -> None:
    """In ms, the default and a limit of one's own."""
    for some, limit in ((objects, "0.5"), (realtime, "2")):
        probers = [container(one)["command"] for name, one in of_kind(some, "Deployment").items() if "prober" in name]
        assert {one[one.index("--late-limit-ms") + 1] for one in probers} == {limit}


def test_real_time_takes_one_capability_and_nothing_else_does(objects: Objects, realtime: Objects) -> None:
    """Asked for, the container is root with CAP_SYS_NICE alone; unasked, it has no capability and is not root."""
    for some, added, user in ((objects, None, 65534), (realtime, ["SYS_NICE"], 0)):
        for one in of_kind(some, "Deployment").values():
            assert container(one)["securityContext"]["capabilities"].get("add") == added
            assert container(one)["securityContext"]["capabilities"]["drop"] == ["ALL"]
            assert one["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == user
            assert ("--realtime" in container(one)["command"]) == (added is not None)


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    """The only container of a Deployment's pods."""
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(only)


def paths(objects: Objects, prober: str) -> list[ProbePath]:
    """The paths of a prober, as it reads them itself."""
    command = container(of_kind(objects, "Deployment")[prober])["command"]
    given = [value for option, value in itertools.pairwise(command) if option == "--path"]
    return list(parse_paths(given, rate_hz=20.0))


def test_strangers_reach_neither_reflectors_nor_figures(objects: Objects) -> None:
    """Only probers take a reflector's turn; only who reads the figures reaches their port."""
    policies = of_kind(objects, "NetworkPolicy")
    readers = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        for name in ("detnet-system", "monitoring")
    ]
    figures = {"from": readers, "ports": [{"port": "metrics", "protocol": "TCP"}]}
    probers = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "detnet-prober"}}}
    probes = {"from": [probers], "ports": [{"port": "stamp", "protocol": "UDP"}]}
    assert {name: one["spec"]["ingress"] for name, one in policies.items()} == {
        "detnet-prober": [figures],
        "detnet-reflector": [figures, probes],
    }
    for name, one in policies.items():
        assert one["spec"]["policyTypes"] == ["Ingress"]
        pods = [labels_of_pods(one) for one in of_kind(objects, "Deployment").values()]
        selected = [labels for labels in pods if selects(one["spec"]["podSelector"]["matchLabels"], labels)]
        assert selected, name


def test_ipv6_is_listened_to_where_nodes_have_it(tmp_path: Path) -> None:
    """On a socket that takes IPv4 as well; without IPv6, a kernel may have no such sockets."""
    some = render(tmp_path, "probe", __probe_nodes={"resources": [node("a", address="fd00::11"), node("b")]})
    for one in of_kind(some, "Deployment").values():
        command = container(one)["command"]
        assert command[command.index("--metrics") + 1] == "[::]:9862"
        assert ("--udp" not in command) or command[command.index("--udp") + 1] == "[::]:862"


def test_long_names_are_cut_and_stay_different(tmp_path: Path) -> None:
    """A Service and a label take 63 characters; a prober finds its reflector all the same."""
    names = [f"node-{number}." + "x" * 55 for number in (1, 2)]
    given = [{"name": "a", "from": names[0], "to": names[1]}, {"name": "b", "from": names[1], "to": names[0]}]
    some = render(tmp_path, "probe", __probe_nodes={"resources": []}, probe_paths=given)
    services = of_kind(some, "Service")
    assert len(services) == 4
    assert all(len(name) <= 63 for name in services)
    for name in filter(lambda name: "prober" in name, services):
        assert all(path.host in services for path in paths(some, name))
    for one in some:
        kubernetes_validate.validate(one, "1.37", strict=True)


@pytest.mark.parametrize("name", ["666", "0x1f", "true", "1e3"])
def test_a_node_may_have_a_name_like_a_number(tmp_path: Path, name: str) -> None:
    """It stays a text in every place."""
    given = [{"name": "a", "from": name, "to": "w2"}]
    some = render(tmp_path, "probe", __probe_nodes={"resources": []}, probe_paths=given, probe_namespace=name)
    for one in some:
        kubernetes_validate.validate(one, "1.37", strict=True)
    prober = of_kind(some, "Deployment")[f"detnet-prober-{name}"]
    assert prober["spec"]["template"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": name}
    assert prober["metadata"]["namespace"] == name


def test_a_guarded_prober_has_its_files_and_a_kubelet_that_asks_by_tls(tmp_path: Path) -> None:
    """Certificate and token are mounted where the command reads them; reflectors have neither."""
    secrets = {"probe_tls_secret": "cell-tls", "probe_token_secret": "cell-token"}
    guarded = render(tmp_path, "probe", __probe_nodes=NODES, **secrets)
    for one in guarded:
        kubernetes_validate.validate(one, "1.30", strict=True)
    for name, one in of_kind(guarded, "Deployment").items():
        spec, only = one["spec"]["template"]["spec"], container(one)
        prober = "prober" in name
        assert only["livenessProbe"]["httpGet"]["scheme"] == ("HTTPS" if prober else "HTTP")
        assert only["readinessProbe"]["httpGet"] == only["livenessProbe"]["httpGet"]
        given = [option for option in only["command"] if option.startswith(("--tls", "--bearer"))]
        assert given == (["--tls-cert-file", "--tls-key-file", "--bearer-token-file"] if prober else [])
        volumes = {each["name"]: each["secret"] for each in spec["volumes"] if "secret" in each}
        assert {each["secretName"] for each in volumes.values()} == ({"cell-tls", "cell-token"} if prober else set())
        mounts = {each["mountPath"]: volumes.get(each["name"]) for each in only["volumeMounts"]}
        for option, file in itertools.pairwise(only["command"]):
            if option in given:
                assert mounts[str(Path(file).parent)] == {
                    "secretName": "cell-token" if "bearer" in option else "cell-tls",
                    "defaultMode": 0o440,
                }


@pytest.mark.parametrize(
    "wrong", [{"probe_token_secret": "token"}, {"probe_tls_cert_file": "/a"}, {"probe_tls_key_file": "/a"}]
)
def test_half_a_guard_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    """Before anything is changed."""
    book = "[{hosts: localhost, gather_facts: false, roles: [probe]}]"
    run = play(tmp_path, {"probe_kubeconfig": "nowhere", **wrong}, playbook=book)
    assert not run.ok
    assert "; expected" in run.output
