"""The story as files for people: the page, the picture."""

from __future__ import annotations

from pathlib import Path

from detnet.report.files import write_whole
from detnet.report.story.told import Timeline


def draw(told: Timeline, *, html: Path | None, png: Path | None) -> None:
    """Write the page and the picture that were asked for.

    Raises:
        UserError: a file cannot be written, or no font is installed.
    """
    if html is None and png is None:
        return
    from detnet.report.png import render  # noqa: PLC0415 - heavy imports are made where they are needed
    from detnet.report.story.page import page  # noqa: PLC0415
    from detnet.report.story.picture import picture  # noqa: PLC0415

    if html is not None:
        write_whole(html, page(told))
    if png is not None:
        write_whole(png, render(picture(told, heading=True)))
