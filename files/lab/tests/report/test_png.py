"""The PNG: twice the size, and never without its texts."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import pytest

from detnet_lab.report.output_files import render_png

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40" class="chart">{}</svg>'
WITHOUT_FONTS = """
for folder in /usr/share/fonts /usr/local/share/fonts /etc/fonts; do
    [ -d $folder ] && mount -t tmpfs none $folder
done
exec "$@"
"""


def test_the_picture_is_twice_as_large_as_the_drawing() -> None:
    """Sharp on a dense screen."""
    png = render_png(SVG.format(""))
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (240, 80)


def test_looks_reach_the_picture() -> None:
    """The renderer knows no CSS variable, so each must have been written out."""
    box = '<rect class="{}" width="120" height="40"/>'
    assert (
        len({render_png(SVG.format(box.format(look))) for look in ("paper", "shade", "invalidate", "got0", "nothing")})
        == 5
    )


@pytest.mark.root
@pytest.mark.needs("unshare")
def test_without_any_font_the_package_to_install_is_named() -> None:
    """A picture without its texts would be worse than none."""
    program = f"from detnet_lab.report.output_files import render_png; render_png({SVG.format('')!r})"
    found = subprocess.run(
        ["unshare", "--mount", "sh", "-c", WITHOUT_FONTS, "sh", sys.executable, "-c", program],
        env={**os.environ, "HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert found.returncode == 1
    assert "UserError: no usable font for the picture" in found.stderr
    assert "fonts-dejavu-core" in found.stderr
