"""Byte counters beside real pods: the loop gets the traffic, and a cap that is not obeyed is told."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.caps.usage import Counters
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site, cap, target
from support import wait_for


def _counting(site: Site, clock: Iterator[int], mbps: float) -> Callable[[], Counters]:
    """Count a second more at each question, in which each pod sends ``mbps`` and the node's others 1 Mbit/s."""

    def read() -> Counters:
        second, pods = next(clock), site.pods()
        keys = [f"{site.namespace}/{one['metadata']['name']}" for one in pods]
        sent = mbps * M / 8 * second
        return Counters(float(second), dict.fromkeys(keys, sent), {"node-1": len(keys) * sent + M / 8 * second})

    return read


def test_traffic_is_counted_and_a_cap_that_is_not_obeyed_is_told(site: Site, api: Api) -> None:
    """The pods go on at twice their cap, as same-node traffic would."""
    site.workload("upload", 2)
    seconds = itertools.count(100)  # a second goes by with each look at the clock
    ticking: Any = {"clock": lambda: float(next(seconds)), "may_write": lambda: math.inf}
    with site.pods_run(), site.cluster(api, counters=_counting(site, itertools.count(), 40.0), **ticking) as cluster:
        site.wait_running("upload", 2)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: cluster.domains() and len(cluster.domains()[0].pods[name]) == 2, what="both pods are known")
        actuator.apply({name: Rate(40 * M)})
        wait_for(lambda: actuator.read() == {name: Rate(40 * M)}, what="the cap is in force")
        before, after = actuator.usage(), actuator.usage()
        assert before is not None
        assert after is not None
        assert after.target_bytes[name] - before.target_bytes[name] == 2 * 40 * M // 8
        assert after.other_bytes - before.other_bytes == M // 8
        assert not cluster.not_enforced()

        def told() -> bool:
            actuator.usage()
            return bool(cluster.not_enforced())

        wait_for(told, what="it is told", within_s=20.0)
        assert cluster.not_enforced().keys() == {Ref("Deployment", site.namespace, "upload")}
        assert any(
            "which is not enforced: likely traffic to pods on the same node" in one for one in cluster.problems()
        )


def test_a_cap_that_was_lost_is_written_again_and_takes_nothing_from_the_neighbours(site: Site, api: Api) -> None:
    """The node's agent loses the cap of one workload, and looks again when its text changes."""
    site.workload("upload", 1)
    site.workload("backup", 1)
    names = {name: target(site.namespace, name) for name in ("upload", "backup")}
    sent: dict[str, tuple[float, float]] = {}

    def now_s() -> float:
        return 20.0 * time.monotonic()

    def read() -> Counters:
        for one in site.pods():
            key, at_s = f"{site.namespace}/{one['metadata']['name']}", now_s()
            before_bytes, before_s = sent.get(key, (0.0, at_s))
            rate_bps = 90 * M if "upload" in key and cap(one) == "20M" else 19 * M
            sent[key] = before_bytes + rate_bps / 8 * (at_s - before_s), at_s
        counted = {key: count for key, (count, _s) in sent.items()}
        return Counters(now_s(), counted, {"node-1": sum(counted.values())})

    quickly: Any = {"clock": now_s, "may_write": lambda: math.inf}
    with site.pods_run(), site.cluster(api, counters=read, **quickly) as cluster:
        site.wait_running("upload", 1)
        site.wait_running("backup", 1)
        wait_for(lambda: cluster.domains() and len(cluster.domains()[0].pods) == 2, what="both pods are known")
        actuator = cluster.actuator("node-1")
        actuator.apply(dict.fromkeys(names.values(), Rate(20 * M)))
        site.wait_caps("upload", ["20M"])

        def state() -> dict[str, Proof | None]:
            actuator.usage()
            return dict(cluster.proofs("node-1"))

        def told() -> bool:
            return state()[names["upload"]] is Proof.DISPROVED

        wait_for(told, what="it is told", within_s=20.0)
        wait_for(lambda: cluster.domains()[0].pods.keys() == {names["backup"]}, what="the budget is the neighbour's")
        assert cluster.domains()[0].unenforced.keys() == {names["upload"]}
        assert (cluster.proved() or {})[Proof.DISPROVED] == 1
        site.wait_caps("upload", ["19999k"])
        assert site.caps("backup") == ["20M"]
        wait_for(lambda: state() == dict.fromkeys(names.values(), Proof.PROVED), what="both are proved", within_s=20.0)
        wait_for(lambda: len(cluster.domains()[0].pods) == 2, what="its share is back")
        assert not cluster.not_enforced()


def test_without_counters_nothing_is_known_and_nothing_is_told(site: Site, api: Api) -> None:
    """A daemon without Prometheus runs all the same, and says that nothing proves its caps."""
    site.workload("upload", 1)
    with site.pods_run(), site.cluster(api) as cluster:
        wait_for(cluster.domains, what="the pod is known", within_s=20.0)
        assert cluster.actuator("node-1").usage() is None
        assert (cluster.proved(), set(cluster.proofs("node-1").values())) == (None, {None})
        assert cluster.problems() == ()
