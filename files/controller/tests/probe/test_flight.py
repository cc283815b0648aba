"""Every answer has one fate, and every probe ends once: received or lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.probe.clock import Reading
from detnet.probe.flight import InFlight, MatchResult, Probe
from detnet.probe.packet import ERROR_UNKNOWN, ReflectorPacket, from_ns

SSID = 7
TIMEOUT_NS = 500
LONG_NS = 11 * 10**9


def probe_at(now_ns: int) -> Probe:
    """Return a probe sent at ``now_ns``."""
    return Probe(Reading(now_ns, now_ns, now_ns), from_ns(now_ns), late_ns=0, usable=True)


def answer_to(sequence: int, sent_ns: int) -> ReflectorPacket:
    """Return the honest answer."""
    return ReflectorPacket(sequence, 0, ERROR_UNKNOWN, SSID, 0, sequence, from_ns(sent_ns), ERROR_UNKNOWN, 64)


def test_answer_in_time_is_received_and_its_copies_are_duplicates() -> None:
    """The first answer counts, each further one is a duplicate."""
    flight = InFlight(SSID, TIMEOUT_NS)
    flight.launch(1, probe_at(100))
    assert flight.land(answer_to(1, 100), 200) == (MatchResult.RECEIVED, probe_at(100))
    assert [flight.land(answer_to(1, 100), at)[0] for at in (201, 202)] == [MatchResult.DUPLICATE] * 2
    assert list(flight.expire(LONG_NS)) == []


def test_answer_after_the_timeout_is_late_once() -> None:
    """A probe whose time is up is lost; its answer is late, and the copy of that a duplicate."""
    flight = InFlight(SSID, TIMEOUT_NS)
    flight.launch(1, probe_at(100))
    assert list(flight.expire(599)) == []
    assert list(flight.expire(600)) == [probe_at(100)]
    assert [flight.land(answer_to(1, 100), at)[0] for at in (700, 701)] == [MatchResult.LATE, MatchResult.DUPLICATE]


@pytest.mark.parametrize("change", [{"ssid": SSID + 1}, {"sender_sequence": 2}, {"sender_timestamp": from_ns(101)}])
def test_answer_that_does_not_echo_the_probe_is_forged(change: dict[str, int]) -> None:
    """Session, sequence and the full time stamp must all match; the probe goes on waiting."""
    flight = InFlight(SSID, TIMEOUT_NS)
    flight.launch(1, probe_at(100))
    assert flight.land(replace(answer_to(1, 100), **change), 150) == (MatchResult.UNSOLICITED, None)
    assert flight.land(answer_to(1, 100), 200)[0] is MatchResult.RECEIVED
    assert flight.land(replace(answer_to(1, 100), **change), 250) == (MatchResult.UNSOLICITED, None)


def test_memory_is_bounded() -> None:
    """Ten seconds after its end nothing is kept of a probe, and a replay of its answer is an unknown one."""
    flight = InFlight(SSID, TIMEOUT_NS)
    flight.launch(1, probe_at(100))
    flight.land(answer_to(1, 100), 200)
    assert list(flight.expire(LONG_NS)) == []
    assert flight.land(answer_to(1, 100), LONG_NS)[0] is MatchResult.UNSOLICITED


actions = st.lists(
    st.tuples(st.sampled_from(["send", "answer", "wait"]), st.integers(0, 12), st.integers(1, 400)), max_size=60
)


@given(actions)
def test_every_probe_ends_exactly_once(script: list[tuple[str, int, int]]) -> None:
    """Whatever order packets come in, received and lost together are the probes sent."""
    flight, now_ns = InFlight(SSID, TIMEOUT_NS), 0
    sent: list[int] = []
    ended: list[Probe] = []
    for action, which, pause_ns in script:
        now_ns += pause_ns
        ended += list(flight.expire(now_ns))
        if action == "send":
            flight.launch(len(sent), probe_at(now_ns))
            sent.append(now_ns)
        elif action == "answer" and which < len(sent):
            fate, probe = flight.land(answer_to(which, sent[which]), now_ns)
            assert (probe is not None) == (fate is MatchResult.RECEIVED)
            ended += [probe] if probe else []
    ended += list(flight.expire(now_ns + TIMEOUT_NS))
    assert sorted(probe.sent.before_ns for probe in ended) == sent
    assert flight.next_expiry_ns() is None
