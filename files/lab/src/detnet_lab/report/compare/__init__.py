"""All policies against the oracle on one page, from the figures of a simulated batch (``summary.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    from detnet_lab.report.compare.figures import parse  # noqa: PLC0415 - heavy imports are made where they are needed
    from detnet_lab.report.compare.page import as_markdown, page  # noqa: PLC0415
    from detnet_lab.report.compare.picture import picture  # noqa: PLC0415
    from detnet_lab.report.files import write_whole  # noqa: PLC0415
    from detnet_lab.report.png import render  # noqa: PLC0415

    batch = parse(raw, source)
    write_whole(out_dir / MARKDOWN, as_markdown(batch))
    write_whole(out_dir / HTML, page(batch))
    write_whole(out_dir / PNG, render(picture(batch, heading=True)))
