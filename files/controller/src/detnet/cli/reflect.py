"""``detnet reflect``: answer the probes at the far end of a path."""

from __future__ import annotations

import logging
import signal
import threading

import click


@click.command()
@click.option("--udp", multiple=True, metavar="ADDR:PORT", help="Answer STAMP packets there; repeat for more.")
@click.option("--tcp", multiple=True, metavar="ADDR:PORT", help="Answer frames on kept connections there; repeat.")
@click.option("--metrics", metavar="ADDR:PORT", help="Serve /metrics there.")
@click.option("--realtime", is_flag=True, help="Answer as SCHED_FIFO, where permitted.")
@click.option("--dscp", type=click.IntRange(0, 63), default=0, show_default=True, help="Mark the answers.")
def command(*, udp: tuple[str, ...], tcp: tuple[str, ...], metrics: str | None, realtime: bool, dscp: int) -> None:
    """Answer probes until stopped."""
    from detnet.model.errors import UserError  # noqa: PLC0415 - keeps detnet --help fast
    from detnet.probe.pacing import become_punctual  # noqa: PLC0415
    from detnet.probe.paths import parse_endpoint  # noqa: PLC0415
    from detnet.probe.reflector import Reflector, reflect  # noqa: PLC0415

    if not udp and not tcp:
        raise UserError("nothing to reflect, expected at least one --udp ADDR:PORT or --tcp ADDR:PORT")
    logging.basicConfig(format="detnet reflect: %(message)s", level=logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    reflector = Reflector(map(parse_endpoint, udp), map(parse_endpoint, tcp), dscp=dscp)
    for protocol, endpoints in reflector.endpoints.items():
        for host, port in endpoints:
            click.echo(f"reflecting {protocol} on {host}:{port}")
    if metrics:
        from detnet.probe.exporter import ReflectorMetrics  # noqa: PLC0415
        from detnet.telemetry.http import Endpoint, application  # noqa: PLC0415

        address, port = parse_endpoint(metrics)
        endpoint = Endpoint(application(ReflectorMetrics(reflector).registry, {}), address=address, port=port)
        click.echo(f"metrics on {address}:{endpoint.port}")
    become_punctual(realtime=realtime)
    try:
        reflect(reflector, stop)
    finally:
        reflector.close()
