"""What a large cluster costs the controller, and what the controller costs the API server.

    PYTHONPATH=tests:files/controller/tests python -m benchmarks.cluster_scale --out out/benchmarks

The API server, the controller and its probe are real; pods are objects that say they run. The v1 controller's way, a
GET and a template PATCH for each Deployment in every cycle, is measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.cluster_controller import HIGH, LOW, Controller, controller
from benchmarks.cluster_requests import Request, Requests, between, is_cap
from benchmarks.cluster_result import Cut, Result, Start, Steady, is_write, table
from benchmarks.cluster_site import Site, Size
from cluster_controller.replica import Measured, service_account
from control_plane import ControlPlane, running
from control_plane.options import audit_log
from detnet.kubernetes.client.api import ClusterAccess, connect
from detnet.kubernetes.objects.workloads import PLURALS
from detnet_lab.report.output_files import write_whole
from support import wait_for

# The status and the Events of a workload are repeated after 30 s at the soonest, so this is quiet.
_QUIET_S = 35.0
_STEADY_S = 10.0
_SAMPLE = 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the controller on a large cluster.")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"))
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=50)
    asked = parser.parse_args()
    if asked.pods % asked.targets:
        parser.error("--pods must be a multiple of --targets")
    with tempfile.TemporaryDirectory(prefix="cluster-scale-") as folder, running(Path(folder) / "plane") as plane:
        plane.create_namespace("scale")
        result = measure(plane, "scale", Size(asked.pods, asked.targets, asked.nodes), Path(folder))
    print(table(result).text(width=110))
    write_whole(asked.out / "cluster-scale.json", json.dumps(asdict(result), indent=1) + "\n")


def measure(  # noqa: PLR0913, PLR0917 - how much, where, and for how long
    plane: ControlPlane,
    namespace: str,
    size: Size,
    folder: Path,
    quiet_s: float = _QUIET_S,
    steady_s: float = _STEADY_S,
) -> Result:
    """Fill the namespace and measure; what runs meanwhile ends with it.

    The steady state is looked at for ``steady_s``, once nothing has been written for ``quiet_s``.
    """
    site = Site(plane, namespace, size)
    kubeconfig = service_account(plane, namespace, "controller")
    per_target = size.pods // size.targets
    with ExitStack() as entered:
        api = connect(ClusterAccess(kubeconfig))
        entered.callback(api.close)
        probe = Measured(entered)

        def requests() -> Requests:
            return Requests(audit_log(plane.folder), f"system:serviceaccount:{namespace}:controller")

        def start() -> Start:
            asked = requests()
            with controller(folder, kubeconfig, namespace, probe.port, per_target, "observe") as one:
                return _started(one, asked)

        empty = start()
        site.create_deployments()
        documents = site.documents_cycle(api)
        pod_bytes = entered.enter_context(site.pods())
        full = start()
        asked = requests()
        with controller(folder, kubeconfig, namespace, probe.port, per_target, "enforce") as enforcing:
            enforcing.wait(lambda: asked.caps() == {HIGH: size.pods}, "every pod has its largest cap")
            _wait_quiet(enforcing, asked, quiet_s)
            from_s, calm = time.time(), enforcing.use()
            enforcing.wait(lambda: time.time() >= from_s + steady_s, "the time is over", steady_s + 10.0)
            before = enforcing.use()
            probe.lose_everything()
            enforcing.wait(lambda: asked.caps() == {LOW: size.pods}, "every pod is cut")
            use, breach_s = enforcing.use(), enforcing.breach_s()
        probe.lose_nothing()
        bare_s = site.bare_patch_s(api, min(_SAMPLE, size.pods))
        _wait_watches(asked)
        steady = _steady(asked.all, from_s, from_s + steady_s, before.cpu_s - calm.cpu_s)
        cut = _cut(asked.all, breach_s, use.cpu_s - before.cpu_s, bare_s)
    return Result(size, pod_bytes, empty, full, steady, cut, use, documents, os.getloadavg()[0])


def _started(one: Controller, asked: Requests) -> Start:
    one.wait(one.ready, "ready")
    ready_s = time.monotonic() - one.began_s
    use = one.use()
    one.wait(lambda: any(each.verb == "list" for each in asked.look()), "a list in the audit log")
    lists = [each for each in asked.all if each.verb == "list"]
    return Start(max(each.ended_s for each in lists) - min(each.began_s for each in lists), ready_s, use)


def _wait_quiet(enforcing: Controller, asked: Requests, quiet_s: float) -> None:
    began_s = time.time()

    def quiet() -> bool:
        now_s = time.time()
        wrote = any(is_write(what) for what in between(asked.look(), now_s - quiet_s, now_s))
        return now_s >= began_s + quiet_s and not wrote

    enforcing.wait(quiet, f"no write for {quiet_s:g} s")


def _wait_watches(asked: Requests) -> None:
    """Wait until the log tells of the end of every kind's watch, after the controller has ended."""
    kinds = {"pods", *PLURALS.values()}
    wait_for(
        lambda: kinds <= {one.resource for one in asked.look() if one.verb == "watch"},
        what="the watches end",
        within_s=30.0,
    )


def _steady(asked: Sequence[Request], from_s: float, to_s: float, cpu_s: float) -> Steady:
    watches = sum(one.verb == "watch" and one.began_s < from_s and one.ended_s > to_s for one in asked)
    return Steady(to_s - from_s, cpu_s, watches, between(asked, from_s, to_s))


def _cut(asked: Sequence[Request], breach_s: float, cpu_s: float, bare_patch_s: float) -> Cut:
    caps = [one for one in asked if is_cap(one) and one.cap == LOW]
    return Cut(
        patches=len(caps),
        templates=sum(one.template for one in asked),
        first_s=min(one.ended_s for one in caps) - breach_s,
        last_s=max(one.ended_s for one in caps) - breach_s,
        cpu_s=cpu_s,
        bare_patch_s=bare_patch_s,
    )


if __name__ == "__main__":
    main()
