"""The report of a lab run: what the critical application felt, what best effort got, and what was decided.

``run_record`` reads ``run.json``, ``judge`` judges it, ``run_text`` makes words and tables of it, ``chart`` and
``markup`` draw it. Rendering is imported only when something is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detnet_lab.report.judge import Summary, judge

HTML, PNG, SUMMARY = "report.html", "report.png", "summary.json"


def write(run: Mapping[str, Any], out_dir: Path, source: str = "run.json") -> Summary:
    """Write ``summary.json``, ``report.html`` and ``report.png`` and return the judgement.

    Each file is whole or untouched; the summary is written first and the picture last, since only that can fail for
    want of a font.

    Args:
        run: what ``run.json`` holds.
        out_dir: where to write; it is made if it does not exist.
        source: how messages name the run.

    Raises:
        UserError: the record is malformed, a file cannot be written, or no font is installed.
    """
    from detnet_lab.report.chart.run_pictures import draw_run  # noqa: PLC0415 - heavy imports are made where they are needed
    from detnet_lab.report.markup import run_page  # noqa: PLC0415
    from detnet_lab.report.output_files import render_png, write_whole  # noqa: PLC0415
    from detnet_lab.report.run_record import parse  # noqa: PLC0415

    checked = parse(run, source)
    summary = judge(checked)
    write_whole(out_dir / SUMMARY, json.dumps(summary.to_json(), indent=2) + "\n")
    write_whole(out_dir / HTML, run_page(checked, summary))
    write_whole(out_dir / PNG, render_png(draw_run(checked, summary, heading=True)))
    return summary
