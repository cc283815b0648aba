"""What is known of the cluster: live mirrors of pods and workloads, and our own writes before their echo arrives.

The answer to a PATCH comes before the watch tells of it. Until then the answer counts, so that a cap is not written
twice and what is in force is never behind what was read back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from detnet.actuate.kubernetes.changes import Subject
from detnet.actuate.kubernetes.objects import PLURALS, POD, Pod, Ref, Workload, pod_of, workload_of
from detnet.kube.api import Api
from detnet.kube.mirror import Mirror


class Picture:
    """The pods and workloads of some namespaces. ``on_change`` is called after a change that moves who shares what."""

    def __init__(
        self, api: Api, namespaces: Sequence[str], *, key: str, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._key = key
        self._on_change = on_change
        self._lock = threading.Lock()
        self._objects: dict[Ref, Pod | Workload] = {}
        self._stop = threading.Event()
        self._mirrors = [mirror for namespace in namespaces for mirror in self._mirrors_of(api, namespace)]
        self.version = 0
        """Grows with every change that moves who shares what."""

    def start(self) -> None:
        """Begin to follow the cluster, in threads of their own."""
        for mirror in self._mirrors:
            threading.Thread(target=mirror.run, args=(self._stop,), daemon=True).start()

    def close(self) -> None:
        """End following."""
        self._stop.set()

    @property
    def synced(self) -> bool:
        """Whether everything has been listed once: before that, what is not seen may well be there."""
        return all(mirror.synced for mirror in self._mirrors)

    def wait_synced(self, timeout_s: float) -> bool:
        """Wait for ``synced``; return whether it came in time, for each of the lists."""
        return all(mirror.wait_synced(timeout_s) for mirror in self._mirrors)

    @property
    def heard_s(self) -> float:
        """Monotonic time of the server's last word, on the list that has been silent for the longest."""
        return min(mirror.heard_s for mirror in self._mirrors)

    def troubles(self) -> tuple[str, ...]:
        """Return why the cluster cannot be followed now, one sentence each."""
        return tuple(dict.fromkeys(mirror.trouble for mirror in self._mirrors if mirror.trouble))

    def pods(self) -> list[Pod]:
        """Return all pods."""
        return [one for one in self._all() if isinstance(one, Pod)]

    def workloads(self) -> list[Workload]:
        """Return all workloads."""
        return [one for one in self._all() if isinstance(one, Workload)]

    def pod(self, key: str) -> Pod | None:
        """Return the pod ``namespace/name``."""
        namespace, _slash, name = key.partition("/")
        found = self._objects.get(Ref(POD, namespace, name))
        return found if isinstance(found, Pod) else None

    def workload(self, ref: Ref) -> Workload | None:
        """Return a workload by its name."""
        found = self._objects.get(ref)
        return found if isinstance(found, Workload) else None

    def subject(self, ref: Ref) -> Subject | None:
        """Return what a change of the object is made from."""
        found = self._objects.get(ref)
        return None if found is None else Subject.of(found)

    def written(self, ref: Ref, version: str, answer: Mapping[str, Any]) -> None:
        """Take in an object as a PATCH answered it, unless something newer than ``version`` has been seen meanwhile."""
        fresh = pod_of(answer, key=self._key) if ref.kind == POD else workload_of(answer, ref.kind, key=self._key)
        with self._lock:
            seen = self._objects.get(ref)
            if seen is not None and seen.uid == fresh.uid and seen.resource_version == version:
                self._objects[ref] = fresh

    def _all(self) -> list[Pod | Workload]:
        with self._lock:
            return list(self._objects.values())

    def _mirrors_of(self, api: Api, namespace: str) -> Iterator[Mirror[Any]]:
        keep_pod = partial(pod_of, key=self._key)
        pods = f"/api/v1/namespaces/{namespace}/pods"
        yield Mirror[Any](api, pods, keep_pod, on_change=partial(self._take, POD))
        for kind, plural in PLURALS.items():
            keep = partial(workload_of, kind=kind, key=self._key)
            path = f"/apis/apps/v1/namespaces/{namespace}/{plural}"
            yield Mirror[Any](api, path, keep, on_change=partial(self._take, kind))

    def _take(self, kind: str, key: str, value: Pod | Workload | None) -> None:
        namespace, _slash, name = key.partition("/")
        ref = Ref(kind, namespace, name)
        with self._lock:
            before = self._objects.get(ref)
            if value is None:
                self._objects.pop(ref, None)
            else:
                self._objects[ref] = value
            moved = (before and before.place) != (value and value.place)
            self.version += moved
        if moved:
            self._on_change()
