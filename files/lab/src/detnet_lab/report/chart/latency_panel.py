"""The latency panel: what the critical application felt, against its objective."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from detnet.control.windows import percentile
from detnet_lab.report.chart.axes import Panel, Scale, TimeAxis, draw_ground, draw_scale, draw_windows
from detnet_lab.report.chart.canvas import Canvas, spread, thin
from detnet_lab.report.judge import Summary
from detnet_lab.report.run_record import GROUND_TRUTH, Run

_BAND_S = 0.1
_LEAST_PER_BAND = 2  # slower applications get wider bands, so that a band holds at least this many packets
_HIGHEST_IN_OBJECTIVES = 5.0
_LABEL_GAP = 15.0


@dataclass(frozen=True, slots=True)
class Band:
    """The packets sent within one short span; delays over the base in ms, ``None`` when none came back."""

    start_s: float
    p50_ms: float | None
    p95_ms: float | None
    lost: bool


def bands(run: Run, base_ms: float) -> list[Band]:
    """Return the truth in spans of 100 ms (longer for applications that send rarely); empty spans are not there."""
    truth = run.critical[GROUND_TRUTH]
    width_s = max(_BAND_S, _LEAST_PER_BAND / truth.rate_hz)
    sent: dict[int, list[float | None]] = defaultdict(list)
    for at_s, rtt_ms in truth.samples:
        sent[int(at_s / width_s + 1e-9)].append(rtt_ms)
    result = []
    for index in sorted(sent):
        replies = sorted(rtt - base_ms for rtt in sent[index] if rtt is not None)
        p50, p95 = (percentile(replies, share) if replies else None for share in (0.50, 0.95))
        result.append(Band(index * width_s, p50, p95, len(replies) < len(sent[index])))
    return result


def draw_latency(canvas: Canvas, axis: TimeAxis, run: Run, summary: Summary, panel: Panel) -> float:
    """Draw the panel and return its bottom."""
    spans = bands(run, summary.base_ms or 0.0)
    highest_ms = panel.highest or highest_shown_ms(run, summary)
    scale = Scale(panel.top, panel.bottom, highest_ms, bend=run.objective_ms / 4)
    draw_ground(canvas, axis, run.phases, panel.top, panel.bottom)
    draw_windows(canvas, axis, summary.timeline, panel)
    draw_scale(canvas, axis, scale, panel.title)
    for segment in _unbroken(spans):
        p95 = thin((axis.x(span.start_s), scale.y(span.p95_ms or 0.0)) for span in segment)
        p50 = thin((axis.x(span.start_s), scale.y(span.p50_ms or 0.0)) for span in segment)
        canvas.path([*p95, *reversed(p50)], "p95", closed=True)
        canvas.path(p50, "p50")
    objective = scale.y(run.objective_ms)
    canvas.line((axis.left, objective), (axis.right, objective), "objective")
    canvas.ticks([axis.x(span.start_s) for span in spans if span.lost], panel.top, 9, "lost")
    if panel.labelled:
        _label(canvas, axis, scale, run.objective_ms, spans)
    return panel.bottom


def _label(canvas: Canvas, axis: TimeAxis, scale: Scale, objective_ms: float, spans: list[Band]) -> None:
    labels = [(scale.y(objective_ms), f"objective {objective_ms:g} ms", "bad strong")]
    if any(span.lost for span in spans):
        labels.append((scale.top + 5, "packets lost", "bad"))
    known = [span for span in spans if span.p50_ms is not None]
    if known:
        labels.append((scale.y(known[-1].p50_ms or 0.0), "p50, shaded to p95", "cool"))
    placed = spread([label[0] for label in labels], _LABEL_GAP, scale.top + 4, scale.bottom)
    for (_, text, look), y in zip(labels, placed, strict=True):
        canvas.text((axis.right + 8, y + 4), text, look)


def highest_shown_ms(run: Run, summary: Summary) -> float:
    """Return a round top that shows the objective well and cuts off nothing but the worst thousandth."""
    worst = sorted(span.p95_ms for span in bands(run, summary.base_ms or 0.0) if span.p95_ms is not None)
    shown = max(_HIGHEST_IN_OBJECTIVES * run.objective_ms, percentile(worst, 0.999) if worst else 0.0)
    return next(m * 10.0**e for e in range(-3, 9) for m in (1, 2, 5) if m * 10.0**e >= shown)


def _unbroken(spans: list[Band]) -> list[list[Band]]:
    """Cut the spans where nothing came back: a line across a gap would invent data."""
    segments: list[list[Band]] = [[]]
    for span in spans:
        if span.p50_ms is None:
            segments.append([])
        else:
            segments[-1].append(span)
    return [segment for segment in segments if segment]
