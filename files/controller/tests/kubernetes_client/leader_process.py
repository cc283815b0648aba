"""A process that stands for the lease and, while it leads, writes its name into another object again and again.

Usage: leader_process.py KUBECONFIG NAMESPACE IDENTITY. It says ``standing`` after its first attempt, ends in order at
SIGTERM, and at once when its standard input ends: it never outlives the test.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

from detnet.kubernetes.client.api import ApiError, ClusterAccess, connect
from detnet.kubernetes.client.leader_election import LeaderElector
from kubernetes_client.leases import NAME, TIMES, lease_path


def _die_with_the_test() -> None:
    sys.stdin.read()
    os._exit(1)


def main(kubeconfig: str, namespace: str, identity: str) -> None:
    """Write whenever it may."""
    threading.Thread(target=_die_with_the_test, daemon=True).start()
    api = connect(ClusterAccess(Path(kubeconfig)))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    elector = LeaderElector(api, namespace, NAME, identity, TIMES)
    elector.step()
    print("standing", flush=True)
    standing = threading.Thread(target=elector.run, args=(stop,))
    standing.start()
    name = {"spec": {"holderIdentity": identity}}
    written = lease_path(namespace, "written")
    while not stop.is_set():
        if elector.leading:
            with contextlib.suppress(ApiError):
                api.request("PATCH", written, body=name, timeout_s=1.0, until_s=elector.deadline_s)
        stop.wait(0.01)
    elector.release()
    standing.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
