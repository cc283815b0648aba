"""All policies against the oracle on one page, from the figures of a simulated batch (``summary.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detnet_lab.report.compare import comparison_tables as tables
from detnet_lab.report.compare.batch_summary import BatchSummary, parse
from detnet_lab.report.compare.comparison_picture import picture
from detnet_lab.report.markup import markdown, render_page, trusted_markup
from detnet_lab.report.output_files import render_png, write_whole

HTML, PNG, MARKDOWN = "compare.html", "compare.png", "COMPARE.md"


def write(raw: Mapping[str, Any], out_dir: Path, source: str = "summary.json") -> None:
    """Write ``compare.html``, ``compare.png`` and ``COMPARE.md``.

    Args:
        raw: what ``summary.json`` holds.
        out_dir: where to write; it is made if it does not exist.
        source: how messages name it.

    Raises:
        UserError: the figures are malformed, a file cannot be written, or no font is installed.
    """
    batch = parse(raw, source)
    write_whole(out_dir / MARKDOWN, as_markdown(batch))
    write_whole(out_dir / HTML, page(batch))
    write_whole(out_dir / PNG, render_png(picture(batch, heading=True)))


def page(batch: BatchSummary) -> str:
    """Return the page."""
    return render_page(
        "compare.html.j2",
        title=tables.headline(batch),
        protocol=tables.protocol(batch),
        chart=trusted_markup(picture(batch, heading=False)),
        policies=tables.policies(batch),
        differences=tables.differences(batch),
        goodput=tables.by_scenario(batch, "be_compliant_ratio"),
    )


def as_markdown(batch: BatchSummary) -> str:
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
