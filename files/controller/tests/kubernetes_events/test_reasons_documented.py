"""The page that people look reasons up in has them all."""

from __future__ import annotations

import re
from pathlib import Path

from detnet.kubernetes.events.reasons import Reason

PAGE = Path(__file__).parents[4] / "docs/operate/kubernetes.md"


def test_the_page_has_every_reason_with_its_type() -> None:
    """Reason and type of each row are those that are written."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (Normal|Warning) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert rows == {reason.value: "Warning" if reason.warns else "Normal" for reason in Reason}
