"""A whole controller of a cluster without a server and without threads: what tests put in is there at once.

Everything but the API server, the clocks and the measurement is the product's own: what is kept of objects, topology,
loops, planner, write queue and writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detnet.config.models import Settings
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.caps.work_queue import Failure
from detnet.kubernetes.client.api import ApiRefused
from detnet.kubernetes.objects.workloads import PLURALS, POD, Ref
from detnet.runtime.build import domain_rules
from detnet.runtime.cluster_controller import ClusterController, ClusterParts
from detnet.runtime.leader_elected import LeaderElectedCluster
from detnet.sources.source import Reading
from detnet.telemetry.passes import Pass

Object = dict[str, Any]
SETTINGS = Settings.model_validate(
    {"objectives": [{"workload": "robot", "jitter": "2ms"}], "defaults": {"min": "2M", "max": "100M"}}
)


class MemoryApi:
    """The objects, and the two requests that matter: a merge patch of annotations is carried out at once."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.version = 1

    def request(self, method: str, path: str, *, body: Any = None, **_options: Any) -> Object:
        """Patch an object."""
        if method != "PATCH" or path not in self.objects:
            raise ApiRefused(404, "NotFound", f"{path} not found")
        raw, self.version = self.objects[path], self.version + 1
        after = _merged(raw, body)
        after["metadata"]["resourceVersion"] = str(self.version)
        self.objects[path] = after
        return after

    def watch(self, path: str, **_options: Any) -> Any:
        """Never asked for: nobody starts the informers."""
        raise NotImplementedError(path)

    def close(self) -> None:
        """Nothing to close."""


def _merged(before: Any, patch: Any) -> Any:
    """Return an object after a merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    after = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        after[key] = _merged(after.get(key), value)
    return {key: value for key, value in after.items() if key not in patch or patch[key] is not None}


@dataclass
class Told:
    """A recorder and a source: what was told, and that nobody measures."""

    now_s: float = 100.0
    passes: list[Pass] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def latest(self) -> Reading:
        """Nobody measures."""
        return Reading({}, self.now_s, None, {})

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def record(self, one: Pass) -> None:
        """Keep a pass."""
        self.passes.append(one)

    def idle(self, sentence: str, *, ready: bool) -> None:
        """Take a pass without any domain."""

    def problems(self, sentences: Any) -> None:
        """Keep the problems of the pass."""
        self.shown = list(sentences)

    def failed(self, domain: str, kind: str) -> None:
        """Keep what failed."""
        self.failures.append((domain, kind))

    def forget(self, domain: str) -> None:
        """A domain is no more."""


class WholePass:
    """A controller whose cluster a test fills by hand."""

    def __init__(self, plan: Plan, settings: Settings = SETTINGS) -> None:
        self.api, self.told = MemoryApi(), Told()
        self.cluster = CapReconciler(self.api, plan, lambda: float("inf"), clock=lambda: self.told.now_s)
        self._followers = {
            (namespace, kind): follower
            for namespace, followers in self.cluster._cache._followers.items()
            for kind, follower in zip((POD, *PLURALS), followers, strict=True)
        }
        for follower in self._followers.values():
            follower._synced.set()
        topology = LeaderElectedCluster(self.api, self.cluster, None, counters=None, event_recorder=None)
        self.controller = ClusterController(
            ClusterParts(
                topology,
                lambda domain: domain_rules(settings, domain.objectives, domain.claims),
                self.told,
                self.told,
                0.5,
                lambda: None,
            ),
            clock=lambda: self.told.now_s,
        )

    def put(self, kind: str, raw: Object) -> None:
        """Create an object, or put it in the place of one."""
        ref = Ref(kind, raw["metadata"]["namespace"], raw["metadata"]["name"])
        self.api.objects[ref.path] = raw
        self._seen(ref, raw)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object, if it is there."""
        ref = Ref(kind, namespace, name)
        if self.api.objects.pop(ref.path, None) is not None:
            self._followers[namespace, kind]._put(f"{namespace}/{name}", None)

    def step(self) -> tuple[Pass, ...]:
        """Look after pods that came and went, make a pass, and carry out the writes that are due."""
        self.told.now_s += 0.5
        self.cluster.settle()
        passes = self.controller.step()
        self._write()
        return passes

    def annotations(self, pod: str, namespace: str = "factory") -> Mapping[str, str]:
        """Return what a pod carries on the server."""
        raw = self.api.objects[Ref(POD, namespace, pod).path]
        return raw["metadata"].get("annotations") or {}

    def _write(self) -> None:
        writer = self.cluster._writer
        while (pending := writer._order.take(self.told.now_s)) is not None:
            try:
                writer._carry_out(pending)
            except Exception as error:  # noqa: BLE001 - as the writer's threads do
                writer._failed_to(pending.ref, Failure.REFUSED, repr(error))
            raw = self.api.objects.get(pending.ref.path)
            if raw is not None:
                self._seen(pending.ref, raw)

    def _seen(self, ref: Ref, raw: Object) -> None:
        follower = self._followers[ref.namespace, ref.kind]
        follower._put(f"{ref.namespace}/{ref.name}", follower._kept(raw))


def pod(name: str, owner: Object | None, node: str = "node-1", namespace: str = "factory", **metadata: Any) -> Object:
    """Return a running pod as the API server stores it."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "resourceVersion": "1",
            "ownerReferences": [{"controller": True, **owner}] if owner else [],
            **metadata,
        },
        "spec": {"nodeName": node},
        "status": {"phase": "Running"},
    }


def owned_by(api_version: str, kind: str, name: str) -> Object:
    """Return an owner reference."""
    return {"apiVersion": api_version, "kind": kind, "name": name}


def workload(name: str, namespace: str = "factory", **metadata: Any) -> Object:
    """Return a Deployment or StatefulSet as the API server stores it."""
    return {
        "metadata": {
            "name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "1", **metadata,
        },
        "spec": {"replicas": 1, "template": {}},
    }  # fmt: skip
