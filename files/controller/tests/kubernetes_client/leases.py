"""Electors on a real API server, with times short enough for a test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from detnet.kubernetes.client.api import Api
from detnet.kubernetes.client.leader_election import LeaderElector, LeaseTimes
from support import wait_for

TIMES = LeaseTimes(duration_s=3.0, renew_s=2.0, retry_s=0.4)
NAME = "controller"


def lease_path(namespace: str, name: str = NAME) -> str:
    """Where the lease is."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"


@contextmanager
def standing(api: Api, namespace: str, identity: str) -> Iterator[LeaderElector]:
    """Let an elector run in a thread; it is not released at the end."""
    elector = LeaderElector(api, namespace, NAME, identity, TIMES)
    stop = threading.Event()
    thread = threading.Thread(target=elector.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield elector
    finally:
        stop.set()
        thread.join(10.0)


def wait_leading(elector: LeaderElector, within_s: float = 20.0) -> float:
    """Return the monotonic time at which it is seen to lead."""
    wait_for(lambda: elector.leading, what="leading", within_s=within_s)
    return time.monotonic()
