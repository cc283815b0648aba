"""The direct source turns the probe's answers into samples on our clock."""

from __future__ import annotations

import pytest

from detnet.model.errors import ConfigError
from detnet.model.samples import Sample
from detnet.sources.errors import ErrorKind
from detnet.sources.probe import ProbeSource, ProbeSourceConfig
from detnet.sources.source import Reading, SampleWindow
from sources.servers import FaultyServer, answer_json

_Pairs = list[list[float | None]]


class Clock:
    """Monotonic time that the test moves."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s


class Bench:
    """A source, the server it asks and the clock it lives by."""

    def __init__(self, server: FaultyServer, paths: dict[str, str] | None = None) -> None:
        self.server = server
        self.clock = Clock()
        self.source = ProbeSource(ProbeSourceConfig(server.url, paths or {"robot": "to-robot"}), self.clock)

    def poll(self, samples: _Pairs, *, cursor: int = 1, instance: str = "a", invalidated: bool = False) -> Reading:
        """Let the probe answer with these samples of its path to-robot."""
        paths = {"to-robot": {"samples": samples, "invalidated": invalidated}}
        self.server.behave = answer_json({"instance": instance, "cursor": cursor, "paths": paths})
        return self.source.poll_once()


@pytest.fixture
def bench(server: FaultyServer) -> Bench:
    """A bench with one workload."""
    return Bench(server)


def _window(reading: Reading) -> SampleWindow:
    window = reading.evidence["robot"]
    assert isinstance(window, SampleWindow)
    return window


def test_ages_become_times_on_our_clock_oldest_first(bench: Bench) -> None:
    """A loss is a sample too; order is that of sending, whatever the order of arrival."""
    reading = bench.poll([[0.25, 1.5], [0.5, None], [0.125, 0.5]])
    assert _window(reading).samples == (Sample(999.5, None), Sample(999.75, 1.5), Sample(999.875, 0.5))
    assert reading.error is None


def test_the_cursor_asks_only_for_what_is_new(bench: Bench) -> None:
    """The first question asks for everything, the next for what came after the last answer."""
    bench.poll([[0.1, 1.0]], cursor=41)
    bench.clock.now_s += 0.5
    reading = bench.poll([[0.25, 2.0]], cursor=42)
    assert [head.split()[1] for head in bench.server.requests] == ["/samples?after=0", "/samples?after=41"]
    assert _window(reading).samples == (Sample(999.9, 1.0), Sample(1000.25, 2.0))


def test_a_restarted_probe_is_read_from_its_beginning(bench: Bench) -> None:
    """An answer to another instance's cursor may lack samples: it is left out, reported, and asked for anew."""
    bench.poll([[0.1, 1.0]], cursor=50)
    reading = bench.poll([[0.05, 9.0]], cursor=70, instance="b")
    assert reading.counts == {ErrorKind.RESTARTED: 1}
    assert _window(reading).samples == (Sample(999.9, 1.0),)
    reading = bench.poll([[0.1, 8.0], [0.05, 9.0]], cursor=70, instance="b")
    assert bench.server.requests[-1].split()[1] == "/samples?after=0"
    assert [sample.rtt_ms for sample in _window(reading).samples] == [1.0, 8.0, 9.0]
    assert reading.error is None


def test_samples_older_than_15_s_are_let_go_even_without_an_answer(bench: Bench) -> None:
    """The window is bounded in time, also while the probe is away."""
    bench.poll([[10.0, 1.0], [1.0, 2.0]])
    bench.clock.now_s += 6.0
    bench.server.close()
    reading = bench.source.poll_once()
    assert reading.counts == {ErrorKind.BROKEN: 1}
    assert [sample.rtt_ms for sample in _window(reading).samples] == [2.0]


def test_a_flood_of_samples_is_bounded(bench: Bench) -> None:
    """A probe that lies cannot fill our memory; the newest samples stay."""
    for cursor in range(1, 4):
        reading = bench.poll([[1.0 - i / 4000, float(cursor)] for i in range(4000)], cursor=cursor)
    assert len(_window(reading).samples) == 6000


def test_a_invalidated_window_is_passed_on(bench: Bench) -> None:
    """The flag is that of the newest answer."""
    assert _window(bench.poll([[0.1, 1.0]], invalidated=True)).invalidated
    assert not _window(bench.poll([[0.1, 1.0]], cursor=2)).invalidated


def test_a_missing_path_is_named_with_those_there_are(server: FaultyServer) -> None:
    """The other workloads go on."""
    bench = Bench(server, {"robot": "to-robot", "scanner": "to-scaner"})
    reading = bench.poll([[0.1, 1.0]])
    assert reading.error == (
        "scanner: the probe has no path 'to-scaner': correct the name or the probe's configuration; it has to-robot"
    )
    assert list(reading.evidence) == ["robot"]
    assert reading.counts == {ErrorKind.MISSING_PATH: 1}


def test_a_probe_that_has_just_begun_is_not_silent(bench: Bench) -> None:
    """Nothing yet is not nothing for two seconds."""
    assert bench.poll([]).error is None
    bench.clock.now_s += 2.5
    assert bench.poll([]).counts == {ErrorKind.SILENT: 1}


def test_a_probe_that_sends_nothing_is_told(bench: Bench) -> None:
    """Answers keep coming, samples do not: after two seconds that has a name."""
    assert bench.poll([[0.5, 1.0]]).error is None
    bench.clock.now_s += 1.0
    assert bench.poll([]).error is None
    bench.clock.now_s += 1.0
    reading = bench.poll([])
    assert reading.counts == {ErrorKind.SILENT: 1}
    assert "sent nothing on path 'to-robot'" in (reading.error or "")


def test_a_probe_on_a_busy_machine_is_told_as_that(bench: Bench) -> None:
    """It sends, but too late for its samples to be used: its log is not the place to look."""
    assert bench.poll([[0.5, 1.0]]).error is None
    bench.clock.now_s += 2.0
    reading = bench.poll([], invalidated=True)
    assert reading.counts == {ErrorKind.LATE: 1}
    assert "too busy to measure path 'to-robot'" in (reading.error or "")


@pytest.mark.parametrize("status", ["404 Not Found", "503 Busy", "302 Found"])
def test_a_status_that_is_not_200_brings_no_samples(bench: Bench, status: str) -> None:
    """Even when the body looks right."""
    body = {"instance": "a", "cursor": 1, "paths": {"to-robot": {"samples": [[0.1, 1.0]], "invalidated": False}}}
    bench.server.behave = answer_json(body, status=status)
    reading = bench.source.poll_once()
    assert not reading.evidence
    assert f"answered HTTP {status[:3]}" in (reading.error or "")


def test_a_source_without_a_path_or_with_a_wild_period_is_refused() -> None:
    """The sentence says what was expected."""
    with pytest.raises(ConfigError, match="no path"):
        ProbeSourceConfig("http://127.0.0.1:1", {})
    with pytest.raises(ConfigError, match=r"expected 0\.05 s to 5 s"):
        ProbeSourceConfig("http://127.0.0.1:1", {"a": "a"}, period_s=float("nan"))
