"""The v1 controller's policies do exactly what was published: +10/-50, +15/-50/-20 smoothed, and -20 %/+10."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import MBPS
from detnet.control.policies import Aimd, Graded, Policy, Situation, Smoothed, Steps
from detnet.control.policy_registry import POLICIES, make_policy
from detnet.model.objectives import Finding, Verdict
from detnet.model.signals import Interval


def situation(budget_mbps: int = 500, /, **stresses: float) -> Situation:
    """Return a situation in which each named figure has this stress."""
    findings = tuple(
        Finding("r", figure, Interval.exactly(2.0 * x), 2.0, Verdict.BREACHED if x > 1.0 else Verdict.MET, 0.0)
        for figure, x in stresses.items()
    )
    return Situation(0.0, budget_mbps * MBPS, 10 * MBPS, 1000 * MBPS, findings)


def steps_mbps(policy: Policy, *, memory: object = None, **stresses: float) -> tuple[float, float]:
    """Return how far the policy would cut and grow from 500 Mbit/s, in Mbit/s."""
    seen = situation(**stresses)
    moved = [answer(seen, memory)[0].budget_bps - 500 * MBPS for answer in (policy.cut, policy.grow)]
    return moved[0] / MBPS, moved[1] / MBPS


def test_steps_move_by_10_up_and_50_down() -> None:
    """Whatever the figures: the first policy had no shades."""
    assert steps_mbps(Steps(), latency=0.1) == (-50, 10)
    assert steps_mbps(Steps(), jitter=9.0) == (-50, 10)
    assert steps_mbps(Steps(increase_bps=1 * MBPS, decrease_bps=2 * MBPS), latency=0.1) == (-2, 1)


def test_aimd_gives_up_a_fifth_and_adds_ten() -> None:
    """Multiplicative down, additive up."""
    assert steps_mbps(Aimd(), latency=0.5) == (-100, 10)
    assert Aimd().cut(situation(100), None)[0].budget_bps == 80 * MBPS


def test_aimd_stands_still_in_its_dead_band() -> None:
    """Above half a limit, on any figure, there is no growth."""
    assert steps_mbps(Aimd(), latency=0.51)[1] == 0
    assert steps_mbps(Aimd(), latency=0.1, loss=0.6)[1] == 0


@pytest.mark.parametrize(
    ("stresses", "cut"),
    [
        ({"latency": 1.5}, -20),
        ({"latency": 1.5, "jitter": 0.9}, -20),
        ({"latency": 1.5, "jitter": 1.1}, -50),
        ({"jitter": 1.1}, -50),
        ({"loss": 1.1}, -50),
        ({"latency": 1.5, "loss": 2.0}, -50),
    ],
)
def test_graded_is_gentle_only_when_latency_stands_alone(stresses: dict[str, float], cut: float) -> None:
    """Jitter and loss mean congestion; latency alone may be distance."""
    assert steps_mbps(Graded(), **stresses)[0] == cut


def test_graded_remembers_a_jitter_that_has_just_passed() -> None:
    """The smoothed jitter is still over its limit, so the cut is no gentle one."""
    assert steps_mbps(Graded(), memory=Smoothed(2.2, 1.0), latency=1.5, jitter=0.5)[0] == -50
    assert steps_mbps(Graded(), memory=Smoothed(2.1, 1.0), latency=1.5, jitter=0.5)[0] == -20
    assert steps_mbps(Graded(), memory=Smoothed(1.0, 9.0), latency=1.5, jitter=0.5)[0] == -20


def test_graded_grows_by_15_below_its_dead_band() -> None:
    """On smoothed figures, the worse of the two; at the very edge it still grows."""
    assert steps_mbps(Graded(), latency=0.5, jitter=0.5)[1] == 15
    assert steps_mbps(Graded(), latency=0.51)[1] == 0
    assert steps_mbps(Graded(), jitter=0.51)[1] == 0
    assert steps_mbps(Graded(), memory=Smoothed(2.0, 0.0), jitter=0.1)[1] == 0


@given(st.floats(0.0, 10.0), st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(0.0, 10.0)), min_size=1, max_size=20))
def test_graded_smooths_exponentially(first: float, figures: list[tuple[float, float]]) -> None:
    """0.7 of the newest figure and 0.3 of the past; the first one counts whole."""
    policy, memory, jitter, latency = Graded(), None, first, first
    _, memory = policy.grow(situation(jitter=first, latency=first), "another policy's memory")
    for new_jitter, new_latency in figures:
        jitter, latency = 0.7 * new_jitter + 0.3 * jitter, 0.7 * new_latency + 0.3 * latency
        proposal, memory = policy.grow(situation(jitter=new_jitter, latency=new_latency), memory)
    assert isinstance(memory, Smoothed)
    assert [memory.jitter, memory.latency] == pytest.approx([jitter, latency])
    assert dict(proposal.terms) == {"ewma_jitter_ratio": memory.jitter, "ewma_latency_ratio": memory.latency}


def test_graded_forgets_an_enormous_figure_soon() -> None:
    """One stalled packet counts as ten limits at most, so that a few clean passes are enough."""
    policy = Graded()
    _, memory = policy.cut(situation(jitter=1e6, latency=1e6), None)
    assert memory == Smoothed(10.0, 10.0)


def test_a_situation_tells_the_worst_known_figure() -> None:
    """Of the named figures, or of all; of none that is known, zero."""
    seen = situation(latency=0.4, jitter=0.8, loss=0.2)
    assert (seen.worst(), seen.worst("latency"), seen.worst("latency", "loss")) == (0.8, 0.4, 0.4)
    unknown = Finding("r", "latency", None, 2.0, Verdict.BLIND, 9.0)
    assert Situation(0.0, 1, 1, 1, (unknown,)).worst() == 0.0


def test_every_policy_knows_its_own_name_and_parameters() -> None:
    """What a user writes is what metrics and reports show, and each parameter is a field of the policy."""
    for name, entry in POLICIES.items():
        policy = make_policy(name, {})
        assert policy.name == name
        assert set(entry.parameters.values()) <= {field.name for field in dataclasses.fields(policy)}  # type: ignore[arg-type]


def test_settings_become_fields() -> None:
    """Under the names of the configuration."""
    assert make_policy("aimd", {"increase": 5, "decrease": 0.5}) == Aimd(increase_bps=5, decrease_ratio=0.5)


def test_a_setting_that_a_policy_does_not_have_is_refused() -> None:
    """It would be thought to be in force."""
    with pytest.raises(ValueError, match="decrease is no parameter of the policy steps, which has: increase"):
        make_policy("steps", {"decrease": 0.5})
