"""Which programs play which part: critical applications and best effort, servers and clients, probe and Prometheus."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import yaml

from detnet.model.errors import UserError
from detnet.probe.paths import address_and_port
from detnet_lab.testbed import config_files
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.lab_processes import DETNET, Processes, realtime_allowed
from detnet_lab.testbed.testbed_scenario import LATE_LIMIT_MS, RunSpec

PROGRAMS = {
    "iperf3": "iperf3",
    "nginx": "nginx",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
CRITICAL = {"robot-control": ("udp", 100.0), "safety-scanner": ("tcp", 50.0), "robot-factory": ("http", 20.0)}
"""Protocol and rate in Hz of each critical application; each measures its own round trips, which are the truth."""

_PUNCTUAL = ("--realtime", f"--late-limit-ms={LATE_LIMIT_MS:g}")
_DASHBOARD_SHARE = 0.3
_CAMERA_SHARE = 0.3
_BROWSERS = 4


class Workloads:
    """Starts and stops the parts of one run; files live in ``folder``."""

    def __init__(self, spec: RunSpec, processes: Processes, folder: Path) -> None:
        self._spec = spec
        self._processes = processes
        self._folder = folder
        self._nodes, self._pods = spec.addresses.nodes, spec.addresses.pods
        self._senders = spec.addresses.senders(spec.enforcer)
        self._annotations = folder / "annotations.json"
        self.audit = folder / "audit.jsonl"
        self.effects = folder / "effects.jsonl"

    def samples(self, critical: str) -> Path:
        """Return the file in which a critical application writes its round trips."""
        return self._folder / f"{critical}.samples"

    def start_servers(self) -> None:
        """Start everything that waits for others."""
        far = self._nodes[at.RECEIVERS]
        for name, udp, tcp in (
            ("machines", at.ROBOT_CONTROL_PORT, at.SAFETY_SCANNER_PORT),
            ("reflector", at.STAMP_UDP_PORT, at.STAMP_TCP_PORT),
        ):
            argv = [
                *DETNET,
                "reflect",
                "--udp",
                address_and_port(far, udp),
                "--tcp",
                address_and_port(far, tcp),
                "--realtime",
            ]
            self._processes.start(name, at.RECEIVERS, argv)
        self._nginx("factory-server", at.RECEIVERS, far, at.ROBOT_FACTORY_PORT, 200)
        dashboard = self._senders["erp-dashboard"]
        self._nginx("dashboard-server", dashboard.node, dashboard.address, at.DASHBOARD_PORT, config_files.PAGE_BYTES)
        self._processes.start("telemetry-archive", "telemetry-upload", ["iperf3", "-s", "-p", str(at.TELEMETRY_PORT)])
        self._processes.start("camera-archive", at.RECEIVERS, [*_app("camera"), "receive", far, str(at.CAMERA_PORT)])

    def start_critical(self) -> None:
        """Start the critical applications, the controller's own probe beside them, and Prometheus."""
        far, near = self._nodes[at.RECEIVERS], self._nodes[at.SENDERS]
        ports = {"robot-control": at.ROBOT_CONTROL_PORT, "safety-scanner": at.SAFETY_SCANNER_PORT}
        for name, port in ports.items():
            protocol, rate_hz = CRITICAL[name]
            path = f"{name}={protocol}://{address_and_port(far, port)}?rate_hz={rate_hz:g}"
            argv = [*DETNET, "probe", "--path", path, "--json", str(self.samples(name)), *_PUNCTUAL]
            self._processes.start(name, at.SENDERS, argv)
        url = f"http://{address_and_port(far, at.ROBOT_FACTORY_PORT)}/"
        factory = ["chrt", "--fifo", "1"] if realtime_allowed() else []
        factory += [*_app("web_client"), url, f"{CRITICAL['robot-factory'][1]:g}", "1", "robot-factory"]
        self._processes.start("robot-factory", at.SENDERS, [*factory, str(self.samples("robot-factory"))])
        paths = [
            f"robot-control=udp://{address_and_port(far, at.STAMP_UDP_PORT)}",
            f"safety-scanner=tcp://{address_and_port(far, at.STAMP_TCP_PORT)}",
        ]
        argv = [
            *DETNET,
            "probe",
            "--rate-hz",
            "50",
            "--metrics",
            address_and_port(near, at.PROBE_METRICS_PORT),
            *_PUNCTUAL,
        ]
        self._processes.start("probe", at.SENDERS, [*argv, *(f"--path={path}" for path in paths)])
        if self._spec.prometheus:
            self._prometheus()

    def start(self, name: str) -> None:
        """Start a best-effort sender or the camera."""
        capacity_bps = self._spec.link.capacity_bps
        if name == "telemetry-upload":
            argv = ["iperf3", "-c", self._pods[name], "-p", str(at.TELEMETRY_PORT), "-B", self._senders[name].address]
            self._processes.start(name, self._senders[name].node, [*argv, "-P", "4", "-t", "86400", "-i", "0"])
        elif name == "erp-dashboard":
            url = f"http://{address_and_port(self._senders[name].address, at.DASHBOARD_PORT)}/"
            rate_hz = capacity_bps * _DASHBOARD_SHARE / (config_files.PAGE_BYTES * 8)
            self._processes.start(name, name, [*_app("web_client"), url, f"{rate_hz:g}", str(_BROWSERS)])
        else:
            argv = ["send", self._nodes[at.RECEIVERS], str(at.CAMERA_PORT), str(int(capacity_bps * _CAMERA_SHARE))]
            self._processes.start(name, at.SENDERS, [*_app("camera"), *argv])

    def stop(self, name: str) -> None:
        """Stop what ``start`` started."""
        self._processes.stop(name)

    def start_controller(self) -> None:
        """Start the controller, at first or again after its death."""
        config = self._folder / "detnet.yaml"
        config.write_text(yaml.safe_dump(config_files.controller_config(self._spec, self.audit)))
        argv = [*DETNET, "run", "--config", str(config)]
        if self._spec.enforcer == "edt":
            argv = [sys.executable, "-m", "detnet_lab.testbed.edt.controller", str(config), str(self._annotations)]
        self._processes.start("daemon", at.SENDERS, argv)

    def start_agent(self) -> None:
        """Start the agent of the enforcer EDT, at first or again after its death."""
        argv = [sys.executable, "-m", "detnet_lab.testbed.edt.agent", str(self._annotations), str(self.effects)]
        self._processes.start("agent", at.SENDERS, argv)

    def inject(self, process: str, action: str) -> None:
        """Do what a scenario's fault says."""
        match process, action:
            case "probe", "pause":
                self._processes.send("probe", signal.SIGSTOP)
            case "probe", "resume":
                self._processes.send("probe", signal.SIGCONT)
            case "daemon", "kill":
                self._processes.stop("daemon", signal.SIGKILL)
            case "daemon", "start":
                self.start_controller()
            case "agent", "restart":
                self._processes.stop("agent", signal.SIGKILL)
                self.start_agent()
            case "agent", "ignore":
                self._processes.send("agent", signal.SIGUSR1)
            case "agent", "enforce":
                self._processes.send("agent", signal.SIGUSR2)
            case _:
                raise UserError(f"no fault {process}: {action}")

    def _nginx(self, name: str, node: str, address: str, port: int, page_bytes: int) -> None:
        www = self._folder / f"www-{port}"
        www.mkdir()
        (www / "index.html").write_bytes(b"." * page_bytes)
        config = self._folder / f"{name}.conf"
        config.write_text(config_files.nginx_config(address, port, self._folder))
        self._processes.start(name, node, ["nginx", "-e", "stderr", "-c", str(config)])

    def _prometheus(self) -> None:
        config = self._folder / "prometheus.yml"
        config.write_text(json.dumps(config_files.prometheus_config(self._nodes[at.SENDERS])))  # JSON is YAML
        argv = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self._folder / 'prometheus'}"]
        address = f"--web.listen-address={address_and_port(self._nodes[at.CONTROL], at.PROMETHEUS_PORT)}"
        self._processes.start("prometheus", at.CONTROL, [*argv, address])


def _app(name: str) -> list[str]:
    return [sys.executable, "-m", f"detnet_lab.testbed.apps.{name}"]
