"""What one run is asked to be; travels as JSON from the outer process into the run's namespaces."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from pydantic import TypeAdapter

from detnet_lab.testbed.link import Link
from detnet_lab.testbed.scenario import Scenario

POLICIES = ("learned", "aimd", "graded", "steps", "static", "none")
"""The daemon's policies, and the two ends of any comparison: half the link for ever, and no control at all."""

OBJECTIVE_MS = 2.0

LATE_LIMIT_MS = OBJECTIVE_MS / 2
"""A second whose probes left later than this (p95) tells about this machine's scheduler and not about the link."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: a scenario, already of its final length, on a link, under a policy."""

    policy: str
    scenario: Scenario
    link: Link
    prometheus: bool = True

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Read what ``to_json`` wrote."""
        return TypeAdapter(cls).validate_json(text)
