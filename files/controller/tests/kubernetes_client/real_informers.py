"""Pods on a real API server, and an informer of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from control_plane import ControlPlane, FaultProxy
from detnet.kubernetes.client.api import ClusterAccess, connect
from detnet.kubernetes.client.informer import Informer
from support import wait_for


class Pods:
    """The pods of a namespace, changed behind the informer's back, and what its cache must show."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.path = f"/api/v1/namespaces/{namespace}/pods"
        self.wanted: dict[str, str] = {}
        self._plane = plane
        self._namespace = namespace

    def create(self, *names: str, colour: str = "red") -> None:
        """Create pods; nobody runs them."""
        for name in names:
            metadata = {"name": name, "labels": {"colour": colour}}
            spec = {"containers": [{"name": "main", "image": "none"}], "terminationGracePeriodSeconds": 0}
            self._plane.request("POST", self.path, {"metadata": metadata, "spec": spec})
            self.wanted[f"{self._namespace}/{name}"] = colour

    def paint(self, name: str, colour: str) -> None:
        """Change one."""
        patch = {"metadata": {"labels": {"colour": colour}}}
        self._plane.request("PATCH", f"{self.path}/{name}", patch, content_type="application/merge-patch+json")
        self.wanted[f"{self._namespace}/{name}"] = colour

    def delete(self, name: str) -> None:
        """Delete one."""
        self._plane.request("DELETE", f"{self.path}/{name}")
        del self.wanted[f"{self._namespace}/{name}"]


class Timeline:
    """Collects what an informer reports, and replays it."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str | None]] = []

    def __call__(self, key: str, value: str | None) -> None:
        """Remember a change."""
        self.changes.append((key, value))

    @property
    def replayed(self) -> dict[str, str]:
        """What somebody knows who only listens."""
        state = {key: value for key, value in self.changes}  # noqa: C416 - the last of each key wins
        return {key: value for key, value in state.items() if value is not None}


@contextmanager
def following(proxy: FaultProxy, pods: Pods, **options: Any) -> Iterator[tuple[Informer[str], Timeline]]:
    """Follow the colours of ``pods`` through the proxy."""
    reported = Timeline()
    api = connect(ClusterAccess(proxy.kubeconfig))
    colour: Callable[[dict[str, Any]], str | None] = lambda pod: pod["metadata"]["labels"].get("colour")  # noqa: E731
    informer: Informer[str] = Informer(api, pods.path, colour, on_change=reported, **options)
    stop = threading.Event()
    thread = threading.Thread(target=informer.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield informer, reported
    finally:
        proxy.heal()
        stop.set()
        thread.join(20.0)
        assert not thread.is_alive()


def wait_equal(informer: Informer[str], reported: Timeline, pods: Pods, within_s: float = 10.0) -> None:
    """Return when the cache shows what is there, and the changes add up to it."""
    wait_for(lambda: informer.items() == pods.wanted == reported.replayed, what="the cache is right", within_s=within_s)
