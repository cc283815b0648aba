"""The annotations of the pods, as a file: the controller writes caps, the agent reads them, and neither waits."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

from detnet.actuators.base import ActuationError, Usage
from detnet.model.rate import Rate
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.edt.pod_cap import PodCap

_INTERFACES = Path("/proc/net/dev")


class Annotations:
    """Caps by workload, as Kubernetes quantities."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, str]:
        """Return the caps; no workload is in it before its first."""
        try:
            texts: dict[str, str] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return texts

    def write(self, texts: Mapping[str, str]) -> None:
        """Put the caps in the place of the last ones, as a whole."""
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(texts))
        part.replace(self._path)


class AnnotationActuator:
    """Caps pods by their annotation. It reads back what was asked for, as on a cluster, and not what is enforced."""

    name = "annotations"

    def __init__(self, annotations: Annotations, pods: Mapping[str, PodCap]) -> None:
        self._annotations = annotations
        self._pods = dict(pods)

    def read(self) -> Mapping[str, Rate | None]:
        """Return the annotations."""
        texts = self._annotations.read()
        return {name: Rate.parse(texts[name]) if name in texts else None for name in self._pods}

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Write the annotations.

        Raises:
            ActuationError: a target that is no pod of the lab; the others are written.
        """
        known = {name: cap for name, cap in caps.items() if name in self._pods}
        self._annotations.write(self._annotations.read() | {name: cap.quantity for name, cap in known.items()})
        if unknown := {name: "is not a pod of the lab" for name in caps if name not in known}:
            raise ActuationError.of(unknown, known)
        return known

    def usage(self) -> Usage:
        """Return the counters of the pods, and of all else that leaves the node."""
        sent_bytes = {name: pod.sent_bytes() for name, pod in self._pods.items()}
        read_at_s = time.monotonic()
        return Usage(read_at_s, sent_bytes, max(0, _left_bytes(at.UPLINK) - sum(sent_bytes.values())))

    def release(self) -> None:
        """Remove the annotations."""
        self._annotations.write({})

    def close(self) -> None:
        """Close the sockets; the annotations stay."""
        for pod in self._pods.values():
            pod.close()


def _left_bytes(interface: str) -> int:
    """Return what this namespace has sent through an interface (proc_pid_net(5): the ninth number)."""
    rows = (line.partition(":") for line in _INTERFACES.read_text().splitlines())
    return next(int(numbers.split()[8]) for name, _, numbers in rows if name.strip() == interface)
