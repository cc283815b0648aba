"""The controller as a user runs it in a cluster: processes, a real probe, and the API server between them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from control_plane import ControlPlane
from detnet.telemetry.json_lines import read
from support import ask, free_port, wait_for

DETNET = [sys.executable, "-m", "detnet"]
LEASE_S = 4.0
LEASE = {"lease_duration": f"{LEASE_S:g}s", "renew_deadline": "3s", "retry_period": "500ms"}


class Measured:
    """A reflector and a prober; without the reflector every probe is lost, which breaches the objective."""

    def __init__(self, entered: ExitStack) -> None:
        port, self.port = free_port(), free_port()
        self._reflector = _started(entered, "reflect", "--udp", f"127.0.0.1:{port}")
        # A shared test machine sends late at times; lateness has its own tests.
        path = f"robot-control=udp://127.0.0.1:{port}?rate_hz=50"
        options = ("--late-limit-ms", "500", "--same-host")
        _started(entered, "probe", "--path", path, "--metrics", f"127.0.0.1:{self.port}", *options)

    def lose_everything(self) -> None:
        """Breach the objective."""
        self._reflector.send_signal(signal.SIGSTOP)

    def lose_nothing(self) -> None:
        """Meet the objective again."""
        self._reflector.send_signal(signal.SIGCONT)


class Replica:
    """One ``detnet run`` on a namespace; its Lease is in the namespace as well."""

    def __init__(  # noqa: PLR0913, PLR0917 - where it runs, as whom, and what it sees
        self, entered: ExitStack, folder: Path, name: str, kubeconfig: Path, namespace: str, measured: Measured
    ) -> None:
        self.name = name
        self._http = free_port()
        self._audit = folder / f"{name}.jsonl"
        config = folder / f"{name}.yaml"
        config.write_text(json.dumps(self._document(kubeconfig, namespace, measured)), encoding="utf-8")
        self._log = folder / f"{name}.log"
        self.process = _started(entered, "run", "-c", str(config), log=self._log)
        self.config = config

    def _document(self, kubeconfig: Path, namespace: str, measured: Measured) -> dict[str, Any]:
        kubernetes = {"namespaces": [namespace], "kubeconfig": str(kubeconfig), "write_every": "500ms"}
        leader = {"namespace": namespace, "name": "controller", "identity": self.name, **LEASE}
        return {
            "objectives": [{"workload": "robot-control", "loss": "20%"}],
            "defaults": {"min": "2M", "max": "100M"},
            "source": {"probe": {"url": f"http://127.0.0.1:{measured.port}"}},
            "actuator": {"kind": "kubernetes", "kubernetes": kubernetes, "leader": leader},
            "http": {"listen": f"127.0.0.1:{self._http}"},
            "audit": {"path": str(self._audit)},
            "loop": {"interval": "200ms"},
        }

    def get(self, path: str) -> tuple[int, str]:
        """Ask over HTTP; (0, reason) while nothing listens."""
        return ask(self._http, path)

    def leads(self) -> bool:
        """Whether it says so."""
        return self.get("/readyz")[1].strip().endswith("; leading")

    def wait_ready(self, role: str) -> None:
        """Wait until it is ready in a role: ``leading`` or ``standing by``."""

        def ready() -> bool:
            status, text = self.get("/readyz")
            return status == 200 and role in text

        try:
            wait_for(ready, what=f"{self.name} {role}", within_s=40.0)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.get('/readyz')}\n{self.log()}") from None

    def decisions(self) -> list[dict[str, Any]]:
        """Return its audit log."""
        return [dict(entry) for entry in read(self._audit)] if self._audit.exists() else []

    def log(self) -> str:
        """Return what it has said."""
        return self._log.read_text(encoding="utf-8")


def writes(plane: ControlPlane, namespace: str) -> list[tuple[str, str, str]]:
    """Return (time, user, pod) of every pod that a service account patched, in the order of the answers."""
    return sorted(
        (event["stageTimestamp"], event["user"]["username"], event["objectRef"]["name"])
        for event in plane.audit_events()
        if event.get("verb") == "patch"
        and event["user"]["username"].startswith("system:serviceaccount:")
        and event.get("stage") == "ResponseComplete"
        and event["objectRef"].get("resource") == "pods"
        and event["objectRef"].get("namespace") == namespace
        and event["responseStatus"]["code"] == 200
    )


def service_account(plane: ControlPlane, namespace: str, name: str) -> Path:
    """Create a service account that may do what a controller does, and return the kubeconfig with its token."""
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces"
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {
            "apiGroups": ["apps"],
            "resources": ["deployments", "statefulsets", "daemonsets"],
            "verbs": ["get", "list", "watch", "patch"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]},
    ]
    plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
    plane.request("POST", f"{rbac}/{namespace}/roles", {"metadata": {"name": name}, "rules": rules})
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    plane.request("POST", f"{rbac}/{namespace}/rolebindings", binding)
    return plane.kubeconfig_for(namespace, name)


def _started(entered: ExitStack, *arguments: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    with (log or Path(os.devnull)).open("ab") as into:
        process = subprocess.Popen([*DETNET, *arguments], stdout=into, stderr=into)
    entered.callback(process.wait)
    entered.callback(process.kill)
    return process
