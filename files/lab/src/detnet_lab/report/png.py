"""Renders our SVG as PNG, in memory."""

from __future__ import annotations

import resvg_py

from detnet.model.errors import UserError
from detnet_lab.report.chart.style import plain_sheet

_SCALE = 2.0
_PAPER = "#ffffff"
_TRIAL = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30" class="chart">{}</svg>'


def render(svg: str) -> bytes:
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
