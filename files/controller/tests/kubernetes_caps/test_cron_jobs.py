"""A CronJob is one target over all its runs, by the names that the real controller of Kubernetes gives them."""

from __future__ import annotations

import time
from typing import Any

from detnet.kubernetes.client.api import Api
from detnet.model.annotations import BEST_EFFORT, CLASS
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site, target
from support import wait_for

_JOB: dict[str, Any] = {
    "parallelism": 2,
    "completions": 2,
    "template": {
        "metadata": {"labels": {"app": "nightly", CLASS: BEST_EFFORT}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none"}]},
    },
}


def _run_now(site: Site) -> str:
    """Create a CronJob that has missed a minute, so that its controller runs it at once; return the path of the Job."""
    jobs = f"/apis/batch/v1/namespaces/{site.namespace}/jobs"
    cron_job = f"/apis/batch/v1/namespaces/{site.namespace}/cronjobs/nightly"
    spec = {"schedule": "* * * * *", "suspend": True, "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": _JOB}}
    site.plane.request("POST", cron_job.rpartition("/")[0], {"metadata": {"name": "nightly"}, "spec": spec})
    missed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 90.0))
    site.plane.request("PATCH", f"{cron_job}/status", {"status": {"lastScheduleTime": missed}})
    site.plane.request("PATCH", cron_job, {"spec": {"suspend": False}})
    wait_for(lambda: site.plane.request("GET", jobs)["items"], what="a run of the CronJob", within_s=30.0)
    (job,) = site.plane.request("GET", jobs)["items"]
    return f"{jobs}/{job['metadata']['name']}"


def test_the_runs_of_a_cron_job_share_one_target(site: Site, api: Api) -> None:
    """Yesterday's run is still at work: four pods, one budget. What somebody starts by hand says of no CronJob."""
    path = _run_now(site)
    jobs, _slash, name = path.rpartition("/")
    owner = site.plane.request("GET", path)["metadata"]["ownerReferences"]
    yesterday = f"nightly-{int(name.rpartition('-')[2]) - 1440}"
    for other in (yesterday, "nightly-by-hand"):
        metadata = {"name": other, "ownerReferences": owner}
        site.plane.request("POST", jobs, {"metadata": metadata, "spec": _JOB})
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("nightly", 6)
        runs, by_hand = target(site.namespace, "nightly", "cronjob"), target(site.namespace, "nightly-by-hand", "job")
        wait_for(
            lambda: (
                [{one: len(pods) for one, pods in domain.pods.items()} for domain in cluster.domains()]
                == [{runs: 4, by_hand: 2}]
            ),
            what="two targets of four and two pods",
        )
        assert cluster.actuator("node-1").apply({runs: Rate(80 * M), by_hand: Rate(40 * M)}) == {}
        site.wait_caps("nightly", ["20M"] * 6)
