"""The configuration files of a run: the controller's, Prometheus's and nginx's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detnet.model.rate import Rate
from detnet.probe.paths import address_and_port
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.testbed_scenario import OBJECTIVE_MS, RunSpec

PAGE_BYTES = 250_000
"""A dashboard with its scripts and pictures."""

_SMALLEST_SHARE = 0.02


def controller_config(spec: RunSpec, audit: Path) -> dict[str, Any]:
    """Return what ``detnet run`` is given.

    "static" is a range of one value, half the link shared evenly; "none" decides and records but caps nothing.
    """
    near = spec.addresses.nodes[at.SENDERS]
    half_bps = spec.link.capacity_bps // 2 // len(at.WORKLOADS)
    static = spec.policy == "static"
    low_bps = half_bps if static else int(spec.link.capacity_bps * _SMALLEST_SHARE)
    high_bps = half_bps if static else spec.link.capacity_bps
    limits = {"jitter": f"{OBJECTIVE_MS:g}ms", "latency": "10ms", "loss": "1%"}
    return {
        "mode": "observe" if spec.policy == "none" else "enforce",
        "objectives": [{"workload": name, **limits} for name in ("robot-control", "safety-scanner")],
        "targets": [
            {
                "name": name,
                "min": Rate(max(low_bps, 1_000_000)).quantity,
                "max": Rate(max(high_bps, 1_000_000)).quantity,
                "match": {"source": sender.address},
            }
            for name, sender in spec.addresses.senders(spec.enforcer).items()
        ],
        "source": {"kind": "probe", "probe": {"url": f"http://{address_and_port(near, at.PROBE_METRICS_PORT)}"}},
        # Under EDT edt/controller.py puts its own actuator in the place of this one.
        "actuator": {"kind": "dry-run"} if spec.enforcer == "edt" else {"kind": "tc", "device": at.UPLINK},
        "policy": {"name": "learned" if spec.policy in ("none", "static") else spec.policy},
        "loop": {"interval": "500ms"},
        "http": {"listen": address_and_port(near, at.DAEMON_HTTP_PORT)},
        "audit": {"path": str(audit)},
    }


def prometheus_config(near: str) -> dict[str, Any]:
    """Return a configuration that scrapes the probe and the controller at ``near`` every second."""
    ports = {"probe": at.PROBE_METRICS_PORT, "detnet": at.DAEMON_HTTP_PORT}
    return {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [address_and_port(near, port)]}]}
            for job, port in ports.items()
        ],
    }


def nginx_config(address: str, port: int, folder: Path) -> str:
    """Return a server of one page at ``/``, for which nothing is written outside ``folder``."""
    temporary = "\n".join(
        f"  {kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off;
master_process off;
error_log stderr warn;
pid {folder}/nginx-{port}.pid;
events {{}}
http {{
{temporary}
  access_log off;
  keepalive_requests 1000000;
  server {{
    listen {address_and_port(address, port)};
    root {folder}/www-{port};
  }}
}}
"""
