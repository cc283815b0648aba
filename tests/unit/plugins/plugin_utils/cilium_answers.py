"""What an agent of Cilium 1.18.3 to 1.20.2 answers, in the shapes that its source gives it."""

from __future__ import annotations

import json
from typing import Any

# api/v1/models: status_response.go, bandwidth_manager.go
STATUS: dict[str, Any] = {
    "bandwidth-manager": {"congestionControl": "cubic", "devices": ["eth0"], "enabled": True},
    "kube-proxy-replacement": {"mode": "True", "features": {"nodePort": {"enabled": True}}},
    "routing": {"intra-host-routing-mode": "BPF", "inter-host-routing-mode": "Tunnel"},
}
# Linux tools/bpf/bpftool/net.c: tcx from Linux 6.6 on, clsact before, where the loader adds the device to the name.
TCX = {"devname": "eth0", "ifindex": 2, "kind": "tcx/egress", "name": "cil_to_netdev", "prog_id": 442, "link_id": 25}
CLSACT = {"devname": "eth0", "ifindex": 2, "kind": "clsact/egress", "name": "cil_to_netdev-eth0", "id": 6994}
INGRESS = TCX | {"kind": "tcx/ingress", "name": "cil_from_netdev", "prog_id": 440, "link_id": 24}
# pkg/datapath/tables/bandwidth_qdisc.go, and reconciler.Status of github.com/cilium/statedb
QDISCS = """LinkIndex   LinkName   FqHorizon    FqBuckets   Status
2           eth0       2000000000   15          Done (5m3s ago)
"""
# api/v1/models: endpoint.go, endpoint_status.go, endpoint_identifiers.go, endpoint_policy.go
ENDPOINT: dict[str, Any] = {
    "id": 1426,
    "status": {
        "external-identifiers": {
            "k8s-namespace": "robot-factory",
            "k8s-pod-name": "up-1",
            "pod-name": "robot-factory/up-1",
        },
        "policy": {"realized": {"id": 4711, "policy-enabled": "both"}},
        "state": "ready",
    },
}
HOST = {"id": 7, "status": {"external-identifiers": {}, "state": "ready"}}
# pkg/maps/bwmap/bwmap.go: EdtId and EdtInfo as texts, "id, direction" and "byte/s, priority"
LIMITS = {"7, 0": ["0, 7"], "1426, 0": ["2500000, 6"], "1426, 1": ["125000, 0"]}

QUESTIONS = {
    "status": "cilium-dbg status -o json",
    "programs": "bpftool -j net show",
    "qdiscs": "cilium-dbg shell -- db/show bandwidth-qdiscs",
    "endpoints": "cilium-dbg endpoint list -o json",
    "limits": "cilium-dbg bpf bandwidth list -o json",
}


def agent(node: str = "one", **changed: Any) -> list[dict[str, Any]]:
    """The results of k8s_exec for a healthy agent, but for what is ``changed``."""
    answers = {
        "status": STATUS,
        "programs": [{"xdp": [], "tc": [INGRESS, TCX], "flow_dissector": [], "netfilter": []}],
        "qdiscs": QDISCS,
        "endpoints": [HOST, ENDPOINT],
        "limits": LIMITS,
    } | changed
    pod = {"metadata": {"name": f"cilium-{node}"}, "spec": {"nodeName": node}}
    return [
        {
            "item": [pod, {"key": key, "value": QUESTIONS[key]}],
            "rc": 0,
            "stdout": told if isinstance(told, str) else json.dumps(told),
        }
        for key, told in answers.items()
    ]
