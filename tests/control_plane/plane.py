"""A real control plane on loopback: etcd, kube-apiserver and kube-controller-manager."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from control_plane import binaries, options
from control_plane.client import Client, RefusedError
from control_plane.credentials import Credentials, create, write_kubeconfig
from control_plane.pods import PodRunner
from control_plane.processes import Process, answers, free_port
from control_plane.proxy import FaultProxy

NAMESPACE_TIMEOUT_S = 30.0
TOKEN_LIFETIME_S = 3600


class ControlPlane:
    """Etcd, API server and controllers of one folder; use :func:`running` to have one."""

    def __init__(self, folder: Path, programs: binaries.Binaries, api_options: Mapping[str, str]) -> None:
        port, etcd_port, manager_port = free_port(), free_port(), free_port()
        self.folder = folder
        self.version = programs.version
        self.url = f"https://127.0.0.1:{port}"
        self.kubectl = programs.kubectl
        self._etcd_port, self._manager_port = etcd_port, manager_port
        self.credentials: Credentials = create(folder / "credentials")
        self.ca_file = self.credentials.ca_file
        self.client = Client(self.url, self.credentials.admin_token, self.ca_file)
        self.request = self.client.request
        self.kubeconfig = self._kubeconfig("admin", self.credentials.admin_token)
        manager = self._kubeconfig("kube-controller-manager", self.credentials.controller_manager_token)
        self._etcd = Process(programs.etcd, options.etcd(folder, etcd_port), folder)
        self._api = Process(
            programs.kube_apiserver,
            options.kube_apiserver(folder, port, etcd_port, self.credentials, api_options),
            folder,
        )
        self._manager = Process(
            programs.kube_controller_manager,
            options.kube_controller_manager(manager, manager_port, self.credentials),
            folder,
        )

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [process.pid for process in (self._etcd, self._api, self._manager) if process.pid is not None]

    def start(self) -> None:
        """Start everything, each part when the one below it is ready."""
        self.start_etcd()
        self.start_api()
        self._start_controllers()

    def stop(self) -> None:
        """End all processes; the data stay in the folder."""
        for process in (self._manager, self._api, self._etcd):
            process.kill()

    def start_api(self) -> None:
        """Start the API server on its port and wait until ``/readyz`` agrees."""
        self._api.start(self._api_ready)

    def stop_api(self) -> None:
        """End the API server at once, as a crash would: connections break, its port refuses."""
        self._api.kill()

    def start_etcd(self) -> None:
        """Start etcd with the data it had."""
        self._etcd.start(lambda: answers(self._etcd_port))

    def stop_etcd(self) -> None:
        """End etcd; the API server stays up and fails."""
        self._etcd.stop()

    @contextmanager
    def controllers_stopped(self) -> Iterator[None]:
        """Go without the controllers for a while: pods and ReplicaSets stay as they are made by hand."""
        self._manager.kill()
        try:
            yield
        finally:
            self._start_controllers()

    def audit_events(self) -> list[dict[str, Any]]:
        """What the API server has answered so far, oldest first (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/).

        An event is written after its answer is sent, so wait for the one you need.
        """
        text = options.audit_log(self.folder).read_text()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """A kubeconfig with a real token of an existing service account (TokenRequest, valid for an hour).

        Raises:
            RefusedError: there is no such service account.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        body = {"spec": {"expirationSeconds": TOKEN_LIFETIME_S}}
        token = self.request("POST", path, body)["status"]["token"]
        return self._kubeconfig(f"{namespace}.{service_account}", token)

    def create_namespace(self, name: str) -> None:
        """Create a namespace and return when it admits pods, which needs its default service account."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        pod = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
        deadline_s = time.monotonic() + NAMESPACE_TIMEOUT_S
        while True:
            try:
                self.request("POST", f"/api/v1/namespaces/{name}/pods", pod, {"dryRun": "All"})
            except RefusedError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.02)
            else:
                return

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and its pods at once; no kubelet would ever confirm their end."""
        self.request("DELETE", f"/api/v1/namespaces/{name}")
        self.request("DELETE", f"/api/v1/namespaces/{name}/pods", {"gracePeriodSeconds": 0})

    def run_pods(self, namespace: str, nodes: Sequence[str] = ("node-1", "node-2", "node-3")) -> PodRunner:
        """Begin to play scheduler and kubelet for a namespace; see :class:`PodRunner`, which ``stop`` ends."""
        return PodRunner(self.client, namespace, nodes).start()

    def proxy(self, kubeconfig: Path | None = None) -> FaultProxy:
        """A fault proxy in front of the API server, whose own kubeconfig has the token of ``kubeconfig``."""
        return FaultProxy(
            self.url,
            kubeconfig=kubeconfig or self.kubeconfig,
            certificate=self.credentials.certificate,
            key=self.credentials.key,
            ca_file=self.ca_file,
        )

    def _kubeconfig(self, name: str, token: str) -> Path:
        return write_kubeconfig(self.folder / f"{name}.kubeconfig", self.url, self.ca_file, token)

    def _start_controllers(self) -> None:
        self._manager.start(lambda: answers(self._manager_port))

    def _api_ready(self) -> bool:
        try:
            self.request("GET", "/readyz", timeout_s=10.0)
        except (OSError, http.client.HTTPException, RefusedError):
            return False
        return True


@contextmanager
def running(folder: Path, **api_options: str) -> Iterator[ControlPlane]:
    """Run a control plane in an empty ``folder``; ``api_options`` are kube-apiserver's own, ``_`` for ``-``.

    Raises:
        MissingBinariesError: the programs are nowhere on this machine.
        StartError: one of them does not start.
    """
    programs = binaries.find()
    folder.mkdir(parents=True, exist_ok=True)
    plane = ControlPlane(folder, programs, {name.replace("_", "-"): value for name, value in api_options.items()})
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
