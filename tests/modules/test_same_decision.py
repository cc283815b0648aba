"""The module and the daemon, given the same numbers, decide the same."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detnet.actuators.dry_run import DryRunActuator
from detnet.config.models import Settings
from detnet.control.one_shot import ManualEvidence
from detnet.model.rate import Rate
from detnet.model.units import parse_duration_s, parse_share
from detnet.runtime.build import build_claims, build_rules
from detnet.runtime.control_loop import ControlLoop, LoopParts
from detnet.sources.source import Reading
from detnet.telemetry.passes import Pass
from modules.running import Collection

M = 1_000_000
NAMES = ("ns/deployment/logs", "ns/deployment/upload")
Figures = Mapping[str, Mapping[str, str]]
LIMITS = {
    "robot": {"latency": "10ms", "jitter": "2ms", "loss": "1%", "priority": "critical"},
    "camera": {"latency": "40ms", "priority": "important"},
}


@pytest.fixture(scope="session", autouse=True)
def importable(collection: Collection) -> None:
    """Let the collection's own files be imported by the names that they have for Ansible."""
    sys.path.insert(0, str(collection.path))


def read(figures: Mapping[str, str]) -> ManualEvidence:
    """Return figures as ``detnet decide`` reads them."""
    latency, jitter, loss = (figures.get(name) for name in ("latency", "jitter", "loss"))
    return ManualEvidence(
        latency_ms=None if latency is None else parse_duration_s(latency) * 1e3,
        jitter_ms=None if jitter is None else parse_duration_s(jitter) * 1e3,
        loss_ratio=None if loss is None else parse_share(loss),
    )


class Now:
    """A source that knows these figures at every moment; also the clock and the recorder of the daemon."""

    name = "now"

    def __init__(self, figures: Figures, settings: Settings) -> None:
        rules = build_rules(settings)
        self.reading = Reading({name: read(one).signal(rules, now_s=100.0) for name, one in figures.items()}, 100.0)

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def latest(self) -> Reading:
        """Return the figures."""
        return self.reading

    def record(self, one: Pass) -> None:
        """Nothing to keep."""


def by_the_daemon(options: dict[str, Any], figures: Figures, caps: Mapping[str, Rate | None]) -> Pass:
    """Let a daemon with the same settings find these caps; its past, which one shot has not, is as long as it wants."""
    configured = Settings.model_validate(
        {
            "objectives": options["objectives"],
            "targets": [{"name": name, "min": options["min"], "max": options["max"]} for name in NAMES],
            "policy": {"name": options["policy"]},
            "loop": {"recovery": "0s"},
        }
    )
    source, actuator = Now(figures, configured), DryRunActuator(NAMES)
    actuator.apply({name: cap for name, cap in caps.items() if cap is not None})
    rules, claims = build_rules(configured), build_claims(configured)
    return ControlLoop(LoopParts(rules, claims, source, actuator, source, 0.5), clock=lambda: 100.0).step()


def by_the_module(
    options: dict[str, Any], figures: Figures, caps: Mapping[str, Rate | None]
) -> tuple[Any, Mapping[str, Any]]:
    """Let the module's own copy of the code find them."""
    root = "ansible_collections.detnet.qos.plugins.module_utils"
    states, deciding = (importlib.import_module(f"{root}.{name}") for name in ("states", "deciding"))
    core = {
        name.split(".")[1]: importlib.import_module(f"{root}.{name}") for name in ("control.allocate", "model.rate")
    }
    claims = [
        core["allocate"].Claim(name, Rate.parse(options["min"]).bps, Rate.parse(options["max"]).bps) for name in NAMES
    ]
    rules = deciding.rules_of(options, claims)
    evidence = deciding.evidence_of({**options, "measured": figures}, rules)
    in_force = {name: None if cap is None else core["rate"].Rate(cap.bps) for name, cap in caps.items()}
    return tuple(states.budgets(rules, claims, in_force, evidence, now_s=time.monotonic()))


FIGURES = st.fixed_dictionaries(
    {"latency": st.integers(0, 800).map(lambda tenths: f"{tenths / 10}ms")},
    optional={
        "jitter": st.integers(0, 100).map(lambda tenths: f"{tenths / 10}ms"),
        "loss": st.integers(0, 1000).map(lambda tenths: f"{tenths / 10}%"),
    },
)


@settings(max_examples=200, deadline=None)
@given(
    robot=FIGURES,
    camera=FIGURES,
    caps=st.tuples(*[st.none() | st.integers(1_000, 400_000).map(lambda kbps: Rate(kbps * 1000))] * 2),
    policy=st.sampled_from(["steps", "graded", "aimd", "learned"]),
    bounds=st.sampled_from([("10M", "1000M"), ("1M", "50M"), ("5M", "5M")]),
)
def test_the_same_numbers_lead_to_the_same_decision_and_caps(
    robot: dict[str, str], camera: dict[str, str], caps: tuple[Rate | None, ...], policy: str, bounds: tuple[str, str]
) -> None:
    """Every policy, any figures, any caps in force: action, rule, budget, sentence, findings and caps are equal."""
    nothing = dict.fromkeys(["path", "hubble", "promql"])
    objectives = [{"workload": name, "latency": None, "jitter": None, "loss": None, **LIMITS[name]} for name in LIMITS]
    options: dict[str, Any] = {
        "objectives": objectives,
        "policy": policy,
        "min": bounds[0],
        "max": bounds[1],
        **dict.fromkeys(["safe", "policy_parameters", "prometheus_url", "probe_url"]),
        "scrape_interval": "1s",
    }
    figures, in_force = {"robot": robot, "camera": camera}, dict(zip(NAMES, caps, strict=True))
    one = by_the_daemon(options, figures, in_force)
    decision, budgets = by_the_module(
        {**options, "objectives": [{**each, **nothing} for each in objectives]}, figures, in_force
    )
    assert (decision.action.value, decision.mode.value) == (one.decision.action.value, one.decision.mode.value)
    assert (decision.before_bps, decision.budget_bps) == (one.decision.before_bps, one.decision.budget_bps)
    assert decision.reason == one.decision.reason
    assert [str(each) for each in decision.findings] == [str(each) for each in one.decision.findings]
    assert {name: cap.bps for name, cap in budgets.items()} == {name: cap.bps for name, cap in one.caps.items()}
    assert dict(decision.terms) == pytest.approx(dict(one.decision.terms), nan_ok=True)
