"""``detnet report``: draw recorded runs anew, one by itself or several side by side."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("report")
@click.argument("runs", nargs=-1, required=True, metavar="RUN.json...", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write; the first run's folder unless given.")
def command(runs: tuple[Path, ...], out: Path | None) -> None:
    """Judge a recorded run and draw it; several runs of one scenario are compared."""
    from detnet.text import WIDTH, speaks_unicode  # noqa: PLC0415
    from detnet_lab import report  # noqa: PLC0415 - keeps `detnet --help` fast
    from detnet_lab.report.run_record import load  # noqa: PLC0415
    from detnet_lab.report.run_text import closing_line, summary_text  # noqa: PLC0415

    out_dir = out or runs[0].parent
    unicode = speaks_unicode(sys.stdout)
    if len(runs) == 1:
        summary = report.write(load(runs[0]), out_dir, source=str(runs[0]))
        click.echo(summary_text(summary, unicode=unicode))
        names = (report.HTML, report.PNG)
    else:
        from detnet_lab.report.bench import compare  # noqa: PLC0415

        comparison = compare([load(path) for path in runs], out_dir)
        click.echo(comparison.table.text(width=WIDTH, unicode=unicode))
        names = ("bench.html", "bench.png")
    click.echo(f"\n{closing_line(out_dir / names[0], out_dir / names[1])}")
