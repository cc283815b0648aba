"""Files that are either the old or the new one, never half of each, and pictures that need no page around them."""

from __future__ import annotations

from pathlib import Path

import resvg_py

from detnet.model.errors import UserError
from detnet.telemetry.disk import replace_file
from detnet_lab.report.chart.style import plain_sheet

_SCALE = 2.0
_PAPER = "#ffffff"
_TRIAL = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30" class="chart">{}</svg>'


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace a file as a whole; its folder is made where there is none.

    Raises:
        UserError: the folder cannot be made, or the file not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def standalone_svg(svg: str) -> str:
    """Return the picture for a reader without our page: on paper, with its style sheet in it."""
    head, tag, rest = svg.partition("</title>")
    return f"{head}{tag}<style>svg {{ background: {_PAPER} }} {plain_sheet()}</style>{rest}"


def render_png(svg: str) -> bytes:
    """Return the picture in light colours at twice its size, for dense screens and slides.

    Raises:
        UserError: the machine has no font that the renderer could use; it would leave out every text without a word.
    """
    if _render(_TRIAL.format('<text x="4" y="20">Text</text>')) == _render(_TRIAL.format("")):
        raise UserError(
            "no usable font for the picture; install one, for instance the Debian package fonts-dejavu-core"
        )
    return _render(svg)


def _render(svg: str) -> bytes:
    return resvg_py.svg_to_bytes(svg_string=svg, background=_PAPER, zoom=_SCALE, style_sheet=plain_sheet())
