"""The agent of the stand-in enforcer: ``python -m detnet_lab.testbed.edt.agent ANNOTATIONS EFFECTS``.

It carries annotations out as Cilium's agent was seen to do: each 0.3 to 1 s late. When it starts where caps are in
force, it forgets all of them for a second and restores them, and a change of that second is lost until the annotation
changes again. SIGUSR1 makes it enforce nothing, as an agent without its egress program; SIGUSR2 ends that. Each effect
is a line of JSON in EFFECTS.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from detnet.model.rate import Rate
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.edt.annotations import Annotations
from detnet_lab.testbed.edt.pod_cap import PodCap

LAG_S = (0.3, 1.0)
FORGETS_S = 1.0
_LOOK_S = 0.05


class Cap(Protocol):
    """What enforces the cap of one pod."""

    def read(self) -> Rate | None:
        """Return the cap in force."""
        ...

    def set(self, cap: Rate | None) -> None:
        """Put a cap in force, or none."""
        ...


class Agent:
    """The agent without a clock: ``now_s`` is of any; ``lag_s`` gives the seconds from a change to its effect."""

    def __init__(self, pods: Mapping[str, Cap], lag_s: Callable[[], float]) -> None:
        self._pods = dict(pods)
        self._lag_s = lag_s
        self._carried_out: dict[str, str] = {}
        self._due_s: dict[str, float] = {}
        self._enforces = True
        self._held = {name: pod.read() for name, pod in pods.items()}
        self._forgets_until_s: float | None = None
        self._uncap()

    def ignore(self) -> None:
        """Enforce nothing from now on."""
        self._enforces = False
        self._uncap()

    def enforce(self) -> None:
        """Enforce again, as from the beginning."""
        self._enforces = True
        self._carried_out = {}

    def look(self, annotations: Mapping[str, str], now_s: float) -> None:
        """Carry out what is due."""
        if not self._enforces or self._forgets(annotations, now_s):
            return
        for name, pod in self._pods.items():
            if annotations.get(name) == self._carried_out.get(name):
                continue
            if now_s >= self._due_s.setdefault(name, now_s + self._lag_s()):
                del self._due_s[name]
                pod.set(Rate.parse(annotations[name]) if name in annotations else None)
                self._carried_out = _with(self._carried_out, name, annotations.get(name))

    def _forgets(self, annotations: Mapping[str, str], now_s: float) -> bool:
        """Tell whether the caps from before are still forgotten; restore them when their second is over."""
        if not any(self._held.values()):
            return False
        if self._forgets_until_s is None:
            self._forgets_until_s = now_s + FORGETS_S
        if now_s < self._forgets_until_s:
            return True
        for name, cap in self._held.items():
            self._pods[name].set(cap)
        self._held = {}
        self._carried_out = dict(annotations)
        return False

    def _uncap(self) -> None:
        for pod in self._pods.values():
            if pod.read() is not None:
                pod.set(None)


def _with(texts: Mapping[str, str], name: str, text: str | None) -> dict[str, str]:
    rest = {key: value for key, value in texts.items() if key != name}
    return rest if text is None else {**rest, name: text}


class _Logged:
    """A pod's cap whose changes are lines of a file."""

    def __init__(self, name: str, effects: Path) -> None:
        self._name = name
        self._effects = effects
        self._cap = PodCap(at.EDT_PODS[name])

    def read(self) -> Rate | None:
        return self._cap.read()

    def set(self, cap: Rate | None) -> None:
        self._cap.set(cap)
        line = {"at_s": time.monotonic(), "pod": self._name, "cap_bps": None if cap is None else cap.bps}
        with self._effects.open("a") as file:
            file.write(f"{json.dumps(line)}\n")


def main() -> None:
    """Look for changes until killed."""
    annotations, effects = Annotations(Path(sys.argv[1])), Path(sys.argv[2])
    pods = {name: _Logged(name, effects) for name in at.EDT_PODS}
    lag = random.Random()  # noqa: S311 - chance, not secrecy
    agent = Agent(pods, lambda: lag.uniform(*LAG_S))
    signal.signal(signal.SIGUSR1, lambda *_: agent.ignore())
    signal.signal(signal.SIGUSR2, lambda *_: agent.enforce())
    effects.touch()
    while True:
        agent.look(annotations.read(), time.monotonic())
        time.sleep(_LOOK_S)


if __name__ == "__main__":
    main()
