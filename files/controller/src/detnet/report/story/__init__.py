"""The audit log as a story: episodes in words, a summary, the terms of the decisions, and the picture.

Lines in, bounded memory: passes are folded into episodes and thrown away, so that a log of any length can be told.
"""

from __future__ import annotations

from detnet.report.story.drawn import draw
from detnet.report.story.told import SHOWN, Timeline, live, tell
from detnet.report.story.window import Window

__all__ = ["SHOWN", "Timeline", "Window", "draw", "live", "tell"]
