"""The comparison as a self-contained page and as Markdown."""

from __future__ import annotations

from detnet.report.compare import tables
from detnet.report.compare.figures import Batch
from detnet.report.compare.picture import picture
from detnet.report.html import ours, render_page


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


def markdown(batch: Batch) -> str:
    """Return the same in Markdown."""
    parts = [
        "# All policies against the oracle",
        f"{tables.headline(batch)}.",
        tables.protocol(batch),
        "![violations against goodput](compare.png)",
        tables.policies(batch).markdown(),
        "## The same worlds, policy against policy",
        tables.differences(batch).markdown(),
        "## Violating seconds (%)",
        tables.by_scenario(batch, "violation_ratio").markdown(),
        "## Goodput in clean seconds (% of the oracle's)",
        tables.by_scenario(batch, "be_compliant_ratio").markdown(),
    ]
    return "\n\n".join(parts) + "\n"
