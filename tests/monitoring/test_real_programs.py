"""Prober, reflector, controller and API server as processes: the dashboard shows what they do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from control_plane import ControlPlane
from kubernetes_caps.site import Site
from monitoring import foreign
from monitoring.role import queries
from monitoring.serving import ask, exporting, scraping
from support import free_port, wait_for

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.timeout(300)]

# What has a series only after something has gone wrong, or after a queue was seen to grow.
LATER = {"Writes C", "Learned capacity B"}
RATE_BYTES_S = 2_500_000


def detnet(entered: ExitStack, log: Path, *arguments: str) -> None:
    """Run a command until the test's end."""
    with log.open("ab") as into:
        process = subprocess.Popen([sys.executable, "-m", "detnet", *arguments], stdout=into, stderr=into)
    entered.callback(process.wait)
    entered.callback(process.kill)


def counters(site: Site) -> str:
    """Return what cAdvisor would count: each best-effort pod, and the node that they share, sends evenly."""
    count = int(time.monotonic() * RATE_BYTES_S)
    pods = [pod["metadata"]["name"] for pod in site.pods("telemetry-upload")]
    series = "container_network_transmit_bytes_total"
    lines = [f'{series}{{namespace="{site.namespace}",pod="{pod}",interface="eth0",id="/pod"}} {count}' for pod in pods]
    nodes = [
        f'{series}{{node="node-{number}",pod="",interface="ens3",id="/"}} {len(pods) * count}' for number in (1, 2)
    ]
    others = [line for line in foreign.exposition(count).splitlines() if not line.startswith(series)]
    return "\n".join([*others, *lines, *nodes, ""])


@pytest.fixture
def prometheus(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[str]:
    """Two nodes with a robot and best effort, all programs, and the Prometheus that scrapes and informs them."""
    site, (reflect, probe, http, asked) = Site(control_plane, namespace), (free_port() for _port in range(4))
    document = {
        "objectives": [{"workload": "robot-control", "loss": "20%", "latency": "500ms", "jitter": "500ms"}],
        "defaults": {"min": "2M", "max": "100M"},
        "source": {"probe": {"url": f"http://127.0.0.1:{probe}"}},
        "actuator": {
            "kind": "kubernetes",
            "kubernetes": {
                "namespaces": [namespace],
                "kubeconfig": str(control_plane.kubeconfig),
                "write_every": "500ms",
                "counters": {
                    "url": f"http://127.0.0.1:{asked}",
                    "nodes": 'sum by (node) (container_network_transmit_bytes_total{id="/"})',
                },
            },
            "leader": {"namespace": namespace},
        },
        "http": {"listen": f"127.0.0.1:{http}"},
        "loop": {"interval": "200ms"},
    }
    (tmp_path / "detnet.yaml").write_text(json.dumps(document), encoding="utf-8")
    path = f"robot-control=udp://127.0.0.1:{reflect}?rate_hz=50"
    with ExitStack() as entered:
        entered.enter_context(control_plane.run_pods(namespace, ("node-1", "node-2")))
        site.workload("robot-control", 1, role="critical")
        site.workload("telemetry-upload", 4)
        site.wait_running("telemetry-upload", 4)
        log = tmp_path / "log"
        detnet(entered, log, "reflect", "--udp", f"127.0.0.1:{reflect}")
        options = ("--late-limit-ms", "500", "--same-host")
        detnet(entered, log, "probe", "--path", path, "--metrics", f"127.0.0.1:{probe}", *options)
        kubelets = entered.enter_context(exporting(lambda: counters(site)))
        targets = [f"127.0.0.1:{probe}", f"127.0.0.1:{http}", kubelets]
        url = entered.enter_context(scraping(tmp_path, targets, port=asked))
        detnet(entered, log, "run", "-c", str(tmp_path / "detnet.yaml"))
        yield url


def test_the_dashboard_shows_what_they_do(prometheus: str, tmp_path: Path) -> None:
    """Every panel has data from what the programs really export, but for what has not happened."""

    def missing() -> set[str]:
        return {panel for panel, query in queries().items() if panel not in LATER and not ask(prometheus, query)}

    try:
        wait_for(lambda: not missing(), within_s=120.0, what="data in every panel")
    except AssertionError as error:
        raise AssertionError(f"{error}; without: {missing()}\n{(tmp_path / 'log').read_text()[-2000:]}") from None
