"""A Prometheus with the role's rules, and exporters for it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from monitoring.role import RULES
from support import free_port


@contextmanager
def exporting(scrape: Callable[[], str]) -> Iterator[str]:
    """Serve what ``scrape`` returns each time it is asked; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(scrape().encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def scraping(folder: Path, targets: Sequence[str], *, port: int | None = None) -> Iterator[str]:
    """Run a Prometheus that scrapes and records every second; yields its URL, at which it may not answer yet."""
    for path in RULES:
        (folder / path.name).write_text(path.read_text(encoding="utf-8").replace("interval: 15s", "interval: 1s"))
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["*.yml"],
        "scrape_configs": [{"job_name": "all", "static_configs": [{"targets": list(targets)}]}],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    address = f"127.0.0.1:{port or free_port()}"
    command = [
        "prometheus",
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()


def ask(url: str, query: str) -> list[object]:
    """Return the series that a query yields now; none while Prometheus does not answer."""
    try:
        with urlopen(f"{url}/api/v1/query?{urlencode({'query': query})}", timeout=5) as answer:  # noqa: S310 - loopback
            return list(json.load(answer)["data"]["result"])
    except URLError as error:
        if isinstance(error.reason, ConnectionRefusedError) or getattr(error, "code", 0) == 503:
            return []
        raise
