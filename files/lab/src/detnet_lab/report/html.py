"""Self-contained pages: no request leaves the reader's machine, and every text from a run is escaped."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from detnet.text import Table
from detnet_lab.report import words
from detnet_lab.report.chart import style
from detnet_lab.report.chart.decisions import lane
from detnet_lab.report.chart.header import numbers
from detnet_lab.report.chart.picture import draw_run
from detnet_lab.report.judge import Summary
from detnet_lab.report.record import Decision, Run
from detnet_lab.report.table import critical, phases


def run_page(run: Run, summary: Summary) -> str:
    """Return the page of one run."""
    return render_page(
        "report.html.j2",
        run=run,
        summary=summary,
        headline=words.headline(summary),
        numbers=numbers(summary),
        chart=ours(draw_run(run, summary, heading=False)),
        tables=(phases(summary), critical(summary)),
        decisions=folded(run.decisions),
        left_out=words.left_out(summary.total),
        again=reproduce(run),
    )


def comparison_page(title: str, table: Table, chart: str) -> str:
    """Return the page of several runs side by side."""
    return render_page("bench.html.j2", title=title, table=table, chart=ours(chart))


def reproduce(run: Run) -> str:
    """Return the command that runs the same once more."""
    given = {"POLICY": run.policy, "SCENARIO": run.scenario, "DURATION": f"{run.duration_s:g}"}
    return "make lab " + " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())


def folded(decisions: Sequence[Decision]) -> list[tuple[Decision, str, int]]:
    """Return the decisions as (first, its kind, how many), a row of holds under one cap as one."""
    rows: list[tuple[Decision, str, int]] = []
    for decision in decisions:
        kind = lane(decision)
        unchanged = decision.cap_before_bps == decision.cap_after_bps
        if rows and unchanged and (rows[-1][1], rows[-1][0].cap_after_bps) == (kind, decision.cap_after_bps):
            rows[-1] = (*rows[-1][:2], rows[-1][2] + 1)
        else:
            rows.append((decision, kind, 1))
    return rows


def render_page(template: str, **values: object) -> str:
    """Return one of our pages; every value is escaped unless ``ours`` exempts it."""
    environment = Environment(
        loader=PackageLoader("detnet_lab.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(
        megabits=words.megabits,
        light=ours(style.variables(dark=False)),
        dark=ours(style.variables(dark=True)),
        looks=ours(style.sheet()),
        **values,
    )


def ours(markup: str) -> Markup:
    """Exempt from escaping what we made: style constants, and SVG whose texts ElementTree has escaped."""
    return Markup(markup)  # noqa: S704 - the one place
