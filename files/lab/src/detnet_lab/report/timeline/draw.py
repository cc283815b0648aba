"""The timeline of an audit log as files for people: the page, the picture."""

from __future__ import annotations

from pathlib import Path

from detnet.timeline import Window, read
from detnet_lab.report.files import write_whole
from detnet_lab.report.timeline.bins import Bins


def draw(audit_log: Path, window: Window, *, shown: int | None, html: Path | None, png: Path | None) -> None:
    """Read an audit log once and write the page and the picture that were asked for.

    Args:
        audit_log: the log; its rotated files are read too.
        window: the part to draw.
        shown: how many episodes the page lists, from the end; ``None`` for all.
        html: where the page goes.
        png: where the picture goes.

    Raises:
        UserError: the log cannot be read, a file cannot be written, or no font is installed.
    """
    from detnet_lab.report.png import render  # noqa: PLC0415 - heavy imports are made where they are needed
    from detnet_lab.report.timeline.page import page  # noqa: PLC0415
    from detnet_lab.report.timeline.picture import picture  # noqa: PLC0415

    bins = Bins()
    timeline = read(audit_log, window, shown=shown, take=bins.take)
    if html is not None:
        write_whole(html, page(timeline, bins))
    if png is not None:
        write_whole(png, render(picture(timeline, bins, heading=True)))
