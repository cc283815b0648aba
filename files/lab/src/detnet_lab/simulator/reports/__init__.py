"""The reports of a batch: a page per scenario with its pictures and ticks, a summary, an index, and the comparison."""

from __future__ import annotations

from detnet_lab.simulator.reports.batch_reports import write_reports

__all__ = ["write_reports"]
