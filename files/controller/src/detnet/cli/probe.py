"""``detnet probe`` measures the critical paths, ``detnet reflect`` answers at their far end."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)


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
@click.option(
    "--tls-cert-file", type=_FILE, help="Serve that by HTTPS only, with this certificate; read when it changes."
)
@click.option("--tls-key-file", type=_FILE, help="The certificate's key, unencrypted.")
@click.option("--bearer-token-file", type=_FILE, help="Ask for this token, except for /healthz; read at each request.")
@click.option("--json", "record", type=click.Path(path_type=Path, dir_okay=False), help="Write every sample as a line.")
@click.option("--realtime", is_flag=True, help="Measure as SCHED_FIFO, where permitted.")
@click.option("--dscp", type=click.IntRange(0, 63), default=0, show_default=True, help="Mark the probes.")
@click.option("--source", metavar="ADDR", help="Send from this address.")
@click.option("--duration-s", type=click.FloatRange(min=0, min_open=True), help="End by itself after so long.")
@click.option("--same-host", is_flag=True, help="Measure paths that end on this host too, to try it out.")
def probe(  # noqa: PLR0913 - one parameter per option
    *,
    paths: tuple[str, ...],
    rate_hz: float,
    timeout_ms: float,
    late_limit_ms: float,
    metrics: str | None,
    tls_cert_file: Path | None,
    tls_key_file: Path | None,
    bearer_token_file: Path | None,
    record: Path | None,
    realtime: bool,
    dscp: int,
    source: str | None,
    duration_s: float | None,
    same_host: bool,
) -> None:
    """Measure round trips to reflectors (STAMP, RFC 8762) until stopped."""
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.probe.paths import (  # noqa: PLC0415 - keeps detnet --help fast
        Options,
        address_and_port,
        parse_endpoint,
        parse_paths,
    )
    from detnet.probe.prober import Prober  # noqa: PLC0415
    from detnet.telemetry.http import Certificate, Endpoint, application, protected  # noqa: PLC0415

    if (tls_cert_file is None) != (tls_key_file is None):
        raise UserError("TLS needs both --tls-cert-file and --tls-key-file")
    if metrics is None and (tls_cert_file or bearer_token_file):
        raise UserError("--tls-cert-file and --bearer-token-file guard what --metrics serves, which is not given")
    logging.basicConfig(format="detnet probe: %(message)s", level=logging.INFO)
    bind = parse_endpoint(metrics) if metrics else None
    certificate = Certificate(tls_cert_file, tls_key_file) if tls_cert_file and tls_key_file else None
    options = Options(timeout_ms, late_limit_ms, dscp, source, realtime, duration_s, same_host)
    prober = Prober(parse_paths(paths, rate_hz=rate_hz), options, record=record)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: prober.stop())
        if bind:
            app = application(prober.registry, prober.routes)
            if bearer_token_file:
                app = protected(app, bearer_token_file, open_paths={"/healthz"})
            endpoint = Endpoint(app, address=bind[0], port=bind[1], certificate=certificate)
            click.echo(f"metrics on {address_and_port(bind[0], endpoint.port)}")
        prober.run()
    finally:
        prober.close()


@click.command()
@click.option("--udp", multiple=True, metavar="ADDR:PORT", help="Answer STAMP packets there; repeat for more.")
@click.option("--tcp", multiple=True, metavar="ADDR:PORT", help="Answer frames on kept connections there; repeat.")
@click.option("--metrics", metavar="ADDR:PORT", help="Serve /metrics there.")
@click.option("--realtime", is_flag=True, help="Answer as SCHED_FIFO, where permitted.")
@click.option("--dscp", type=click.IntRange(0, 63), default=0, show_default=True, help="Mark the answers.")
def reflect(*, udp: tuple[str, ...], tcp: tuple[str, ...], metrics: str | None, realtime: bool, dscp: int) -> None:
    """Answer probes until stopped."""
    from detnet.model.errors import UserError  # noqa: PLC0415 - keeps detnet --help fast
    from detnet.probe.pacing import become_punctual  # noqa: PLC0415
    from detnet.probe.paths import address_and_port, parse_endpoint  # noqa: PLC0415
    from detnet.probe.reflector import Reflector, answer_until  # noqa: PLC0415

    if not udp and not tcp:
        raise UserError("nothing to reflect, expected at least one --udp ADDR:PORT or --tcp ADDR:PORT")
    logging.basicConfig(format="detnet reflect: %(message)s", level=logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    reflector = Reflector(map(parse_endpoint, udp), map(parse_endpoint, tcp), dscp=dscp)
    for protocol, endpoints in reflector.endpoints.items():
        for host, port in endpoints:
            click.echo(f"reflecting {protocol} on {address_and_port(host, port)}")
    if metrics:
        from detnet.probe.exporter import ReflectorMetrics  # noqa: PLC0415
        from detnet.telemetry.http import Endpoint, application  # noqa: PLC0415

        address, port = parse_endpoint(metrics)
        endpoint = Endpoint(application(ReflectorMetrics(reflector).registry, {}), address=address, port=port)
        click.echo(f"metrics on {address_and_port(address, endpoint.port)}")
    become_punctual(realtime=realtime)
    try:
        answer_until(reflector, stop)
    finally:
        reflector.close()
