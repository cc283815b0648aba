"""The comparison as a self-contained page and as Markdown."""

from __future__ import annotations

from detnet_lab.report.compare import tables
from detnet_lab.report.compare.figures import Batch
from detnet_lab.report.compare.picture import picture
from detnet_lab.report.html import ours, render_page
from detnet_lab.report.markdown import markdown


def page(batch: Batch) -> str:
    """Return the page."""
    return render_page(
        "compare.html.j2",
        title=tables.headline(batch),
        protocol=tables.protocol(batch),
        chart=ours(picture(batch, heading=False)),
        policies=tables.policies(batch),
        differences=tables.differences(batch),
        goodput=tables.by_scenario(batch, "be_compliant_ratio"),
    )


def as_markdown(batch: Batch) -> str:
    """Return the same in Markdown."""
    parts = [
        "# All policies against the oracle",
        f"{tables.headline(batch)}.",
        tables.protocol(batch),
        "![violations against goodput](compare.png)",
        markdown(tables.policies(batch)),
        "## The same worlds, policy against policy",
        markdown(tables.differences(batch)),
        "## Violating seconds (%)",
        markdown(tables.by_scenario(batch, "violation_ratio")),
        "## Goodput in clean seconds (% of the oracle's)",
        markdown(tables.by_scenario(batch, "be_compliant_ratio")),
    ]
    return "\n\n".join(parts) + "\n"
