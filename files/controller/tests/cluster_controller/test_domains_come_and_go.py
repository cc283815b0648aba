"""A node may be without best effort for a while; its loop goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from detnet.actuators.base import Actuator
from detnet.actuators.dry_run import DryRunActuator
from detnet.control.allocate import Claim
from detnet.control.decision import Rules
from detnet.control.guard import Guard
from detnet.control.policies import Aimd
from detnet.kubernetes.caps.domains import Domain
from detnet.kubernetes.objects.faults import Fault
from detnet.model.objectives import Objective
from detnet.model.rate import Rate
from detnet.runtime.cluster_controller import ClusterController, ClusterParts
from detnet.sources.source import Reading
from detnet.telemetry.passes import Pass

M = 1_000_000


@dataclass
class World:
    """A cluster, a source and a recorder that a test moves by hand."""

    now_s: float = 100.0
    there: list[str] = field(default_factory=list)
    synced: bool = True
    passes: list[Pass] = field(default_factory=list)
    idled: list[tuple[str, bool]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Give every node an actuator of its own."""
        self.actuators = {name: DryRunActuator(["upload"]) for name in ("node-1", "node-2")}

    def domains(self) -> Sequence[Domain]:
        """The nodes with best effort now."""
        claims = (Claim("upload", 5 * M, 100 * M),)
        return [Domain(name, frozenset({"robot"}), claims, {"upload": ("ns/pod",)}) for name in self.there]

    def actuator(self, domain: str) -> Actuator:
        """The node's actuator."""
        return self.actuators[domain]

    def problems(self, sentences: Sequence[str] = ()) -> Sequence[str]:
        """Nothing to repair but what is reported."""
        self.shown = list(sentences)
        return ()

    def faults(self) -> Sequence[Fault]:
        """Nothing that could not be worked out."""
        return ()

    def collector(self) -> Collector:
        """Nothing to show."""
        return CollectorRegistry()

    def role(self) -> str:
        """The only one."""
        return "leading"

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def close(self) -> None:
        """Nothing to close."""

    def latest(self) -> Reading:
        """Nobody measures."""
        return Reading({}, self.now_s, None, {})

    def record(self, one: Pass) -> None:
        """Keep a pass."""
        self.passes.append(one)

    def idle(self, sentence: str, *, ready: bool) -> None:
        """Keep what was said."""
        self.idled.append((sentence, ready))

    def failed(self, domain: str, kind: str) -> None:
        """Keep which."""
        self.failures.append((domain, kind))

    def forget(self, domain: str) -> None:
        """Keep which."""
        self.forgotten.append(domain)


def controller(world: World) -> ClusterController:
    """A controller over the world."""
    guard = Guard(minimum_bps=5 * M, maximum_bps=100 * M, safe_bps=25 * M)
    rules = Rules((Objective("robot", jitter_ms=2.0),), guard, Aimd())
    return ClusterController(
        ClusterParts(world, lambda _domain: rules, world, world, 0.5, lambda: None), clock=lambda: world.now_s
    )


def after(world: World, one: ClusterController, seconds: float) -> tuple[Pass, ...]:
    """Let time pass, then make a pass."""
    world.now_s += seconds
    return one.step()


def test_a_cluster_that_is_not_known_yet_is_not_ready_and_an_empty_one_is() -> None:
    """Neither may look like a loop that hangs."""
    world = World(synced=False)
    one = controller(world)
    assert one.step() == ()
    world.synced = True
    assert one.step() == ()
    assert [ready for _sentence, ready in world.idled] == [False, True]


def test_a_node_without_best_effort_is_shown_no_more_but_its_loop_is_kept() -> None:
    """A rollout must not begin anew at the maximum: the blind budget keeps falling from where it was."""
    world = World(there=["node-1", "node-2"])
    one = controller(world)
    for _pass in range(40):
        after(world, one, 0.5)
    fallen_bps = world.passes[-1].decision.budget_bps
    assert fallen_bps < 100 * M
    world.there.remove("node-2")
    after(world, one, 0.5)
    assert world.forgotten == ["node-2"]
    world.there.append("node-2")
    world.actuators["node-2"].release()
    returned = after(world, one, 60.0)[-1]
    assert (returned.domain, returned.decision.before_bps) == ("node-2", fallen_bps)
    assert world.actuators["node-2"].read()["upload"] <= Rate(fallen_bps)


def test_after_ten_minutes_a_loop_is_forgotten() -> None:
    """A node that left for good must not be kept for ever."""
    world = World(there=["node-1", "node-2"])
    one = controller(world)
    for _pass in range(40):
        after(world, one, 0.5)
    world.there.remove("node-2")
    after(world, one, 1.0)
    after(world, one, 601.0)
    world.there.append("node-2")
    world.actuators["node-2"].release()
    assert after(world, one, 1.0)[-1].decision.before_bps == 100 * M


def test_a_fault_of_one_domain_stays_there() -> None:
    """Its caps are held, it is reported and counted, and the other domains are controlled; then it goes on."""
    world = World(there=["node-1", "node-2"])
    one = controller(world)

    def rules(domain: Domain) -> Rules:
        if domain.name in world.broken:
            raise ValueError("\x1b[31mmin=max=1T" + "9" * 10_000)
        return site_rules(domain)

    site_rules = one.parts.rules
    one.parts = replace(one.parts, rules=rules)
    world.broken = {"node-1"}
    assert [each.domain for each in after(world, one, 0.5)] == ["node-2"]
    assert [each.domain for each in after(world, one, 0.5)] == ["node-2"]
    (sentence,) = world.shown
    assert sentence.startswith("node-1 is not controlled, its caps are held: ValueError(")
    assert len(sentence) < 400
    assert sentence.isprintable()
    assert world.failures == [("node-1", "domain")] * 2
    world.broken = set()
    assert [each.domain for each in after(world, one, 0.5)] == ["node-1", "node-2"]
    assert world.shown == []
