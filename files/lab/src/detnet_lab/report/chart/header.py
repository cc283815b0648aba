"""What stands above the panels: the sentence, the big numbers, the phases' titles and the events."""

from __future__ import annotations

from collections.abc import Sequence

from detnet.text import share
from detnet_lab.report import run_text
from detnet_lab.report.chart.axes import TimeAxis
from detnet_lab.report.chart.canvas import MARGIN, Canvas, fit, text_width
from detnet_lab.report.judge import Summary
from detnet_lab.report.run_record import Event, Phase

_EVENT_LANES = 3
_EVENT_HEIGHT = 17.0
_EVENT_LOOKS = {"disturbance": "cause", "fault": "fault", "note": "note"}
_LEAST_LETTERS = 6  # of a shortened phase name; below that its number says more
_EVENT_SIZE = 11.0
_TEXT_BESIDE = 8.0
_VIOLATIONS_WORTH_COLOUR = 0.05  # the lab's promise is 95 % of all windows


def numbers(summary: Summary) -> list[tuple[str, str, bool]]:
    """Return the four figures that say how a run went: (figure, what it is, whether it breaks a promise)."""
    total = summary.total
    bad = total.violating_windows > _VIOLATIONS_WORTH_COLOUR * total.windows
    worst = f", worst of {total.disturbances} disturbances" if total.disturbances > 1 else " after the disturbance"
    rates = f"{total.goodput_bps / 1e6:.0f} of {total.available_bps / 1e6:.0f} Mbit/s"
    return [
        (run_text.compliance(total), f"of {total.windows} windows inside {summary.objective_ms:g} ms", bad),
        (
            run_text.protection(total),
            f"until protected{worst}" if total.disturbances else "no disturbance to protect from",
            run_text.protection(total) == "never",
        ),
        (run_text.seconds(total.longest_violation_s), "longest violation", bad),
        (share(total.utilisation), f"of what the link left: {rates}", False),
    ]


def draw_heading(canvas: Canvas, summary: Summary, top: float) -> float:
    """Draw the sentence and the big numbers and return where they end."""
    y = canvas.headline(run_text.headline(summary), top)
    parts = [f"policy {summary.policy}", f"scenario {summary.scenario}", summary.started_at]
    if summary.total.invalidated_windows:
        parts.append(f"left out: {run_text.excluded(summary.total)}")
    canvas.text((MARGIN, y + 22), " · ".join(parts), "small")
    y += 66
    column = (canvas.width - 2 * MARGIN) / 4
    for index, (figure, meaning, bad) in enumerate(numbers(summary)):
        x = MARGIN + index * column
        canvas.text((x, y), figure, "number bad" if bad else "number")
        canvas.text((x, y + 18), fit(meaning, column - 8, 11), "small", tip=meaning)
    return y + 34


def draw_phases(canvas: Canvas, axis: TimeAxis, phases: Sequence[Phase], top: float) -> float:
    """Write each phase's title over its span: the title, else the name, else its number."""
    for index, phase in enumerate(phases):
        start, width = axis.x(phase.start_s), axis.x(phase.end_s) - axis.x(phase.start_s)
        canvas.rect((start + 1, top), (width - 2, 22), "band" if index % 2 == 0 else "invalidate", tip=phase.title)
        choices = [text for text in (phase.title, phase.name) if text_width(text, 12, bold=True) <= width - 10]
        cut = fit(phase.name, width - 10, 12, bold=True)
        shown = choices[0] if choices else cut if len(cut) > _LEAST_LETTERS else str(index + 1)
        canvas.text((start + width / 2, top + 15), shown, "strong", anchor="middle", tip=phase.title)
    return top + 22


def draw_events(canvas: Canvas, axis: TimeAxis, events: Sequence[Event], top: float) -> float:
    """Mark every event with its text beside it and return where the last lane ends."""
    ordered = sorted(events, key=lambda event: event.at_s)
    xs = [axis.x(event.at_s) for event in ordered]
    placed = place_texts(xs, [event.text for event in ordered], canvas.width - 8)
    for event, x, (lane, shown) in zip(ordered, xs, placed, strict=True):
        y = top + lane * _EVENT_HEIGHT
        canvas.path([(x - 5, y + 3), (x + 5, y + 3), (x, y + 11)], _EVENT_LOOKS[event.kind], closed=True)
        canvas.text((x + _TEXT_BESIDE, y + 11), shown, "small", tip=event.text)
    return top + (max(lane for lane, _ in placed) + 1) * _EVENT_HEIGHT if placed else top


def place_texts(xs: Sequence[float], texts: Sequence[str], right: float) -> list[tuple[int, str]]:
    """Return a lane and a text for each marker so that nothing overlaps: whole texts if they all fit, else shortened.

    Args:
        xs: the markers' pixels, ascending.
        texts: what belongs beside them.
        right: where the paper ends.
    """
    free_from = [0.0] * _EVENT_LANES
    placed: list[tuple[int, str]] = []
    for x, text in zip(xs, texts, strict=True):
        lane = next((lane for lane, free in enumerate(free_from) if free <= x), None)
        if lane is None:
            break
        placed.append((lane, fit(text, right - x - _TEXT_BESIDE, _EVENT_SIZE)))
        free_from[lane] = x + 2 * _TEXT_BESIDE + text_width(placed[-1][1], _EVENT_SIZE)
    else:
        return placed
    ends = [*xs[_EVENT_LANES:], *[right] * _EVENT_LANES]
    return [
        (at % _EVENT_LANES, fit(text, end - x - 2 * _TEXT_BESIDE, _EVENT_SIZE))
        for at, (x, text, end) in enumerate(zip(xs, texts, ends, strict=False))
    ]
