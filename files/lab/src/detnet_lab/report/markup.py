"""Self-contained pages, which request nothing from anywhere and escape every text of a run, and tables as Markdown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from detnet.text import Table
from detnet_lab.report import run_text
from detnet_lab.report.chart import style
from detnet_lab.report.chart.decision_strip import lane
from detnet_lab.report.chart.header import numbers
from detnet_lab.report.chart.run_pictures import draw_run
from detnet_lab.report.judge import Summary
from detnet_lab.report.run_record import Decision, Run
from detnet_lab.report.run_text import critical_table, phase_table

_ESCAPED = re.compile(r"[\\|`*_<>]")


def run_page(run: Run, summary: Summary) -> str:
    """Return the page of one run."""
    return render_page(
        "report.html.j2",
        run=run,
        summary=summary,
        headline=run_text.headline(summary),
        numbers=numbers(summary),
        chart=trusted_markup(draw_run(run, summary, heading=False)),
        tables=(phase_table(summary), critical_table(summary)),
        decisions=folded(run.decisions),
        excluded=run_text.excluded(summary.total),
        again=reproduce(run),
    )


def comparison_page(title: str, table: Table, chart: str) -> str:
    """Return the page of several runs side by side."""
    return render_page("bench.html.j2", title=title, table=table, chart=trusted_markup(chart))


def reproduce(run: Run) -> str:
    """Return the command that runs the same once more."""
    given = {"POLICY": run.policy, "SCENARIO": run.scenario, "DURATION": f"{run.duration_s:g}"}
    if run.enforcer == "edt":
        given |= {"ENFORCER": run.enforcer, "BURST": run.burst}
    if run.ip_family != "ipv4":
        given["IP_FAMILY"] = run.ip_family
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
    """Return one of our pages; every value is escaped unless ``trusted_markup`` exempts it."""
    environment = Environment(
        loader=PackageLoader("detnet_lab.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(
        megabits=run_text.megabits,
        light=trusted_markup(style.variables(dark=False)),
        dark=trusted_markup(style.variables(dark=True)),
        looks=trusted_markup(style.sheet()),
        **values,
    )


def trusted_markup(markup: str) -> Markup:
    """Exempt from escaping what we made: style constants, and SVG whose texts ElementTree has escaped."""
    return Markup(markup)  # noqa: S704 - the one place


def markdown(table: Table) -> str:
    """Return the table with whatever could be markup escaped."""
    rows = [[escaped(text) for text in row] for row in (table.header, *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|---{'|---:' * (len(table.header) - 1)}|", *lines[1:]])


def escaped(text: str) -> str:
    """Return a text as Markdown that shows it as it is."""
    return _ESCAPED.sub(r"\\\g<0>", text)
