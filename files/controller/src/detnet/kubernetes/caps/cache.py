"""What is known of the cluster: informers of pods and workloads, and our own writes before their echo arrives.

The answer to a PATCH comes before the watch tells of it. Until then the answer counts, so that a cap is not written
twice and what is in force is never behind what was read back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from detnet.kubernetes.client.api import Api, ApiError, ApiRefused
from detnet.kubernetes.client.informer import Informer
from detnet.kubernetes.objects.faults import Fault, Faults
from detnet.kubernetes.objects.patches import Subject
from detnet.kubernetes.objects.workloads import PLURALS, POD, Pod, Ref, Workload, pod_of, workload_of

T = TypeVar("T")
_FORBIDDEN = 403
_POLL_S = 0.02


class _Follower(Informer[T], Generic[T]):
    """An informer that knows whether the API server has denied it the list."""

    denied = False

    def _failed(self, error: ApiError, asked_s: float | None) -> float:
        self.denied = isinstance(error, ApiRefused) and error.status == _FORBIDDEN
        return super()._failed(error, asked_s)


class ClusterCache:
    """The pods and workloads of some namespaces. ``on_change`` is called after a change that moves who shares what.

    A namespace is known once all of its lists have come; nothing is shown of the others. One that the API server denies
    is not waited for.
    """

    def __init__(
        self, api: Api, namespaces: Sequence[str], *, key: str, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._key = key
        self._on_change = on_change
        self._lock = threading.Lock()
        self._pods: dict[str, Pod] = {}
        self._workloads: dict[Ref, Workload] = {}
        self._faults: dict[Ref, Fault] = {}
        self._stop = threading.Event()
        self._followers = {namespace: tuple(self._followers_of(api, namespace)) for namespace in namespaces}
        self._informers = [one for followers in self._followers.values() for one in followers]
        self._changes = 0

    def start(self) -> None:
        """Begin to follow the cluster, in threads of their own."""
        for informer in self._informers:
            threading.Thread(target=informer.run, args=(self._stop,), daemon=True).start()

    def close(self) -> None:
        """End following."""
        self._stop.set()

    @property
    def version(self) -> tuple[int, int]:
        """What changes with every change that moves who shares what."""
        return self._changes, len(self._known())

    @property
    def synced(self) -> bool:
        """Whether all that may be read has been listed once: before that, what is not seen may well be there."""
        known = self._known()
        return bool(known) and all(name in known or self._is_denied(name) for name in self._followers)

    def wait_synced(self, timeout_s: float) -> bool:
        """Wait for ``synced``; return whether it came in time. Where nothing may be read, it does not."""
        deadline_s = time.monotonic() + timeout_s
        while not self.synced:
            if time.monotonic() >= deadline_s or all(map(self._is_denied, self._followers)):
                return False
            time.sleep(_POLL_S)
        return True

    def _known(self) -> frozenset[str]:
        return frozenset(name for name, mine in self._followers.items() if all(one.synced for one in mine))

    def _is_denied(self, namespace: str) -> bool:
        return any(one.denied and not one.synced for one in self._followers[namespace])

    def denied(self) -> tuple[str, ...]:
        """Return why there are namespaces that cannot be read at all, one sentence for each of them."""
        found = (
            (name, next((one.last_error for one in mine if one.denied and not one.synced), None))
            for name, mine in self._followers.items()
        )
        return tuple(f"namespace {name} is not served: {why}" for name, why in found if why is not None)

    def faults(self) -> tuple[Fault, ...]:
        """Return the objects that could not be read; they count as not being there, and nobody changes their caps."""
        with self._lock:
            return tuple(self._faults.values())

    def troubles(self) -> tuple[str, ...]:
        """Return why the cluster cannot be followed now, one sentence each."""
        return tuple(dict.fromkeys(informer.last_error for informer in self._informers if informer.last_error))

    def pods(self) -> list[Pod]:
        """Return all pods of the known namespaces."""
        known = self._known()
        with self._lock:
            return [pod for pod in self._pods.values() if pod.ref.namespace in known]

    def workloads(self) -> list[Workload]:
        """Return all workloads of the known namespaces."""
        known = self._known()
        with self._lock:
            return [one for ref, one in self._workloads.items() if ref.namespace in known]

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
                self._pods[f"{ref.namespace}/{ref.name}"] = self._pod_of(answer)
            else:
                self._workloads[ref] = self._workload_of(ref.kind, answer)

    def _pod_of(self, raw: Mapping[str, Any]) -> Pod:
        return pod_of(raw, key=self._key)

    def _workload_of(self, kind: str, raw: Mapping[str, Any]) -> Workload:
        return workload_of(raw, kind, key=self._key)

    def _followers_of(self, api: Api, namespace: str) -> Iterator[_Follower[Any]]:
        path = f"/api/v1/namespaces/{namespace}/pods"
        yield _Follower(api, path, partial(_kept, POD, self._pod_of), on_change=self._take_pod)
        for kind, plural in PLURALS.items():
            path = f"/apis/apps/v1/namespaces/{namespace}/{plural}"
            keep = partial(_kept, kind, partial(self._workload_of, kind))
            yield _Follower(api, path, keep, on_change=partial(self._take_workload, kind))

    def _take_pod(self, key: str, pod: Pod | Fault | None) -> None:
        with self._lock:
            before = self._pods.get(key)
            now = self._sound(_ref(POD, key), pod)
            if now is not None:
                self._pods[key] = now  # never away for a moment: others look without the lock
            else:
                self._pods.pop(key, None)
        self._moved(before, now)

    def _take_workload(self, kind: str, key: str, workload: Workload | Fault | None) -> None:
        ref = _ref(kind, key)
        with self._lock:
            before = self._workloads.get(ref)
            now = self._sound(ref, workload)
            if now is not None:
                self._workloads[ref] = now
            else:
                self._workloads.pop(ref, None)
        self._moved(before, now)

    def _sound(self, ref: Ref, found: T | Fault | None) -> T | None:
        """Return what could be read of an object, and keep what could not."""
        if isinstance(found, Fault):
            self._faults[ref] = found
            return None
        self._faults.pop(ref, None)
        return found

    def _moved(self, before: Pod | Workload | None, now: Pod | Workload | None) -> None:
        if (before and before.place) != (now and now.place):
            with self._lock:
                self._changes += 1
            self._on_change()


def _ref(kind: str, key: str) -> Ref:
    namespace, _slash, name = key.partition("/")
    return Ref(kind, namespace, name)


def _kept(kind: str, make: Callable[[Mapping[str, Any]], T], raw: Mapping[str, Any]) -> T | Fault:
    """Return what is kept of an object, or why it cannot be read."""
    faults, metadata = Faults(), raw["metadata"]
    name = Ref(kind, metadata["namespace"], metadata["name"]).long_name
    with faults.contained("pod" if kind == POD else "workload", name, "cannot be read, its caps are held"):
        return make(raw)
    return faults.found[0]
