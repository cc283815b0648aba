"""A live copy of what the API server lists, reduced to the values we use.

List in pages, then watch from the version that the list had. Four things can go wrong and each has one answer: the
version is too old (410: list again); the server says no (wait longer each time); the stream breaks or falls silent (go
on from the last version); no word confirms the version for long (list again: after etcd was restored from a backup it
may be one that has not been yet, and the server waits for it in silence).

A list that follows reports only what is different: values that vanished meanwhile are deletions, equal ones nothing.
Events come in order, and a list is read from etcd and not from a cache, so the cache never goes back.

Why not the client's ``SharedInformer``: docs/decisions/0007-own-watch-and-lease.md.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from detnet.kubernetes.client.api import Api, ApiError, ApiRefused, ApiTooLarge, ApiUnreachable, Backoff, Watch
from detnet.telemetry.state_changes import StateChangeLogger

logger = logging.getLogger(__name__)

T = TypeVar("T")
Object = dict[str, Any]

_PAGE = 250  # full pods in pages of 250 hold the interpreter for 49 ms at most; one page of 5000 for 770 ms (measured)
_PAGE_TIMEOUT_S = 15.0
_WATCH_S = 300  # the server ends a watch after this, give or take a fifth, so that a fleet does not return in step
_CAP_S = 4.0  # a server that has come back is noticed within 5 s
_GOOD_S = 10.0  # a stream that lived this long was a good one, even if nothing happened


def pages(api: Api, path: str, query: Mapping[str, str] | None = None) -> Iterator[Object]:
    """Yield the pages of a list; one that is too large is asked for again with a quarter of the objects.

    Raises:
        ApiError: there is no whole list.
    """
    asked, limit = dict(query or {}), _PAGE
    while True:
        try:
            page = api.request("GET", path, query={**asked, "limit": str(limit)}, timeout_s=_PAGE_TIMEOUT_S)
        except ApiTooLarge:
            if limit == 1:
                raise
            limit = max(1, limit // 4)
            continue
        yield page
        following = page["metadata"].get("continue")
        if not following:
            return
        asked["continue"], limit = following, min(_PAGE, 2 * limit)


class Informer(Generic[T]):
    """What ``keep`` makes of the objects under ``path``, by ``namespace/name`` (without a namespace: ``name``).

    ``keep`` returns a small frozen value, or ``None`` for an object of no interest; one that stops being of interest is
    gone. It must accept every object. ``on_change(key, value)`` is called from the informer's thread after each change,
    with ``None`` for a deletion. ``idle_s`` is how long a watch may be silent before it is opened anew, ``trust_s`` how
    long a version is trusted in silence. Bookmarks break it about once a minute, unless nothing at all of that kind has
    changed since the API server started.
    """

    def __init__(  # noqa: PLR0913 - what to follow, and what makes it testable
        self,
        api: Api,
        path: str,
        keep: Callable[[Object], T | None],
        *,
        query: Mapping[str, str] | None = None,
        on_change: Callable[[str, T | None], None] | None = None,
        idle_s: float = 90.0,
        trust_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff | None = None,
    ) -> None:
        self.on_change = on_change
        self.heard_s = -math.inf
        """Monotonic time of the server's last complete word: a list, an opened watch, an event."""
        self.last_error: str | None = None
        """Why the cache is not kept current now, in one sentence; ``None`` when it is."""
        self._api = api
        self._path = path
        self._keep = keep
        self._query = dict(query or {})
        self._idle_s = idle_s
        self._trust_s = trust_s
        self._clock = clock
        self._backoff = backoff or Backoff(cap_s=_CAP_S)
        self._state_changes = StateChangeLogger(logger)
        self._lock = threading.Lock()
        self._items: dict[str, T] = {}
        self._version: str | None = None
        self._version_s = -math.inf
        self._synced = threading.Event()
        self._stream: Watch | None = None

    @property
    def synced(self) -> bool:
        """Whether a whole list has ever come."""
        return self._synced.is_set()

    def wait_synced(self, timeout_s: float) -> bool:
        """Wait for the first whole list; return whether it came in time."""
        return self._synced.wait(timeout_s)

    def items(self) -> Mapping[str, T]:
        """Return all values as they were at one moment."""
        with self._lock:
            return dict(self._items)

    def run(self, stop: threading.Event) -> None:
        """Follow the server until ``stop``."""
        threading.Thread(target=self._close_at, args=(stop,), daemon=True).start()
        while not stop.is_set():
            try:
                pause_s = self.step(stop)
            except Exception as error:  # the thread outlives a bug, in ``keep`` or ``on_change`` or here
                logger.exception("watching %s failed by a bug", self._path)
                self.last_error = f"watching {self._path} failed by a bug ({error!r}); the log has the traceback"
                pause_s = self._backoff.next_s()
            stop.wait(pause_s)

    def step(self, stop: threading.Event) -> float:
        """List once, or watch until the stream ends; return the seconds to wait before the next step."""
        try:
            if self._version is None:
                self._list()
                return 0.0
            self._follow(self._version, stop)
        except ApiRefused as error:
            if self._version is None or not _version_is_useless(error):
                return self._failed(error, error.retry_after_s)
            self._version = None
        except ApiError as error:
            return self._failed(error, None)
        return self._backoff.next_s()

    def _close_at(self, stop: threading.Event) -> None:
        stop.wait()
        with self._lock:
            if self._stream is not None:
                self._stream.close()

    def _list(self) -> None:
        fresh: dict[str, T] = {}
        for page in pages(self._api, self._path, self._query):
            for item in page.get("items") or ():
                value = self._kept(item)
                if value is not None:
                    fresh[_key(item)] = value
        self._replace(fresh)
        self._learn(page)
        self._synced.set()

    def _replace(self, fresh: dict[str, T]) -> None:
        with self._lock:
            old, self._items = self._items, fresh
        for key in old.keys() - fresh.keys():
            self._notify(key, None)
        for key, value in fresh.items():
            if old.get(key) != value:
                self._notify(key, value)

    def _follow(self, version: str, stop: threading.Event) -> None:
        opened_s = self._clock()
        seconds = int(_WATCH_S * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
        query = {
            **self._query,
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }
        with self._api.watch(self._path, query=query, idle_s=self._idle_s) as stream:
            with self._lock:
                self._stream = stream
            if stop.is_set():
                return
            self._recovered()
            self._read(stream)
        now_s = self._clock()
        if now_s - self._version_s >= self._trust_s:
            self._version = None
        elif now_s - opened_s >= _GOOD_S:
            self._backoff.reset()

    def _read(self, stream: Watch) -> None:
        """Apply events until the stream ends; a broken stream is an error only if the next cannot be opened."""
        try:
            for event in stream:
                self._apply(event)
        except ApiUnreachable as error:
            logger.debug("%s", error)

    def _apply(self, event: Object) -> None:
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            raise _refusal(item)
        if kind != "BOOKMARK":
            self._put(_key(item), None if kind == "DELETED" else self._kept(item))
        self._learn(item)
        self._backoff.reset()

    def _kept(self, item: Object) -> T | None:
        """Return what is kept of an object; one that cannot be read is none, and ends nothing."""
        try:
            return self._keep(item)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self._state_changes.begin(
                "object", f"{self._path}: {_key(item)} cannot be read and is ignored: {error!r:.200}"
            )
            return None

    def _put(self, key: str, value: T | None) -> None:
        with self._lock:
            if self._items.get(key) == value:
                return
            if value is None:
                del self._items[key]
            else:
                self._items[key] = value
        self._notify(key, value)

    def _notify(self, key: str, value: T | None) -> None:
        if self.on_change is not None:
            self.on_change(key, value)

    def _learn(self, item: Object) -> None:
        """Remember how far the server's word reaches."""
        self._version = item["metadata"]["resourceVersion"]
        self.heard_s = self._version_s = self._clock()

    def _recovered(self) -> None:
        self.heard_s = self._clock()
        self.last_error = None
        self._state_changes.end("api", f"watching {self._path} again")

    def _failed(self, error: ApiError, asked_s: float | None) -> float:
        self.last_error = str(error)
        self._state_changes.begin("api", f"cannot watch {self._path}: {error}")
        return self._backoff.next_s(asked_s)


def _key(item: Object) -> str:
    metadata = item["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _refusal(status: Object) -> ApiRefused:
    """Return what an ERROR event says; it holds a Status object."""
    asked_s = (status.get("details") or {}).get("retryAfterSeconds")
    message = str(status.get("message") or "the watch failed without a reason")
    return ApiRefused(int(status.get("code") or 500), str(status.get("reason") or ""), message, asked_s)


def _version_is_useless(error: ApiRefused) -> bool:
    """Return whether only a new list helps: compacted away, or from before etcd was restored from a backup.

    client-go's reflector knows the second by the same words (``isTooLargeResourceVersionError``).
    """
    return error.status == 410 or "Too large resource version" in error.message
