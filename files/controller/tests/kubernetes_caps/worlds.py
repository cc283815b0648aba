"""Pods and workloads for the tests of the pure parts, by hand and generated."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from detnet.kubernetes.objects.targets import Bounds
from detnet.kubernetes.objects.workloads import POD, Pod, Ref, Workload
from detnet.model.annotations import BEST_EFFORT, CRITICAL, MAXIMUM, MINIMUM, PAUSE, WEIGHT
from detnet.model.rate import Rate

M = 1_000_000
NODES = ("node-1", "node-2", "node-3")
DEFAULTS = Bounds(Rate(10 * M), Rate(1000 * M))


def workload(name: str, *, role: str | None = None, kind: str = "Deployment", **annotations: str) -> Workload:
    """Return a workload; the annotations' names are given without our prefix."""
    ours = {f"qos.detnet.io/{short}": text for short, text in annotations.items()}
    return Workload(Ref(kind, "factory", name), f"uid-{name}", "1", role, 1, ours, {})


def pod(owner: Workload | None, number: int, node: str = "node-1", **changes: object) -> Pod:
    """Return a running pod of a workload, or one that stands for itself."""
    ref = Ref(POD, "factory", f"{owner.ref.name if owner else 'alone'}-{number}")
    plain = Pod(
        ref,
        uid=f"uid-{ref.name}",
        resource_version="1",
        node=node,
        phase="Running",
        deleting=False,
        host_network=False,
        role=None,
        workload=owner.ref if owner else ref,
        annotations={},
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the test names the fields


roles: st.SearchStrategy[str | None] = st.sampled_from([None, None, BEST_EFFORT, BEST_EFFORT, CRITICAL, "besteffort"])
own_annotations: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {},
    optional={
        MINIMUM: st.sampled_from(["5M", "2G", "20m", "0", "", "1M"]),
        MAXIMUM: st.sampled_from(["500M", "3M", "10Mbit", "-5M", "2G"]),
        WEIGHT: st.sampled_from(["2", "0", "-1", "nan", "inf", "many", "0.5"]),
        PAUSE: st.sampled_from(["true", "false", "yes", ""]),
    },
)
workloads = st.lists(
    st.builds(
        lambda name, kind, role, ours: replace(workload(name, kind=kind, role=role), annotations=ours),
        st.sampled_from(["upload", "backup", "robot", "report"]),
        st.sampled_from(["Deployment", "StatefulSet", "DaemonSet"]),
        roles,
        own_annotations,
    ),
    max_size=4,
    unique_by=lambda one: one.ref,
)


@st.composite
def clusters(draw: st.DrawFn) -> tuple[list[Workload], list[Pod]]:
    """Draw workloads and pods in every state, some of them of no workload."""
    owners = draw(workloads)
    pods = [
        pod(
            draw(st.sampled_from([*owners, None])),
            number,
            draw(st.sampled_from(NODES)),
            phase=draw(st.sampled_from(["Running", "Running", "Running", "Pending", "Succeeded"])),
            deleting=draw(st.sampled_from([False, False, True])),
            host_network=draw(st.sampled_from([False, False, False, True])),
            role=draw(roles),
        )
        for number in range(draw(st.integers(0, 12)))
    ]
    return owners, pods
