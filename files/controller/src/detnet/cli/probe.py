"""``detnet probe``: measure latency, jitter and loss of the critical paths."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

import click


@click.command()
@click.option(
    "--path", "paths", multiple=True, metavar="NAME=URL", help="udp://HOST:PORT or tcp://HOST:PORT[?rate_hz=N]; repeat."
)
@click.option("--rate-hz", type=float, default=20.0, show_default=True, help="Probes per second and path.")
@click.option(
    "--timeout-ms", type=click.FloatRange(min=0, min_open=True), default=500.0, show_default=True, help="Later is lost."
)
@click.option(
    "--late-limit-ms",
    type=click.FloatRange(min=0, min_open=True),
    default=0.5,
    show_default=True,
    help="Own send lateness (p95 of a second) above which samples are discarded.",
)
@click.option("--metrics", metavar="ADDR:PORT", help="Serve /metrics, /samples and /healthz there.")
@click.option("--json", "record", type=click.Path(path_type=Path, dir_okay=False), help="Write every sample as a line.")
@click.option("--realtime", is_flag=True, help="Measure as SCHED_FIFO, where permitted.")
@click.option("--dscp", type=click.IntRange(0, 63), default=0, show_default=True, help="Mark the probes.")
@click.option("--source", metavar="ADDR", help="Send from this address.")
@click.option("--duration-s", type=click.FloatRange(min=0, min_open=True), help="End by itself after so long.")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    paths: tuple[str, ...],
    rate_hz: float,
    timeout_ms: float,
    late_limit_ms: float,
    metrics: str | None,
    record: Path | None,
    realtime: bool,
    dscp: int,
    source: str | None,
    duration_s: float | None,
) -> None:
    """Measure round trips to reflectors (STAMP, RFC 8762) until stopped."""
    from detnet.probe.paths import (  # noqa: PLC0415 - keeps detnet --help fast
        Options,
        parse_endpoint,
        parse_paths,
    )
    from detnet.probe.prober import Prober  # noqa: PLC0415
    from detnet.telemetry.http import Endpoint, application  # noqa: PLC0415

    logging.basicConfig(format="detnet probe: %(message)s", level=logging.INFO)
    bind = parse_endpoint(metrics) if metrics else None
    options = Options(timeout_ms, late_limit_ms, dscp, source, realtime, duration_s)
    prober = Prober(parse_paths(paths, rate_hz=rate_hz), options, record=record)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: prober.stop())
        if bind:
            endpoint = Endpoint(application(prober.registry, prober.routes), address=bind[0], port=bind[1])
            click.echo(f"metrics on {bind[0]}:{endpoint.port}")
        prober.run()
    finally:
        prober.close()
