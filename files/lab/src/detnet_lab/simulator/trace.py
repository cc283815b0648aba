"""The trace of one run: what happened on the plant, what the controller saw, decided and wrote, and the judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detnet_lab.simulator.plant import Plant


@dataclass(frozen=True, slots=True)
class Tick:
    """Half a second of one link. Rates in bit/s, means of the half second; per target where a sequence.

    ``cap_bps`` are the caps as written at its end and ``limit_bps`` what was in force. ``jitter_ms``, ``latency_ms``
    and ``loss_ratio`` are what the controller believed at its last pass, which decided ``mode``, ``action`` and
    ``reason`` (empty before the first); ``truth_p95_ms`` is the delay over the empty path that its critical packets
    met and ``lost_bits`` what was lost of them.
    """

    at_s: float
    capacity_bps: float
    critical_bps: float
    demand_bps: Sequence[float]
    cap_bps: Sequence[float]
    limit_bps: Sequence[float]
    goodput_bps: Sequence[float]
    truth_p95_ms: float
    lost_bits: float
    jitter_ms: float | None
    latency_ms: float | None
    loss_ratio: float | None
    mode: str
    action: str
    reason: str
    terms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class GroundTruthWindow:
    """One second of one link on the plant's ground truth.

    ``pdv95_ms`` is the p95 of the critical packets' delay over the empty path; ``broken`` names the critical workloads
    whose objective was violated.
    """

    start_s: int
    pdv95_ms: float
    lost_bits: float
    broken: tuple[str, ...]
    goodput_bps: float

    @property
    def violates(self) -> bool:
        """Whether any objective was violated."""
        return bool(self.broken)


@dataclass(frozen=True, slots=True)
class LinkTrace:
    """One link's part of a run.

    ``critical`` names its critical workloads and ``limit_ms`` is the least delay over the empty path that
    violates an objective of any of them; ``writes`` are (time in s, target).
    """

    targets: tuple[str, ...]
    critical: tuple[str, ...]
    limit_ms: float
    ticks: Sequence[Tick]
    windows: Sequence[GroundTruthWindow]
    writes: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Trace:
    """One run: a scenario on a plant under a policy, with one seed."""

    scenario: str
    policy: str
    plant: Plant
    seed: int
    duration_s: float
    disturbances_s: tuple[float, ...]
    links: tuple[LinkTrace, ...]
