"""The audit log as a timeline: episodes in words, a summary, and the terms of the decisions.

Lines in, bounded memory: passes are folded into episodes and thrown away, so that a log of any length can be read.
"""

from __future__ import annotations

from detnet.timeline.timeline import SHOWN, Timeline, follow, read
from detnet.timeline.window import Window

__all__ = ["SHOWN", "Timeline", "Window", "follow", "read"]
