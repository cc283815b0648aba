"""What a run is: a scenario (what happens when, from YAML), a link and a policy. Every mistake is one sentence."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from pydantic import TypeAdapter

from detnet.model.errors import ConfigError
from detnet_lab.scenario_file import ScenarioLibrary, YamlMapping, parse_yaml
from detnet_lab.testbed.lab_topology import AddressPlan, BottleneckLink, address_plan

POLICIES = ("learned", "aimd", "graded", "steps", "static", "none")
"""The controller's policies, and the two ends of any comparison: half the link for ever, and no control at all."""

ENFORCERS = ("tc", "edt")
IP_FAMILIES = ("ipv4", "ipv6")
"""What limits best effort: tc on node2, or the stand-in for Cilium's EDT in each pod."""

BURSTS = ("whole", "cured")
"""What a pod sends at once under EDT: packets of up to 64 KB, or what the sysctl of ``network.py`` leaves of them."""

OBJECTIVE_MS = 2.0
LATE_LIMIT_MS = OBJECTIVE_MS / 2
"""A second whose probes left later than this (p95) is evidence of this machine's scheduler and not of the link."""

WORKLOADS = ("telemetry-upload", "erp-dashboard", "inspection-camera")
"""What a phase may start and stop; robot-control, safety-scanner and robot-factory always run."""

FAULTS = {"probe": ("pause", "resume"), "daemon": ("kill", "start"), "agent": ("restart", "ignore", "enforce")}
"""Which process can suffer what: pause and resume are SIGSTOP and SIGCONT, kill is SIGKILL.

The agent is the one of the enforcer ``edt`` (``edt/agent.py``): a restart makes it forget all caps for a second and
lose what changes meanwhile, ``ignore`` makes it enforce nothing until ``enforce``.
"""

_PHASE_KEYS = {"name", "title", "duration_s", "disturbance", "start", "stop", "capacity", "fault"}
_LIBRARY = ScenarioLibrary("detnet_lab.testbed")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time that begins with some changes.

    ``capacity_share`` is the bottleneck's rate as a share of the run's capacity, ``None`` for no change;
    ``disturbance`` marks that the controller must protect against what begins here.
    """

    name: str
    title: str
    duration_s: float
    disturbance: bool = False
    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    capacity_share: float | None = None
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named sequence of phases; the first is the uncongested reference."""

    name: str
    title: str
    phases: tuple[Phase, ...]

    @property
    def duration_s(self) -> float:
        """The sum of the phases, in seconds."""
        return sum(phase.duration_s for phase in self.phases)

    def scaled(self, duration_s: float) -> Scenario:
        """Return the same scenario stretched or squeezed; every phase keeps its share to the nearest whole second.

        Phases begin at whole seconds because a run is judged by the second, and a second belongs to one phase.

        Raises:
            ConfigError: a phase would become shorter than a second.
        """
        factor = duration_s / self.duration_s
        ends_s = accumulate((phase.duration_s for phase in self.phases[:-1]), initial=0.0)
        bounds = [*(round(end_s * factor) for end_s in ends_s), duration_s]
        lengths = [end_s - begin_s for begin_s, end_s in pairwise(bounds)]
        if min(lengths) < 1:
            raise ConfigError(f"scenario {self.name}: in {duration_s:g} s one of its phases is shorter than a second")
        phases = (dataclasses.replace(p, duration_s=float(s)) for p, s in zip(self.phases, lengths, strict=True))
        return dataclasses.replace(self, phases=tuple(phases))


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: a scenario, already of its final length, on a link, under a policy; it travels to the run as JSON.

    ``enforcer`` is one of ``ENFORCERS``, ``burst`` one of ``BURSTS``, ``ip_family`` one of ``IP_FAMILIES``.
    """

    policy: str
    scenario: Scenario
    link: BottleneckLink
    prometheus: bool = True
    enforcer: str = "tc"
    burst: str = "whole"
    ip_family: str = "ipv4"

    @property
    def addresses(self) -> AddressPlan:
        """Every address of the run."""
        return address_plan(self.ip_family)

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Read what ``to_json`` wrote."""
        return TypeAdapter(cls).validate_json(text)


def names() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    return _LIBRARY.names()


def load(name_or_path: str) -> Scenario:
    """Read a scenario by its name, or from a YAML file.

    Raises:
        ConfigError: there is none, or it is not a scenario.
    """
    return parse(*_LIBRARY.read(name_or_path))


def parse(text: str, source: str) -> Scenario:
    """Turn YAML text into a scenario; ``source`` names it in errors.

    Raises:
        ConfigError: the text is not YAML, or a key is missing, unknown or has a wrong value.
    """
    top = YamlMapping(parse_yaml(text, source), source, {"name", "title", "phases"})
    rows = top.data.get("phases")
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{source}: phases: expected a list of at least one phase")
    phases = tuple(_phase(_Row(row, f"{source}: phases[{i}]", _PHASE_KEYS)) for i, row in enumerate(rows))
    doubles = {phase.name for phase in phases if sum(other.name == phase.name for other in phases) > 1}
    if doubles:
        raise ConfigError(f"{source}: phases: the name {min(doubles)!r} is used twice")
    return Scenario(top.text("name"), top.text("title"), phases)


class _Row(YamlMapping):
    """A phase of the file."""

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.refuse(key, "true or false")
        return value

    def seconds(self, key: str) -> float:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
            self.refuse(key, "seconds between 0 and 3600")
        return float(value)

    def workloads(self, key: str) -> tuple[str, ...]:
        value = self.rows(key)
        for name in value:
            if name not in WORKLOADS:
                raise ConfigError(f"{self.where}: {key}: no workload {name!r}; there are {', '.join(WORKLOADS)}")
        return tuple(value)

    def share(self, key: str) -> float | None:
        value = self.data.get(key)
        if value is None:
            return None
        number = value[:-1] if isinstance(value, str) and value.endswith("%") else ""
        if not number.isdecimal() or not 1 <= int(number) <= 100:
            self.refuse(key, "a share such as 40% (1% to 100%)")
        return int(number) / 100

    def faults(self, key: str) -> Iterator[tuple[str, str]]:
        value = self.data.get(key, {})
        if not isinstance(value, Mapping):
            self.refuse(key, "a mapping such as {daemon: kill}")
        for process, action in value.items():
            if action not in FAULTS.get(process, ()):
                known = ", ".join(f"{name}: {' or '.join(actions)}" for name, actions in FAULTS.items())
                raise ConfigError(f"{self.where}: {key}: {process}: {action} is not a fault; there are {known}")
            yield process, action


def _phase(table: _Row) -> Phase:
    return Phase(
        name=table.text("name"),
        title=table.text("title"),
        duration_s=table.seconds("duration_s"),
        disturbance=table.flag("disturbance"),
        start=table.workloads("start"),
        stop=table.workloads("stop"),
        capacity_share=table.share("capacity"),
        faults=tuple(table.faults("fault")),
    )
