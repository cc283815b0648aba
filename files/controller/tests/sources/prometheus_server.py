"""A real Prometheus (Debian's) on loopback, scraping one exporter five times a second."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sources.servers import FaultyServer, answer
from support import wait_for

SCRAPE_S = 0.2

_CONFIG = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: ours
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
{extra}
"""


class Exporter:
    """Shows at each scrape what ``page`` returns then; ``count`` scrapes were answered."""

    def __init__(self) -> None:
        self.count = 0
        self.page: Callable[[], str] = str
        self._server = FaultyServer()
        self._server.behave = self._answer
        self.port = self._server.port

    def reset(self) -> None:
        """Show nothing again, and wait until Prometheus has seen that."""
        self.page = str
        seen = self.count
        wait_for(lambda: self.count >= seen + 2, what="two scrapes of the empty page")

    def close(self) -> None:
        """Stop answering."""
        self._server.close()

    def _answer(self, connection: socket.socket, head: str) -> None:
        try:
            page = self.page()
        except RuntimeError:
            answer(b"", status="500 Broken")(connection, head)
            return
        answer(page.encode(), headers="Content-Type: text/plain; version=0.0.4\r\n")(connection, head)
        self.count += 1


@dataclass(frozen=True)
class RunningPrometheus:
    """Where it listens and what it scrapes."""

    url: str
    exporter: Exporter


@contextlib.contextmanager
def running_prometheus(folder: Path, extra: str = "") -> Iterator[RunningPrometheus]:
    """Run Prometheus in ``folder`` with ``extra`` lines of configuration until the block ends."""
    exporter = Exporter()
    config = folder / "prometheus.yml"
    config.write_text(_CONFIG.format(exporter=exporter.port, extra=extra))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for(lambda: _ready(port), what="Prometheus ready", within_s=30)
            yield RunningPrometheus(f"http://127.0.0.1:{port}", exporter)
        finally:
            process.kill()
            exporter.close()


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@dataclass
class Growing:
    """A page with a histogram that grows by ``per_scrape`` observations at each scrape."""

    name: str
    labels: str
    per_scrape: dict[float, int]  # upper edge in seconds: new observations in that bucket
    counters: dict[str, int] = field(default_factory=dict)  # name{labels}: growth per scrape
    fixed: Sequence[str] = ()
    inf: bool = True
    scrapes: int = 10

    def __call__(self) -> str:
        """Return the page after one more scrape."""
        self.scrapes += 1
        lines = list(self.fixed)
        cumulative = 0
        for edge, count in sorted(self.per_scrape.items()):
            cumulative += count * self.scrapes
            lines.append(f'{self.name}_bucket{{{self.labels},le="{edge}"}} {cumulative}')
        if self.inf:
            lines.append(f'{self.name}_bucket{{{self.labels},le="+Inf"}} {cumulative}')
        lines += [f"{counter} {growth * self.scrapes}" for counter, growth in self.counters.items()]
        return "\n".join(lines) + "\n"


def probe_page(path: str, per_scrape: dict[float, int], *, lost: int = 0) -> Growing:
    """Return the page of our probe with one path, whose newest sample is always 10 ms old."""
    return Growing(
        "detnet_probe_rtt_seconds",
        f'path="{path}"',
        per_scrape,
        counters={f'detnet_probe_lost_total{{path="{path}"}}': lost},
        fixed=[f'detnet_probe_last_sample_age_seconds{{path="{path}"}} 0.01'],
    )
