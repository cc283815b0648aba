"""A run as a picture: for each link the true delay, the rates and the decisions, on one time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detnet_lab.report.chart.axes import PANEL_GAP, WIDTH, Panel, Scale, TimeAxis, draw_time, joined_seconds, time_axis
from detnet_lab.report.chart.canvas import Canvas
from detnet_lab.report.chart.curves import Curve, draw_curves, highest
from detnet_lab.report.chart.decision_strip import draw_lanes, times
from detnet_lab.simulator.outcome import WARM_UP_S
from detnet_lab.simulator.trace import LinkTrace, Tick, Trace

_DELAY = "{}p95 delay of the critical packets over the empty path (ms); shaded: the second violates"
_RATES = "Rates (Mbit/s): best effort, filled, under its cap; dashed: what critical traffic leaves"


def picture(trace: Trace, title: str, outcome: str) -> str:
    """Return the run as SVG; ``outcome`` says in words what became of it."""
    canvas = Canvas(WIDTH, title)
    axis = time_axis(trace.duration_s)
    y = canvas.headline(title, 6.0) + 20
    subtitle = f"policy {trace.policy} · plant {trace.plant.name} · seed {trace.seed} · {outcome}; grey is not judged"
    canvas.text((24.0, y), subtitle, "small")
    for number, link in enumerate(trace.links, 1):
        which = f"Link {number}: " if len(trace.links) > 1 else ""
        y = _draw_delay(canvas, axis, link, Panel(y + PANEL_GAP, 170.0, _DELAY.format(which)))
        y = _draw_rates(canvas, axis, link, Panel(y + PANEL_GAP, 200.0, _RATES))
        y = _draw_decisions(canvas, axis, link, y + PANEL_GAP)
    return canvas.svg(draw_time(canvas, axis, y))


def _draw_delay(canvas: Canvas, axis: TimeAxis, link: LinkTrace, panel: Panel) -> float:
    limit_ms = link.limit_ms
    truth = Curve(_readings(link.ticks, lambda tick: tick.truth_p95_ms), "p50", "truth", "cool strong")
    believed = Curve(_readings(link.ticks, lambda tick: tick.jitter_ms), "cap cap0", "as the policy saw it", "name0")
    scale = Scale(panel.top, panel.bottom, highest([truth], 2.5 * limit_ms), bend=limit_ms / 4)
    warm = axis.x(WARM_UP_S)
    canvas.rect((axis.left, panel.top), (warm - axis.left, panel.height), "invalidate", tip="warm-up, not judged")
    for start_s, end_s in joined_seconds(w.start_s for w in link.windows if w.violates and w.start_s >= WARM_UP_S):
        tip = f"{start_s} to {end_s} s: the objective is violated"
        width = max(axis.x(end_s) - axis.x(start_s), 1.0)
        canvas.rect((axis.x(start_s), panel.top), (width, panel.height), "shade", tip=tip)
    draw_curves(canvas, axis, panel, [believed, truth], scale)
    y = scale.y(limit_ms)
    canvas.line((axis.left, y), (axis.right, y), "objective")
    canvas.text((axis.right + 8, y + 4), f"limit {limit_ms:g} ms", "bad strong")
    return panel.bottom


def _draw_rates(canvas: Canvas, axis: TimeAxis, link: LinkTrace, panel: Panel) -> float:
    left = _readings(link.ticks, lambda tick: (tick.capacity_bps - tick.critical_bps) / 1e6)
    got = _readings(link.ticks, lambda tick: sum(tick.goodput_bps) / 1e6)
    curves = [
        Curve(got, "got0", "best effort", "name0", filled=True),
        Curve(_readings(link.ticks, lambda tick: tick.capacity_bps / 1e6), "capacity", "capacity", "strong"),
        Curve(left, "available", "left by critical"),
        Curve(_readings(link.ticks, lambda tick: sum(tick.cap_bps) / 1e6), "cap cap1", "all caps", "name1"),
    ]
    top_mbps = max(tick.capacity_bps for tick in link.ticks) / 1e6
    return draw_curves(canvas, axis, panel, curves, Scale(panel.top, panel.bottom, 1.05 * top_mbps))


def _draw_decisions(canvas: Canvas, axis: TimeAxis, link: LinkTrace, top: float) -> float:
    """Draw what the policy decided in each tick; a policy that has no words for it only its writes."""
    at_s: dict[str, list[float]] = {}
    for tick in link.ticks:
        kind = "blind" if tick.mode == "blind" else tick.action
        if kind:
            at_s.setdefault(kind, []).append(tick.at_s)
    at_s["write"] = [when_s for when_s, _ in link.writes]
    # A tick is half a second, which for a slow policy is only a part of one decision.
    beside = {kind: f"{len(moments) / 2:g} s" for kind, moments in at_s.items()} | {"write": times(len(link.writes))}
    return draw_lanes(canvas, axis, at_s, beside, top)


def _readings(ticks: Sequence[Tick], value: Callable[[Tick], float | None]) -> list[tuple[float, float, float] | None]:
    values = [(tick.at_s, value(tick)) for tick in ticks]
    return [None if known is None else (at_s, known, known) for at_s, known in values]
