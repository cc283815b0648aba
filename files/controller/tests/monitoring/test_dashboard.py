"""Every panel shows something: its query returns data from a real Prometheus that scrapes real registries."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from monitoring import foreign, ours
from monitoring.role import RULES, queries
from support import wait_for

pytestmark = pytest.mark.needs("prometheus")


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve our registries and, counting on with every scrape, what other programs export."""
    registries: list[CollectorRegistry] = list(ours.registries(tmp_path_factory.mktemp("registry")))
    scrapes = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (
                b"".join(generate_latest(registry) for registry in registries)
                + foreign.exposition(next(scrapes)).encode()
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def prometheus(exporter: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with the role's rules that scrapes every second; its URL, once it has recorded something."""
    folder = tmp_path_factory.mktemp("prometheus")
    for path in RULES:
        (folder / path.name).write_text(path.read_text(encoding="utf-8").replace("interval: 15s", "interval: 1s"))
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["*.yml"],
        "scrape_configs": [{"job_name": "all", "static_configs": [{"targets": [exporter]}]}],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        "prometheus",
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            url = f"http://{address}"
            recorded = "detnet:violation:ratio_rate5m and on() rate(hubble_drop_total[1m])"
            wait_for(lambda: ask(url, recorded), within_s=60.0, what="Prometheus to record")
            yield url
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


@pytest.mark.parametrize("panel", queries())
def test_every_panel_returns_data(prometheus: str, panel: str) -> None:
    """No query matches nothing, be it by a wrong label, a wrong join or a filter that leaves nothing over."""
    wait_for(lambda: ask(prometheus, queries()[panel]), within_s=20.0, what=f"data for {panel}")
