"""An informer of a server whose lists and watches the test writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from detnet.kubernetes.client.api import Api
from detnet.kubernetes.client.informer import Informer
from kubernetes_client.api_server import ApiServer, Asked, Say

Object = dict[str, Any]


def pod(name: str, version: int, colour: str = "red", namespace: str | None = "factory") -> Object:
    """An object of which the informer keeps the colour."""
    return {"metadata": {"name": name, "namespace": namespace, "resourceVersion": str(version)}, "colour": colour}


def event(kind: str, item: Object) -> Object:
    """An event of a watch."""
    return {"type": kind, "object": item}


def page(*items: Object, version: int = 10, more: str = "") -> Say:
    """A list, or a part of one."""
    return Say({"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(items)})


def gone(message: str = "too old resource version") -> Object:
    """What the server says when it has forgotten a version."""
    return {"kind": "Status", "code": 410, "reason": "Expired", "message": message}


class Followed:
    """An informer of colours whose steps the test makes; grey is of no interest."""

    def __init__(self, api: Api, server: ApiServer) -> None:
        self.lists: Iterator[Say] = iter(())
        self.watches: Iterator[Say] = iter(())
        self.changes: list[tuple[str, str | None]] = []
        self.stop = threading.Event()
        self.informer: Informer[str] = Informer(
            api,
            "/api/v1/pods",
            lambda item: None if item["colour"] == "grey" else item["colour"],
            query={"labelSelector": "a=b"},
            on_change=lambda key, value: self.changes.append((key, value)),
            idle_s=60.0,
        )
        self._server = server
        server.answer = self._answer

    def _answer(self, asked: Asked) -> Say:
        assert asked.query["labelSelector"] == "a=b"
        return next(self.watches if "watch" in asked.query else self.lists)

    def step(self, *, lists: tuple[Say, ...] = (), watch: Say | None = None) -> float:
        """Make one step with these answers; return the pause."""
        self.changes.clear()
        self.lists, self.watches = iter(lists), iter(() if watch is None else (watch,))
        return self.informer.step(self.stop)

    @property
    def last(self) -> dict[str, str]:
        """The query of the newest request."""
        return self._server.asked[-1].query
