"""The whole configuration; the rules that join several sections live here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from detnet.config.sections import (
    ActuatorSettings,
    AuditSettings,
    Defaults,
    HttpClientSettings,
    HttpSettings,
    LogSettings,
    LoopSettings,
    Model,
    ObjectiveSettings,
    PolicySettings,
    SourceSettings,
    StateSettings,
    TargetSettings,
)
from detnet.control.policy_registry import POLICIES, Pace
from detnet.model.rate import Rate
from detnet.sources.fetch import is_plain, origin

_COUNTERS = "actuator.kubernetes.counters"


# A server of another origin is told none of these, unless its own section says so.
_WHO = frozenset({"bearer_token_file", "basic_auth", "headers", "tls"})


@dataclass(frozen=True, slots=True)
class Staleness:
    """In seconds: up to which age evidence is fresh, from which a blind budget decays, and from which it is safe."""

    fresh_for_s: float
    decay_after_s: float
    safe_after_s: float


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is asked, by the key of its section; ``client`` says who we are there."""

    key: str
    url: str
    client: HttpClientSettings


class Settings(Model):
    """The whole configuration of one loop."""

    mode: Literal["enforce", "observe"] = "enforce"
    kill_switch: Path | None = None
    credentials_in_plain_http: bool = False
    defaults: Defaults = Defaults()
    objectives: tuple[ObjectiveSettings, ...] = ()
    targets: tuple[TargetSettings, ...] = ()
    source: SourceSettings = SourceSettings()
    actuator: ActuatorSettings = ActuatorSettings()
    policy: PolicySettings = PolicySettings()
    loop: LoopSettings = LoopSettings()
    http: HttpSettings = HttpSettings()
    audit: AuditSettings = AuditSettings()
    state: StateSettings = StateSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for what, names in (
            ("objective", [o.workload for o in self.effective_objectives]),
            ("target", [t.name for t in self.effective_targets]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                forms = ": write namespace/name, kind/name or namespace/kind/name" if what == "objective" else ""
                raise ValueError(f"more than one {what} is named {twice[0]}{forms}")
        for target in self.effective_targets:
            low, high = target.min or self.defaults.min, target.max or self.defaults.max
            if low > high:
                raise ValueError(f"the target {target.name} has min {low.quantity} above max {high.quantity}")
            if self.actuator.kind == "tc" and target.match is None:
                raise ValueError(f"the target {target.name} needs 'match': the tc actuator must know its packets")
        if problems := [*self._untimely(), *self._exposed()]:
            raise ValueError("; ".join(problems))
        loop = self.loop
        low_bps = sum((t.min or self.defaults.min).bps for t in self.effective_targets)
        high_bps = sum((t.max or self.defaults.max).bps for t in self.effective_targets)
        # In Kubernetes a loop's targets are those that meet on its node: there the safe budget is bounded by them.
        bounded = self.actuator.kind != "kubernetes"
        if loop.safe is not None and bounded and not low_bps <= loop.safe.bps <= high_bps:
            between = f"{Rate(low_bps).quantity} to {Rate(high_bps).quantity}"
            raise ValueError(f"loop.safe {loop.safe.quantity} lies outside the targets' range {between}")
        return self

    @property
    def effective_objectives(self) -> tuple[ObjectiveSettings, ...]:
        """The objectives; when none is listed, the one that the v1 controller's flat names describe."""
        flat = self.defaults
        return self.objectives or (
            ObjectiveSettings.model_construct(workload=flat.workload, latency=flat.latency, jitter=flat.jitter),
        )

    @property
    def effective_targets(self) -> tuple[TargetSettings, ...]:
        """The targets; when none is listed, the one that the v1 controller's flat names describe.

        Where targets are found by their label, that one counts only if somebody named it.
        """
        found = self.actuator.kind == "kubernetes" and self.actuator.kubernetes.discover
        if not self.targets and found and "target" not in self.defaults.model_fields_set:
            return ()
        return self.targets or (TargetSettings.model_construct(name=self.defaults.target),)

    @property
    def pace(self) -> Pace:
        """The pace of growth: the v1 controller's for its policies, a quicker one for a policy that knows when to grow.

        ``learned`` has no least raise: it explores in steps of its own, and ``allocate.steady`` spares the writes.
        """
        learned = self.policy.name == "learned"
        own = POLICIES[self.policy.name].pace
        loop = self.loop
        return Pace(
            own.cooldown_s if loop.cooldown is None else loop.cooldown,
            own.raise_every_s if loop.raise_every is None else loop.raise_every,
            own.least_raise_bps if learned or loop.least_raise is None else loop.least_raise.bps,
        )

    @property
    def _evidence_s(self) -> float:
        """How old the newest evidence gets between two polls, in seconds, when nothing is lost."""
        source = self.source
        if source.kind == "probe":
            return source.period or 0.2
        # Rounded, so that what a message names as the least is the least.
        return round(source.prometheus.scrape_interval + (source.period or source.prometheus.scrape_interval), 6)

    @property
    def staleness(self) -> Staleness:
        """The staleness with silence: 1.5 s with the probe's own source, three scrapes and a poll of Prometheus.

        What is not set follows from what is.
        """
        loop, lost_s = self.loop, 2.0 * self.source.prometheus.scrape_interval
        own_s = 3.0 * self._evidence_s if self.source.kind == "probe" else lost_s + self._evidence_s
        fresh_for_s = max(1.5, round(own_s, 6)) if loop.fresh_for is None else loop.fresh_for
        decay_after_s = 2.0 * fresh_for_s if loop.decay_after is None else loop.decay_after
        return Staleness(
            fresh_for_s, decay_after_s, max(30.0, decay_after_s) if loop.safe_after is None else loop.safe_after
        )

    def _untimely(self) -> Iterator[str]:
        """Yield the times that were set and cannot hold, each with the least (or the most) that works."""
        source, times = self.source, self.staleness
        least: Mapping[str, tuple[float, float, str]] = {
            "loop.fresh_for": (
                times.fresh_for_s,
                self._evidence_s,
                "the age of evidence before the next",
            ),
            "loop.decay_after": (times.decay_after_s, times.fresh_for_s, "loop.fresh_for"),
            "loop.safe_after": (times.safe_after_s, times.decay_after_s, "loop.decay_after"),
        }
        if source.kind == "prometheus":
            scrape_s = source.prometheus.scrape_interval
            least = {"source.prometheus.window": (source.prometheus.window_s, 2 * scrape_s, "two scrapes"), **least}
        for key, (value_s, least_s, why) in least.items():
            if value_s < least_s:
                yield f"{key} is {value_s:.9g} s, expected at least {least_s:.9g} s ({why})"
        client, most_s = getattr(source, source.kind), times.fresh_for_s
        if client.timeout is not None and client.timeout > most_s:
            which = f"source.{source.kind}.timeout is {client.timeout:g} s"
            yield f"{which}, expected at most {most_s:g} s (loop.fresh_for): a later answer would not be fresh"

    def _exposed(self) -> Iterator[str]:
        if not self.credentials_in_plain_http:
            for server in self.servers_in_plain_http:
                yield (
                    f"{server.key} would send its credentials to {server.url} without TLS, for everybody on the way to "
                    "read: give it an https:// address, or set credentials_in_plain_http to true"
                )

    @property
    def servers(self) -> tuple[Server, ...]:
        """The HTTP servers that are asked for evidence and byte counters."""
        source, counters = self.source, self.actuator.kubernetes.counters
        client = source.probe if source.kind == "probe" else source.prometheus
        asked = Server(f"source.{source.kind}", client.url, client)
        if self.actuator.kind != "kubernetes" or counters is None:
            return (asked,)
        url, own = counters.url or source.prometheus.url, counters.model_fields_set & _WHO
        shared = not own and origin(url) == origin(source.prometheus.url)
        return (asked, Server(_COUNTERS, url, source.prometheus if shared else counters))

    @property
    def servers_in_plain_http(self) -> tuple[Server, ...]:
        """The servers whose credentials can be read on the way."""
        return tuple(server for server in self.servers if server.client.credentials.secret and is_plain(server.url))
