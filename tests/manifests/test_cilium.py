"""What the role cilium tells Helm is known to the charts that it pins, and what agents answer is judged rightly."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.role import ROOT, play
from manifests.chart_keys import LIST, leaves, missing
from unit.plugins.plugin_utils.cilium_answers import STATUS, agent

LISTED = json.loads(LIST.read_text(encoding="utf-8"))
INFO = {"kernelVersion": "6.8.0-45-generic", "kubeletVersion": "v1.30.14"}
NODES = [{"metadata": {"name": name}, "status": {"nodeInfo": INFO}} for name in ("one", "two", "three")]
FOUND = {"nodes": {"items": NODES}, "kube_proxy": None, "cluster_info": {"data": {}}}
ALL = {
    "cilium_bbr": True,
    "cilium_limit_tso_bursts": True,
    "cilium_routing": "native",
    "cilium_native_cidr": "10.244.0.0/16",
    "cilium_ipam": "cluster-pool",
    "cilium_pod_cidrs": ["10.244.0.0/16"],
    "cilium_image_registry": "registry.example.org:5000/mirror",
}


def evaluate(folder: Path, what: str, **variables: object) -> Any:
    """The value of one of the role's own variables, when three nodes were found."""
    role, profile = ROOT / "roles/cilium", ROOT / "roles/profile"
    (folder / "templates").symlink_to(role / "templates")
    copy = {"content": f"{{{{ {what} | to_json }}}}", "dest": str(folder / "value.json"), "mode": "0600"}
    playbook = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(one / part / "main.yml") for one in (profile, role) for part in ("defaults", "vars")],
        "vars": {
            "__cilium_found": {"answers": FOUND},
        },
        "tasks": [{"ansible.builtin.copy": copy}],
    }
    run = play(folder, {"cilium_api_host": "192.0.2.10", **variables}, playbook=json.dumps([playbook]))
    assert run.ok, run.output
    return json.loads((folder / "value.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("variables", [{}, ALL, {"cilium_kube_proxy_replacement": False}])
def test_every_value_is_one_that_the_pinned_charts_have(tmp_path: Path, variables: dict[str, object]) -> None:
    """A value that a chart does not know would be ignored without a word."""
    values = evaluate(tmp_path, "__cilium_wanted_values", **variables)
    assert {path for path, _value in leaves(values)} <= set(LISTED["keys"])


def test_the_checked_charts_are_the_pinned_ones() -> None:
    """Nobody takes another chart without looking into it: the list names each by version and checksum."""
    known, table = (
        yaml.safe_load((ROOT / "roles" / role / "vars/main.yml").read_text(encoding="utf-8"))[f"__{role}_{what}"]
        for role, what in (("cilium", "checksums"), ("profile", "table"))
    )
    assert known == {version: chart["checksum"] for version, chart in LISTED["charts"].items()}
    assert known.keys() == {profile["cilium"] for profile in table.values()}


def test_a_chart_that_lacks_a_value_is_found_out(tmp_path: Path) -> None:
    """The check of a new chart looks at every step of a path."""
    values = tmp_path / "values.yaml"
    values.write_text("bpf: {masquerade: ~}\nhubble: ~\n", encoding="utf-8")
    with tarfile.open(tmp_path / "chart.tgz", "w:gz") as chart:
        chart.add(values, "cilium/values.yaml")
    assert missing(tmp_path / "chart.tgz", ["bpf.masquerade", "hubble.enabled", "image"]) == ["hubble.enabled", "image"]


def test_the_users_values_come_last(tmp_path: Path) -> None:
    """They are merged into the role's, whatever the role says there, and leave their neighbours alone."""
    given = {"bpf": {"masquerade": False}, "operator": {"replicas": 1}, "debug": {"enabled": True}}
    values = evaluate(tmp_path, "__cilium_wanted_values", cilium_values=given)
    assert (values["bpf"]["masquerade"], values["debug"]) == (False, {"enabled": True})
    assert values["operator"] == {"replicas": 1, "rollOutPods": True, "prometheus": {"enabled": True}}


@pytest.mark.parametrize(
    ("version", "values", "refused"),
    [
        ("1.18.3", {}, False),
        ("1.18.3", {"bpf": {"hostLegacyRouting": True}}, True),
        ("1.19.1", {"bpf": {"masquerade": False}}, True),
        ("1.19.2", {"bpf": {"masquerade": False}}, False),
        ("1.18.3", {"bpf": {"masquerade": False}, "endpointRoutes": {"enabled": False}}, False),
    ],
)
def test_a_known_way_past_policies_is_refused(tmp_path: Path, version: str, values: object, refused: bool) -> None:  # noqa: FBT001
    """CVE-2026-33726 needs endpoint routes, host routing by the kernel, and a version before the fix."""
    said = evaluate(tmp_path, "__cilium_too_old", cilium_version=version, cilium_values=values)
    assert ["CVE-2026-33726" in one for one in said] == [True] * refused


@pytest.mark.parametrize(
    ("version", "values", "refused"),
    [
        ("1.18.3", {}, True),
        ("1.20.2", {}, True),
        ("1.18.3", {"hostFirewall": {"enabled": True}}, False),
        ("1.18.3", {"nodePort": {"enabled": True}}, False),
        ("1.20.2", {"nodePort": {"enabled": True}}, True),
        ("1.18.3", {"bpf": {"masquerade": True}}, True),
        ("1.20.2", {"bpf": {"masquerade": True}}, False),
        ("1.20.2", {"encryption": {"enabled": True, "type": "wireguard"}}, False),
        ("1.20.2", {"encryption": {"enabled": True}}, True),
    ],
)
def test_a_cilium_that_attaches_nothing_to_the_egress_is_refused(
    tmp_path: Path,
    version: str,
    values: object,
    refused: bool,  # noqa: FBT001
) -> None:
    """The agents would list the caps and enforce none; IPsec attaches, and switches the bandwidth manager off."""
    given = {"cilium_kube_proxy_replacement": False, "cilium_endpoint_routes": False, "cilium_values": values}
    said = evaluate(tmp_path, "__cilium_too_old", cilium_version=version, **given)
    assert ["attaches nothing to the egress" in one for one in said] == [True] * refused


def test_bursts_are_limited_by_a_plugin_after_cilium_s_own(tmp_path: Path) -> None:
    """The chart reads this key unless told otherwise; a kernel without the sysctl would start no pod."""
    config = evaluate(tmp_path, "__cilium_cni_config", cilium_limit_tso_bursts=True)
    assert [one["type"] for one in config["plugins"]] == ["cilium-cni", "tuning"]
    assert config["plugins"][1]["sysctl"] == {"net.ipv4.tcp_tso_rtt_log": "0"}
    (tmp_path / "templates").unlink()
    old = [{**NODES[0], "status": {"nodeInfo": INFO | {"kernelVersion": "5.15.0-91-generic"}}}]
    found = {"answers": FOUND | {"nodes": {"items": old}}}
    (said,) = evaluate(tmp_path, "__cilium_too_old", cilium_limit_tso_bursts=True, __cilium_found=found)
    assert said.endswith("with cilium_limit_tso_bursts needs 5.18 or newer")


def test_with_its_defaults_nothing_is_refused(tmp_path: Path) -> None:
    """On either pinned version."""
    assert evaluate(tmp_path, "__cilium_too_old") == []


def test_bbr_without_host_routing_by_bpf_is_refused(tmp_path: Path) -> None:
    """The agents would start and say bbr, and pods would not get it."""
    given = {"cilium_bbr": True, "cilium_endpoint_routes": False, "cilium_values": {"bpf": {"masquerade": False}}}
    (said,) = evaluate(tmp_path, "__cilium_too_old", **given)
    assert said.startswith("cilium_bbr needs BPF host routing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"bandwidth-manager": {"devices": []}}, ["on one the bandwidth manager is off, so caps have no effect"]),
        ({"kube-proxy-replacement": {"mode": "True", "features": {}}}, ["on one kube-proxy is not replaced"]),
        ({"routing": {"intra-host-routing-mode": "Legacy"}}, ["on one the host routes instead of Cilium (Legacy)"]),
    ],
)
def test_an_agent_that_cannot_enforce_is_named(tmp_path: Path, change: dict[str, object], words: list[str]) -> None:
    """An agent that lacks something in its kernel goes on without it, and its configuration says nothing of that."""
    answers = {"results": agent(status=STATUS | change)}
    said = evaluate(tmp_path, "__cilium_unfit", __cilium_answers=answers)
    assert len(said) == len(words)
    assert all(one.startswith(word) for one, word in zip(said, words, strict=True))


def test_an_agent_whose_kernel_lacks_fq_is_named_with_its_last_words(tmp_path: Path) -> None:
    """It does not switch its bandwidth manager off: its start fails, over and over."""
    message = (
        'level=info msg=Starting\nlevel=error msg="Start hook failed" error="net.core.default_qdisc=fq: no such file"\n'
    )
    ended = {"name": "cilium-agent", "ready": False, "lastState": {"terminated": {"message": message}}}
    state = {"spec": {"nodeName": "one"}, "status": {"containerStatuses": [ended]}}
    status = {"desiredNumberScheduled": 3, "numberReady": 2}
    said = evaluate(
        tmp_path,
        "__cilium_not_ready",
        __cilium_rolled_out={"msg": "timed out"},
        __cilium_running={
            "answers": {
                "daemon_set": {"status": status},
                "agents": {"items": [state]},
                "config": {"data": {"enable-bandwidth-manager": "true"}},
                "cilium_nodes": {"items": NODES},
            }
        },
    )
    assert said[0].startswith("of 3 agents 2 are ready")
    assert said[1].startswith(
        "on one cilium-agent ends again and again, as it cannot set the qdisc fq: is the kernel module sch_fq"
    )
    assert said[1].endswith('no such file"')
