"""Scenarios: what happens when, as plain data from YAML; every mistake is one sentence naming file and key."""

from __future__ import annotations

from dataclasses import dataclass

from detnet.model.errors import ConfigError
from detnet.model.objectives import Objective, Priority
from detnet_lab.scenario_file import ScenarioLibrary, YamlMapping, parse_yaml
from detnet_lab.simulator import profile
from detnet_lab.simulator.faults import KINDS, Fault
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.profile import Term

DEFAULT_CRITICAL = "robot-control"
"""The critical workload of a scenario that names none."""
_LINK_KEYS = {"capacity", "critical", "targets", "maximum", "faults"}
_TOP_KEYS = {"name", "title", "duration_s", "disturbances_s", "links", *_LINK_KEYS}
_CRITICAL_KEYS = {"name", "rate", "latency_ms", "jitter_ms", "loss", "priority"}
_TARGET_KEYS = {"name", "demand", "flows", "pods", "template", "protocol", "count"}
ENDLESS = ({"level": 1000.0},)
"""The demand of a target that takes all it can get."""
_LIBRARY = ScenarioLibrary("detnet_lab.simulator")


@dataclass(frozen=True, slots=True)
class CriticalPlan:
    """One critical workload; without an objective of its own it has the plant's."""

    rate: tuple[Term, ...]
    name: str = DEFAULT_CRITICAL
    objective: Objective | None = None

    def objective_on(self, plant: Plant) -> Objective:
        """Return its objective."""
        return self.objective or Objective(self.name, plant.latency_ms, plant.jitter_ms, 0.0)


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One best-effort workload: what it would send, in how many flows, from how many pods.

    ``template`` is the cap that a new pod starts with, as a share of the capacity, until the controller's reaches it.
    """

    name: str
    demand: tuple[Term, ...] = ENDLESS
    flows: int = 4
    pods: tuple[Term, ...] = ({"level": 1.0},)
    template: float = 0.25
    tcp: bool = True


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One bottleneck: its capacity, its critical workloads, its targets; ``maximum`` is what the controller is told."""

    capacity: tuple[Term, ...]
    critical: tuple[CriticalPlan, ...]
    targets: tuple[TargetPlan, ...]
    maximum: float = 1.0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named course of events; with several links, each has a loop of its own."""

    name: str
    title: str
    duration_s: float
    links: tuple[LinkPlan, ...]
    disturbances_s: tuple[float, ...] = ()


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
    top = _Section(parse_yaml(text, source), source, _TOP_KEYS)
    rows = top.data.get("links")
    links: tuple[LinkPlan, ...]
    if rows is None:
        only = {key: value for key, value in top.data.items() if key in _LINK_KEYS}
        links = (_link(_Section(only, source, _LINK_KEYS)),)
    elif isinstance(rows, list) and rows and not _LINK_KEYS & top.data.keys():
        links = tuple(_link(_Section(row, f"{source}: links[{i}]", _LINK_KEYS)) for i, row in enumerate(rows))
    else:
        raise ConfigError(f"{source}: links: expected a list of links, with nothing of a link beside it")
    return Scenario(
        name=top.text("name"),
        title=top.text("title"),
        duration_s=top.number("duration_s", 600.0, 30.0, 86_400.0),
        links=links,
        disturbances_s=tuple(top.numbers("disturbances_s")),
    )


class _Section(YamlMapping):
    """A part of the file with the simulator's kinds of values."""

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.refuse(key, f"a number between {low:g} and {high:g}")
        return float(value)

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self.data.get(key, default)
        if type(value) is not int or not low <= value <= high:
            self.refuse(key, f"a whole number between {low} and {high}")
        return int(value)

    def numbers(self, key: str) -> list[float]:
        value = self.data.get(key, [])
        listed = value if isinstance(value, list) else [value]
        if any(isinstance(one, bool) or not isinstance(one, int | float) or one < 0 for one in listed):
            self.refuse(key, "seconds, or a list of them")
        return [float(one) for one in listed]

    def terms(self, key: str, default: object) -> tuple[Term, ...]:
        return profile.check(self.data.get(key, default), f"{self.where}: {key}")


def _link(table: _Section) -> LinkPlan:
    rows = table.rows("targets")
    targets = [
        one
        for i, row in enumerate(rows)
        for one in _targets(_Section(row, f"{table.where}: targets[{i}]", _TARGET_KEYS))
    ]
    if not targets:
        raise ConfigError(f"{table.where}: targets: expected at least one best-effort target")
    named = [target.name for target in targets]
    if len(set(named)) < len(named):
        raise ConfigError(f"{table.where}: targets: the name {max(named, key=named.count)!r} is used twice")
    keys = {"kind", "at_s", "for_s", *(amount for amounts in KINDS.values() for amount in amounts)}
    faults = [
        one
        for i, row in enumerate(table.rows("faults"))
        for one in _faults(_Section(row, f"{table.where}: faults[{i}]", keys))
    ]
    return LinkPlan(
        capacity=table.terms("capacity", 1.0),
        critical=_criticals(table),
        targets=tuple(targets),
        maximum=table.number("maximum", 1.0, 0.01, 100.0),
        faults=tuple(faults),
    )


def _criticals(table: _Section) -> tuple[CriticalPlan, ...]:
    """Return the critical workloads: a list of mappings with names, or one profile for the only one."""
    rows = table.data.get("critical")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "name" in row for row in rows):
        return (CriticalPlan(table.terms("critical", 0.3)),)
    plans = tuple(
        _critical(_Section(row, f"{table.where}: critical[{i}]", _CRITICAL_KEYS)) for i, row in enumerate(rows)
    )
    named = [plan.name for plan in plans]
    if len(set(named)) < len(named):
        raise ConfigError(f"{table.where}: critical: the name {max(named, key=named.count)!r} is used twice")
    return plans


def _critical(table: _Section) -> CriticalPlan:
    name, loss = table.text("name"), table.number("loss", 1.0, 0.0, 1.0)
    priority = table.data.get("priority", Priority.CRITICAL.value)
    if priority not in {one.value for one in Priority}:
        table.refuse("priority", "critical or important")
    latency_ms, jitter_ms = (table.number(key, 0.0, 0.0, 1e6) or None for key in ("latency_ms", "jitter_ms"))
    try:
        objective = Objective(name, latency_ms, jitter_ms, loss if loss < 1.0 else None, Priority(priority))
    except ValueError as error:
        raise ConfigError(f"{table.where}: {error}") from error
    return CriticalPlan(table.terms("rate", 0.1), name, objective)


def _targets(table: _Section) -> list[TargetPlan]:
    protocol = table.data.get("protocol", "tcp")
    if protocol not in {"tcp", "udp"}:
        table.refuse("protocol", "tcp or udp")
    count, name = table.whole("count", 1, 1, 1000), table.text("name")
    plan = TargetPlan(
        name=name,
        demand=table.terms("demand", 1000.0),
        flows=table.whole("flows", 4, 1, 10_000),
        pods=table.terms("pods", 1),
        template=table.number("template", 0.25, 0.001, 100.0),
        tcp=protocol == "tcp",
    )
    if count == 1:
        return [plan]
    copied = {key: getattr(plan, key) for key in ("demand", "flows", "pods", "template", "tcp")}
    return [TargetPlan(name=f"{name}-{number}", **copied) for number in range(1, count + 1)]


def _faults(table: _Section) -> list[Fault]:
    kind, starts_s = table.text("kind"), table.numbers("at_s")
    if not starts_s:
        raise ConfigError(f"{table.where}: at_s is missing")
    for_s = table.number("for_s", 1.0, 0.1, 86_400.0)
    given = [key for key in table.data if key not in {"kind", "at_s", "for_s"}]
    amounts = {key: table.number(key, 0.0, -86_400.0, 86_400.0) for key in given}
    try:
        return [Fault(kind, from_s, for_s, amounts) for from_s in starts_s]
    except ConfigError as error:
        raise ConfigError(f"{table.where}: {error}") from error
