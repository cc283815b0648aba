"""A source polls in its own thread, leaves readings in a slot, and never holds up its reader."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

import pytest

from detnet.model.samples import Sample
from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.probe import ProbeSource, ProbeSourceConfig
from detnet.sources.source import Evidence, PolledSource, SampleWindow
from sources.servers import FaultyServer, hang
from support import wait_for


class Scripted(PolledSource):
    """Does at each poll what the script says, and the last of it for ever."""

    def __init__(self, *script: Sequence[SourceError] | Exception) -> None:
        super().__init__("scripted", period_s=0.001, clock=lambda: 7.0)
        self.script = list(script)
        self.polls = 0
        self.closed = threading.Event()

    def _ask(self) -> Sequence[SourceError]:
        self.polls += 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return step

    def _evidence(self) -> Mapping[str, Evidence]:
        return {"robot": SampleWindow((Sample(1.0, 2.0),))}

    def close(self) -> None:
        """Remember that it was called."""
        self.closed.set()


_REFUSED = SourceError(ErrorKind.REFUSED, "the server refused")


def test_before_the_first_poll_nothing_is_known() -> None:
    """An empty slot says so and invents nothing."""
    reading = Scripted([]).latest()
    assert (reading.evidence, reading.polled_at_s, reading.error) == ({}, None, None)


def test_an_error_keeps_the_evidence_and_is_counted() -> None:
    """What was known stays, with its own time; why nothing newer came stands beside it."""
    source = Scripted(_REFUSED, _REFUSED, [SourceError(ErrorKind.STALE, "old").of("robot")], [])
    source.poll_once()
    source.poll_once()
    reading = source.poll_once()
    assert reading.evidence == {"robot": SampleWindow((Sample(1.0, 2.0),))}
    assert reading.counts == {ErrorKind.REFUSED: 2, ErrorKind.STALE: 1}
    assert reading.error == "robot: old"
    assert source.poll_once().error is None
    assert reading.counts == {ErrorKind.REFUSED: 2, ErrorKind.STALE: 1}


def test_an_error_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    """Ten polls a second do not become ten lines a second."""
    source = Scripted(_REFUSED, _REFUSED, _REFUSED, [], [])
    with caplog.at_level(logging.INFO, logger="detnet.sources"):
        for _ in range(5):
            source.poll_once()
    assert [record.message for record in caplog.records] == [
        "source scripted: the server refused",
        "source scripted: fresh again",
    ]


def test_the_thread_polls_until_it_is_stopped() -> None:
    """It begins with start, ends with stop, and lets go of its connection."""
    source = Scripted([])
    source.start()
    wait_for(lambda: source.polls > 3, what="several polls")
    source.stop()
    polls = source.polls
    assert source.closed.wait(1.0)
    assert source.polls == polls
    assert not source._thread.is_alive()


def test_a_bug_in_a_poll_is_counted_and_does_not_end_the_polling() -> None:
    """A thread that died silently would look like a network without news."""
    source = Scripted(ZeroDivisionError("a bug"), [])
    source.start()
    wait_for(lambda: source.polls > 1, what="a poll after the bug")
    source.stop()
    assert source.latest().counts == {ErrorKind.INTERNAL: 1}


def test_a_hanging_server_never_holds_up_the_reader(server: FaultyServer) -> None:
    """While the poll hangs the slot answers, and stop returns."""
    server.behave = hang(server)
    source = ProbeSource(ProbeSourceConfig(server.url, {"robot": "robot"}))
    source.start()
    wait_for(lambda: len(server.requests) > 0, what="the poll's request")
    assert source.latest().polled_at_s is None
    wait_for(lambda: source.latest().error is not None, what="the timeout")
    assert set(source.latest().counts) == {ErrorKind.TIMEOUT}
    source.stop()
    assert not source._thread.is_alive()
