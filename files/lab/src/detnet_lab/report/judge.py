"""Judges a run by what its critical application saw: windows, violations, time to protect, goodput.

Pure. The definitions are in docs/lab/lab.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby

from detnet.control.windows import percentile
from detnet.model.burst import burst_sentence
from detnet.model.errors import UserError
from detnet_lab.report.run_record import GROUND_TRUTH, Critical, Phase, Run
from detnet_lab.report.step_series import step_mean

_CLEAN_IN_A_ROW = 5
_SAME_MOMENT_S = 0.5  # a disturbance this near to a phase's start begins it: half a window
_ROUNDING_S = 1e-3


@dataclass(frozen=True, slots=True)
class Window:
    """One second of the ground truth. ``p95_ms`` is over the base delay; ``None`` if invalidated or over 5 % lost."""

    start_s: int
    p95_ms: float | None
    violates: bool
    invalidated: bool

    @property
    def middle_s(self) -> float:
        """The moment by which a window belongs to a phase."""
        return self.start_s + 0.5


@dataclass(frozen=True, slots=True)
class Delay:
    """Round trips of one critical application in ms, of the packets that came back; ``None`` when none did."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    sent: int
    loss_ratio: float | None


@dataclass(frozen=True, slots=True)
class SpanFigures:
    """The figures of one phase or of the whole run.

    ``windows`` counts the judged ones, without ``invalidated_windows``. ``protect_s`` is ``None`` without anything to
    protect from (``disturbances`` is 0) or protection never came. ``protected_goodput_bps`` counts best effort's
    goodput only in windows that held the objective. The rates of the whole run are means over the phases in which best
    effort wanted something (``wanted``): nobody can use a link by wanting nothing.
    """

    windows: int
    violating_windows: int
    invalidated_windows: int
    longest_violation_s: int
    disturbances: int
    protect_s: float | None
    goodput_bps: float
    protected_goodput_bps: float
    available_bps: float
    wanted: bool
    critical: Mapping[str, Delay]

    @property
    def utilisation(self) -> float | None:
        """Best effort's goodput as a share of what the link left; ``None`` if it left or best effort wanted nothing."""
        return self.goodput_bps / self.available_bps if self.wanted and self.available_bps > 0 else None

    @property
    def score(self) -> float | None:
        """Protected goodput as a share of what the link left: the one number that pays for both failures."""
        return self.protected_goodput_bps / self.available_bps if self.wanted and self.available_bps > 0 else None

    def to_json(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        return {**asdict(self), "utilisation": self.utilisation, "score": self.score}


@dataclass(frozen=True, slots=True)
class Summary:
    """The judgement of one run; ``timeline`` holds every window, invalidated ones too, for the pictures.

    ``burst`` says what best effort's bursts alone do to the objective, ``None`` where they break none.
    """

    policy: str
    scenario: str
    started_at: str
    objective_ms: float
    base_ms: float | None
    total: SpanFigures
    phases: tuple[tuple[Phase, SpanFigures], ...]
    timeline: tuple[Window, ...]
    burst: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return ``summary.json``: the run's figures, then the same for each phase."""
        return {
            "policy": self.policy,
            "scenario": self.scenario,
            "started_at": self.started_at,
            "objective_ms": self.objective_ms,
            "base_ms": self.base_ms,
            "burst": self.burst,
            **self.total.to_json(),
            "phases": [asdict(phase) | figures.to_json() for phase, figures in self.phases],
        }


def judge(run: Run) -> Summary:
    """Return the judgement of a run.

    Raises:
        UserError: packets came back, but none in the first phase, so there is no base delay to judge them against.
    """
    timeline, base_ms = _windows(run)
    phase_figures = [_span_figures(run, timeline, phase) for phase in run.phases]
    whole = Phase(name="total", start_s=0.0, end_s=run.duration_s, title="the whole run")
    delays = [figures.protect_s for figures in phase_figures if figures.disturbances]
    total = _span_figures(run, timeline, whole, disturbances=len(delays), protect_s=_worst(delays))
    total = _over_wanted(total, list(zip(run.phases, phase_figures, strict=True)))
    return Summary(
        policy=run.policy,
        scenario=run.scenario,
        started_at=run.started_at,
        objective_ms=run.objective_ms,
        base_ms=base_ms,
        total=total,
        phases=tuple(zip(run.phases, phase_figures, strict=True)),
        timeline=tuple(timeline),
        burst=_burst(run),
    )


def _burst(run: Run) -> str | None:
    if run.burst_bytes is None:
        return None
    return burst_sentence(GROUND_TRUTH, run.objective_ms, run.link.capacity_bps, run.burst_bytes)


def _over_wanted(total: SpanFigures, phases: Sequence[tuple[Phase, SpanFigures]]) -> SpanFigures:
    """Return the total with its rates taken over the phases in which best effort wanted something, by their length."""
    wanted = [(phase.end_s - phase.start_s, figures) for phase, figures in phases if figures.wanted]
    if not wanted:
        return replace(total, wanted=False)
    length_s = sum(span_s for span_s, _ in wanted)
    windows = sum(figures.windows for _, figures in wanted)
    return replace(
        total,
        goodput_bps=sum(span_s * figures.goodput_bps for span_s, figures in wanted) / length_s,
        protected_goodput_bps=sum(each.windows * each.protected_goodput_bps for _, each in wanted) / max(windows, 1),
        available_bps=sum(span_s * figures.available_bps for span_s, figures in wanted) / length_s,
    )


def _windows(run: Run) -> tuple[list[Window], float | None]:
    """Cut the ground truth into whole seconds; one in which nothing was sent is no window unless it is invalidated."""
    sent: dict[int, list[float | None]] = defaultdict(list)
    for at_s, rtt_ms in run.critical[GROUND_TRUTH].samples:
        sent[int(at_s)].append(rtt_ms)
    seconds = range(int(run.duration_s + _ROUNDING_S))
    invalidated = {second for second in seconds if any(_overlap(second, at_s) for at_s in run.invalidated_s)}
    first = run.phases[0]
    base_ms = _delay(run.critical[GROUND_TRUTH], first, invalidated).p50_ms
    if base_ms is None:
        # The host was late in every second of it; a late packet's round trip is still one, and a median bears it.
        base_ms = _delay(run.critical[GROUND_TRUTH], first, set()).p50_ms
    windows = []
    for second in seconds:
        if second in invalidated:
            windows.append(Window(second, None, violates=False, invalidated=True))
        elif sent[second]:
            windows.append(_window(second, sent[second], base_ms, run.objective_ms, first.name))
    return windows, base_ms


def _window(
    second: int, rtts_ms: Sequence[float | None], base_ms: float | None, objective_ms: float, first_phase: str
) -> Window:
    # What never came back waits longer than anything that did.
    p95_ms = percentile(sorted(math.inf if rtt is None else rtt for rtt in rtts_ms), 0.95)
    if math.isinf(p95_ms):
        return Window(second, None, violates=True, invalidated=False)
    if base_ms is None:
        raise UserError(
            f"{GROUND_TRUTH} got no reply in the first phase {first_phase!r}, so there is no base delay to judge by"
        )
    return Window(second, p95_ms - base_ms, violates=p95_ms - base_ms > objective_ms, invalidated=False)


def _overlap(second: int, invalidated_from_s: float) -> bool:
    return second - 1 + _ROUNDING_S < invalidated_from_s < second + 1 - _ROUNDING_S


def _span_figures(
    run: Run, timeline: Sequence[Window], span: Phase, disturbances: int | None = None, protect_s: float | None = None
) -> SpanFigures:
    """Count one phase; the whole run gets its disturbances from outside, since they belong to phases."""
    inside = [window for window in timeline if span.start_s <= window.middle_s < span.end_s]
    judged = [window for window in inside if not window.invalidated]
    if disturbances is None:
        began = [e.at_s for e in run.events if e.kind == "disturbance" and abs(e.at_s - span.start_s) <= _SAME_MOMENT_S]
        disturbances = min(1, len(began))
        protect_s = time_to_protect_s(timeline, min(began), span.end_s) if began else None
    goodput = [target.goodput_bps for target in run.best_effort.values()]
    protected = [
        0.0 if window.violates else sum(step_mean(points, window.start_s, window.start_s + 1) for points in goodput)
        for window in judged
    ]
    invalidated = {window.start_s for window in timeline if window.invalidated}
    return SpanFigures(
        windows=len(judged),
        violating_windows=sum(window.violates for window in judged),
        invalidated_windows=len(inside) - len(judged),
        longest_violation_s=longest_violation_s(judged),
        disturbances=disturbances,
        protect_s=protect_s,
        goodput_bps=sum(step_mean(points, span.start_s, span.end_s) for points in goodput),
        protected_goodput_bps=sum(protected) / len(protected) if protected else 0.0,
        available_bps=step_mean(run.capacity_bps, span.start_s, span.end_s)
        - step_mean(run.critical_bps, span.start_s, span.end_s),
        wanted=span.best_effort,
        critical={
            name: _delay(application, span, invalidated if name == GROUND_TRUTH else set())
            for name, application in run.critical.items()
        },
    )


def time_to_protect_s(timeline: Sequence[Window], from_s: float, until_s: float) -> float | None:
    """Return the time from a disturbance to the first of five clean windows in a row that starts before ``until_s``."""
    judged = [window for window in timeline if not window.invalidated and window.middle_s >= from_s]
    for at, window in enumerate(judged):
        row = judged[at : at + _CLEAN_IN_A_ROW]
        if window.middle_s >= until_s or len(row) < _CLEAN_IN_A_ROW:
            return None
        if not any(each.violates for each in row):
            return max(0.0, window.start_s - from_s)
    return None


def _worst(delays_s: Sequence[float | None]) -> float | None:
    """Return the longest delay; never (``None``) is longer than any."""
    known = [delay for delay in delays_s if delay is not None]
    return max(known) if known and len(known) == len(delays_s) else None


def longest_violation_s(judged: Sequence[Window]) -> int:
    """Return the longest row of violating windows, in s from first to last; an invalidated one does not end it."""
    rows = [list(row) for violates, row in groupby(judged, key=lambda window: window.violates) if violates]
    return max((row[-1].start_s + 1 - row[0].start_s for row in rows), default=0)


def _delay(app: Critical, span: Phase, invalidated: set[int]) -> Delay:
    rtts_ms = [rtt for at_s, rtt in app.samples if span.start_s <= at_s < span.end_s and int(at_s) not in invalidated]
    replies = sorted(rtt for rtt in rtts_ms if rtt is not None)
    p50, p95, p99 = (percentile(replies, share) if replies else None for share in (0.50, 0.95, 0.99))
    loss_ratio = 1 - len(replies) / len(rtts_ms) if rtts_ms else None
    return Delay(p50_ms=p50, p95_ms=p95, p99_ms=p99, sent=len(rtts_ms), loss_ratio=loss_ratio)
