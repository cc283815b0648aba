"""What is known of the cluster: informers of pods and workloads, and our own writes before their echo arrives.

The answer to a PATCH comes before the watch tells of it. Until then the answer counts, so that a cap is not written
twice and what is in force is never behind what was read back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from detnet.kubernetes.client.api import Api
from detnet.kubernetes.client.informer import Informer
from detnet.kubernetes.objects.patches import Subject
from detnet.kubernetes.objects.workloads import PLURALS, POD, Pod, Ref, Workload, pod_of, workload_of


class ClusterCache:
    """The pods and workloads of some namespaces. ``on_change`` is called after a change that moves who shares what."""

    def __init__(
        self, api: Api, namespaces: Sequence[str], *, key: str, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._key = key
        self._on_change = on_change
        self._lock = threading.Lock()
        self._pods: dict[str, Pod] = {}
        self._workloads: dict[Ref, Workload] = {}
        self._stop = threading.Event()
        self._informers = [informer for namespace in namespaces for informer in self._informers_of(api, namespace)]
        self.version = 0
        """Grows with every change that moves who shares what."""

    def start(self) -> None:
        """Begin to follow the cluster, in threads of their own."""
        for informer in self._informers:
            threading.Thread(target=informer.run, args=(self._stop,), daemon=True).start()

    def close(self) -> None:
        """End following."""
        self._stop.set()

    @property
    def synced(self) -> bool:
        """Whether everything has been listed once: before that, what is not seen may well be there."""
        return all(informer.synced for informer in self._informers)

    def wait_synced(self, timeout_s: float) -> bool:
        """Wait for ``synced``; return whether it came in time."""
        deadline_s = time.monotonic() + timeout_s
        return all(informer.wait_synced(max(0.0, deadline_s - time.monotonic())) for informer in self._informers)

    @property
    def heard_s(self) -> float:
        """Monotonic time of the server's last word, on the list that has been silent for the longest."""
        return min(informer.heard_s for informer in self._informers)

    def troubles(self) -> tuple[str, ...]:
        """Return why the cluster cannot be followed now, one sentence each."""
        return tuple(dict.fromkeys(informer.last_error for informer in self._informers if informer.last_error))

    def pods(self) -> list[Pod]:
        """Return all pods."""
        with self._lock:
            return list(self._pods.values())

    def workloads(self) -> list[Workload]:
        """Return all workloads."""
        with self._lock:
            return list(self._workloads.values())

    def pod(self, key: str) -> Pod | None:
        """Return the pod ``namespace/name``."""
        return self._pods.get(key)

    def workload(self, ref: Ref) -> Workload | None:
        """Return a workload by its name."""
        return self._workloads.get(ref)

    def subject(self, ref: Ref) -> Subject | None:
        """Return what a change of the object is made from."""
        found = self._pods.get(f"{ref.namespace}/{ref.name}") if ref.kind == POD else self._workloads.get(ref)
        return None if found is None else Subject.of(found)

    def written(self, ref: Ref, version: str, answer: Mapping[str, Any]) -> None:
        """Take in an object as a PATCH answered it, unless something newer than ``version`` has been seen meanwhile."""
        with self._lock:
            seen = self.subject(ref)
            if seen is None or seen.uid != answer["metadata"]["uid"] or seen.resource_version != version:
                return
            if ref.kind == POD:
                self._pods[f"{ref.namespace}/{ref.name}"] = pod_of(answer, key=self._key)
            else:
                self._workloads[ref] = workload_of(answer, ref.kind, key=self._key)

    def _informers_of(self, api: Api, namespace: str) -> Iterator[Informer[Any]]:
        path = f"/api/v1/namespaces/{namespace}/pods"
        yield Informer(api, path, partial(pod_of, key=self._key), on_change=self._take_pod)
        for kind, plural in PLURALS.items():
            path = f"/apis/apps/v1/namespaces/{namespace}/{plural}"
            keep = partial(workload_of, kind=kind, key=self._key)
            yield Informer(api, path, keep, on_change=partial(self._take_workload, kind))

    def _take_pod(self, key: str, pod: Pod | None) -> None:
        with self._lock:
            before = self._pods.get(key)
            if pod is not None:
                self._pods[key] = pod  # never away for a moment: others look without the lock
            else:
                self._pods.pop(key, None)
        self._moved(before, pod)

    def _take_workload(self, kind: str, key: str, workload: Workload | None) -> None:
        namespace, _slash, name = key.partition("/")
        ref = Ref(kind, namespace, name)
        with self._lock:
            before = self._workloads.get(ref)
            if workload is not None:
                self._workloads[ref] = workload
            else:
                self._workloads.pop(ref, None)
        self._moved(before, workload)

    def _moved(self, before: Pod | Workload | None, now: Pod | Workload | None) -> None:
        if (before and before.place) != (now and now.place):
            with self._lock:
                self.version += 1
            self._on_change()
