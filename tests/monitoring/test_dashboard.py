"""Every panel shows something: its query returns data from a real Prometheus that scrapes real registries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from prometheus_client import generate_latest

from monitoring import foreign, ours
from monitoring.role import queries
from monitoring.serving import ask, exporting, scraping
from support import wait_for

pytestmark = pytest.mark.needs("prometheus")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Scrapes our registries and, counting on with every scrape, what other programs export."""
    registries = list(ours.registries(tmp_path_factory.mktemp("registry")))
    scrapes = itertools.count(1)

    def scrape() -> str:
        own = "".join(generate_latest(registry).decode() for registry in registries)
        return own + foreign.exposition(next(scrapes))

    with ExitStack() as stack:
        address = stack.enter_context(exporting(scrape))
        url = stack.enter_context(scraping(tmp_path_factory.mktemp("prometheus"), [address]))
        recorded = "detnet:violation:ratio_rate5m and on() rate(hubble_drop_total[1m])"
        wait_for(lambda: ask(url, recorded), within_s=60.0, what="Prometheus to record")
        yield url


@pytest.mark.parametrize("panel", queries())
def test_every_panel_returns_data(prometheus: str, panel: str) -> None:
    """No query matches nothing, be it by a wrong label, a wrong join or a filter that leaves nothing over."""
    wait_for(lambda: ask(prometheus, queries()[panel]), within_s=20.0, what=f"data for {panel}")
