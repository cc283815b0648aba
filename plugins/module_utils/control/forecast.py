"""Forecast: what the other traffic may reach before the loop can react, from the errors of past forecasts.

The forecast is the level of the last seconds plus a quantile of past errors, an error being how far the traffic rose
above the level known one reaction time earlier. Which quantile follows adaptive conformal inference (Gibbs and
Candes, arXiv 2106.00170): the share of spans left uncovered shrinks with each rise that was not covered and caused a
breach, by as long as the loop needs to react to one, and grows with time, so that in the long run one second of such
breaches in ``Forecaster.missed_every_s`` remains, however the traffic behaves. Rises too rare for that are left
to the guard, as reserving for them would cost more than they do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .windows import percentile

_LEAST_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class ForecastWindow:
    """A few seconds of other traffic: the largest forecast error and the highest rate in it, in bit/s."""

    start_s: float
    error_bps: float
    highest_bps: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is remembered of the other traffic. Rates in bit/s, times in monotonic s.

    ``recent`` are the last (time, rate), ``spans`` what is remembered of longer ago, the newest still going on.
    ``uncovered`` is the share of spans whose error may exceed the reserve, and ``burstiness`` by how much the
    traffic peaks above what the byte counters' means show.
    """

    now_bps: float = 0.0
    level_bps: float = 0.0
    uncovered: float = 1.0
    burstiness: float = 1.0
    reserve_bps: float = 0.0
    peak_bps: float = 0.0
    recent: tuple[tuple[float, float], ...] = ()
    spans: tuple[ForecastWindow, ...] = ()

    @property
    def most_bps(self) -> float:
        """What the other traffic may take, until the loop has reacted: not above where it has been."""
        return max(self.now_bps, min(self.level_bps + self.reserve_bps, self.peak_bps))

    def rose(self, least_bps: float) -> bool:
        """Return whether it is now well above its level: by a tenth, and by ``least_bps``."""
        return self.now_bps - self.level_bps > max(0.1 * self.now_bps, least_bps)


@dataclass(frozen=True, slots=True)
class Forecaster:
    """Makes forecasts; all times in s.

    Attributes:
        level_s: the level is the median of so long.
        reaction_s: how long a rise of the other traffic goes without reaction.
        span_s: the length of a span, in which one event is one.
        memory_s: how far back is remembered.
        missed_every_s: one second of breach by a missed rise in so long is what the quantile settles at.
        learning_rate: by how much a second of it shrinks the uncovered share.
        most_uncovered: the largest uncovered share.
        burst_step: the factor by which a breach inside a covered rise raises the burstiness; as long undoes it.
        most_bursty: the largest burstiness.
    """

    level_s: float = 4.0
    reaction_s: float = 1.0
    span_s: float = 5.0
    memory_s: float = 600.0
    missed_every_s: float = 150.0
    learning_rate: float = 0.02
    most_uncovered: float = 0.1
    burst_step: float = 1.25
    most_bursty: float = 3.0

    def after(self, past: Forecast, bps: float, now_s: float) -> Forecast:
        """Return the forecast with the rate of this pass in it."""
        recent = (*(one for one in past.recent if one[0] > now_s - self.level_s - self.reaction_s), (now_s, bps))
        known_bps = _median([rate for at_s, rate in recent if at_s <= now_s - self.reaction_s], otherwise=bps)
        elapsed_s = now_s - past.recent[-1][0] if past.recent else 0.0
        calm = elapsed_s / self.missed_every_s
        forecast = replace(
            past,
            now_bps=bps,
            level_bps=_median([rate for at_s, rate in recent if at_s > now_s - self.level_s], otherwise=bps),
            uncovered=min(past.uncovered + self.learning_rate * calm, self.most_uncovered),
            burstiness=max(1.0, past.burstiness * self.burst_step**-calm),
            recent=recent,
            spans=self._spans(past.spans, ForecastWindow(now_s, max(0.0, bps - known_bps), bps)),
        )
        return forecast if forecast.spans is past.spans else _with_reserve(forecast)

    def missed(self, past: Forecast, cost_s: float, *, covered: bool) -> Forecast:
        """Return the forecast after a rise of the other traffic has breached, which costs ``cost_s`` seconds.

        One that was ``covered`` by the means of the byte counters went higher between two of their readings.
        """
        if covered:
            return _with_reserve(replace(past, burstiness=min(past.burstiness * self.burst_step, self.most_bursty)))
        return _with_reserve(replace(past, uncovered=max(0.0, past.uncovered - self.learning_rate * cost_s)))

    def _spans(self, spans: tuple[ForecastWindow, ...], now: ForecastWindow) -> tuple[ForecastWindow, ...]:
        if spans and now.start_s < spans[-1].start_s + self.span_s:
            last = spans[-1]
            if now.error_bps <= last.error_bps and now.highest_bps <= last.highest_bps:
                return spans
            error_bps = max(last.error_bps, now.error_bps)
            return (*spans[:-1], ForecastWindow(last.start_s, error_bps, max(last.highest_bps, now.highest_bps)))
        oldest_s = now.start_s - self.memory_s
        return (*(one for one in spans[-int(self.memory_s / self.span_s) :] if one.start_s > oldest_s), now)


def _with_reserve(forecast: Forecast) -> Forecast:
    errors = sorted([span.error_bps for span in forecast.spans])
    hidden = forecast.burstiness - 1.0
    return replace(
        forecast,
        reserve_bps=forecast.burstiness * percentile(errors, max(1.0 - forecast.uncovered, _LEAST_SHARE)),
        peak_bps=max([span.highest_bps + hidden * span.error_bps for span in forecast.spans]),
    )


def _median(values: list[float], otherwise: float) -> float:
    return sorted(values)[len(values) // 2] if values else otherwise
