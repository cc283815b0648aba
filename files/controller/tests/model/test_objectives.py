"""What evidence says about a promise: met, breached, unresolved or blind."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import signal
from detnet.model.objectives import Finding, Objective, Verdict, judge
from detnet.model.signals import Interval, Signal

MET, BREACHED, UNRESOLVED, BLIND = Verdict.MET, Verdict.BREACHED, Verdict.UNRESOLVED, Verdict.BLIND
LATENCY = Objective("robot-control", latency_ms=2.0)


def verdicts(objective: Objective, seen: Signal | None, *, age_s: float = 0.0) -> dict[str, Verdict]:
    """Return the verdict on each figure, with evidence fresh for 1.5 s."""
    return {f.figure: f.verdict for f in judge(objective, seen, age_s=age_s, fresh_for_s=1.5)}


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (1.9, MET),
        (2.0, MET),
        (2.0001, BREACHED),
        ((0.0, 2.0), MET),
        ((1.9, 2.1), UNRESOLVED),
        ((2.0, 2.1), UNRESOLVED),
        ((2.1, 5.0), BREACHED),
        ((2.1, math.inf), BREACHED),
        ((1.0, math.inf), UNRESOLVED),
        (None, UNRESOLVED),
    ],
)
def test_an_interval_decides_only_when_it_lies_on_one_side(
    figure: float | tuple[float, float] | None, verdict: Verdict
) -> None:
    """A limit inside a bucket is answered with "unresolved", never with an interpolated number."""
    assert verdicts(LATENCY, signal(0.0, figure)) == {"latency": verdict}


@pytest.mark.parametrize("figure", [1.0, 5.0, (1.0, 5.0), None])
def test_what_is_stale_is_blind_whatever_it_says(figure: float | tuple[float, float] | None) -> None:
    """Up to the age it is evidence, beyond it nothing is."""
    assert verdicts(LATENCY, signal(0.0, figure), age_s=1.5)["latency"] is not BLIND
    assert verdicts(LATENCY, signal(0.0, figure), age_s=1.5001) == {"latency": BLIND}
    assert verdicts(LATENCY, None, age_s=math.inf) == {"latency": BLIND}


def test_a_short_gap_is_unresolved_and_not_yet_blind() -> None:
    """No window, but the last evidence is fresh: nothing can be told, nothing has to fall."""
    assert verdicts(LATENCY, None, age_s=1.0) == {"latency": UNRESOLVED}


def test_all_lost_is_a_breach_whatever_was_promised() -> None:
    """Silence from a probed path is the worst delay there is; unless it is old, then it is no evidence."""
    silence = signal(0.0, None, loss=1.0)
    assert verdicts(LATENCY, silence) == {"loss": BREACHED}
    assert verdicts(Objective("r", jitter_ms=1.0, loss_ratio=0.5), silence) == {"loss": BREACHED}
    assert verdicts(LATENCY, silence, age_s=2.0) == {"loss": BLIND}


def test_loss_is_judged_only_where_it_was_promised() -> None:
    """A little loss breaches a loss limit and no other."""
    seen = signal(0.0, 1.0, loss=0.02)
    assert verdicts(LATENCY, seen) == {"latency": MET}
    assert verdicts(Objective("r", latency_ms=2.0, loss_ratio=0.01), seen) == {"latency": MET, "loss": BREACHED}
    assert verdicts(Objective("r", loss_ratio=0.02), seen) == {"loss": MET}
    assert verdicts(Objective("r", loss_ratio=0.0), signal(0.0, 1.0, loss=None)) == {"loss": UNRESOLVED}


def test_every_promised_figure_has_its_own_finding() -> None:
    """A latency that is met does not speak for a jitter that nobody measures."""
    objective = Objective("r", latency_ms=2.0, jitter_ms=1.0, loss_ratio=0.1)
    assert verdicts(objective, signal(0.0, 1.0)) == {"latency": MET, "jitter": UNRESOLVED, "loss": MET}


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(1e-3, 1e6))
def test_stress_is_the_worst_multiple_of_the_limit(one: float, other: float, limit: float) -> None:
    """Stress above 1 is all that is not met; without a value there is none."""
    value = Interval(min(one, other), max(one, other))
    stress = Finding("r", "latency", value, limit, MET, 0.0).stress
    assert stress == max(one, other) / limit
    assert Finding("r", "latency", None, limit, MET, 0.0).stress is None


def test_any_loss_is_twice_a_limit_of_none() -> None:
    """Zero has no multiples, yet a policy must see that it is exceeded, and that it is not."""
    assert Finding("r", "loss", Interval.exactly(0.001), 0.0, BREACHED, 0.0).stress == 2.0
    assert Finding("r", "loss", Interval.exactly(0.0), 0.0, MET, 0.0).stress == 0.0


@pytest.mark.parametrize("limits", [{}, {"latency_ms": 0.0}, {"latency_ms": -1.0}, {"jitter_ms": math.nan}])
def test_a_promise_that_cannot_be_kept_or_broken_is_refused(limits: dict[str, float]) -> None:
    """No limit, or one that is no positive number of milliseconds."""
    with pytest.raises(ValueError, match="robot"):
        Objective("robot", **limits)


@pytest.mark.parametrize("loss", [1.0, -0.1, math.nan, math.inf])
def test_a_loss_that_is_no_share_is_refused(loss: float) -> None:
    """As a limit below 100 %, and as a figure up to 100 %: NaN would be neither breached nor met."""
    with pytest.raises(ValueError, match="between 0 % and 100 %"):
        Objective("robot", loss_ratio=loss)
    if loss != 1.0:
        with pytest.raises(ValueError, match=r"lies in \[0, 1\]"):
            signal(0.0, 1.0, loss=loss)


@pytest.mark.parametrize(
    "bounds", [(2.0, 1.0), (math.nan, 1.0), (1.0, math.nan), (-math.inf, 1.0), (math.inf, math.inf)]
)
def test_what_is_no_interval_is_refused(bounds: tuple[float, float]) -> None:
    """A NaN inside an interval would be neither breached nor met."""
    with pytest.raises(ValueError, match="not an interval"):
        Interval(*bounds)


def test_a_finding_reads_as_a_sentence() -> None:
    """Audit log and events quote it."""
    seen = signal(0.0, (2.5, 5.0), loss=0.123)
    texts = [str(f) for f in judge(Objective("robot", latency_ms=2.0, loss_ratio=0.01), seen, age_s=0, fresh_for_s=1)]
    assert texts == ["robot latency between 2.5 and 5 ms against 2 ms", "robot loss 12.3 % against 1 %"]
    assert str(Finding("robot", "jitter", None, 1.0, BLIND, 9.0)) == "robot jitter unknown ms against 1 ms"
