"""Every answer counts once, and every probe ends once: received or lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.probe.packet import ERROR_UNKNOWN, ReflectorPacket, from_ns
from detnet.probe.session import InFlight, Probe
from detnet.probe.sockets import Reading
from detnet.probe.tally import Counter

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
    in_flight = InFlight(SSID, TIMEOUT_NS)
    in_flight.add(1, probe_at(100))
    assert in_flight.match(answer_to(1, 100), 200) == (Counter.RECEIVED, probe_at(100))
    assert [in_flight.match(answer_to(1, 100), at)[0] for at in (201, 202)] == [Counter.DUPLICATE] * 2
    assert list(in_flight.expire(LONG_NS)) == []


def test_answer_after_the_timeout_is_late_once() -> None:
    """A probe whose time is up is lost; its answer is late, and the copy of that a duplicate."""
    in_flight = InFlight(SSID, TIMEOUT_NS)
    in_flight.add(1, probe_at(100))
    assert list(in_flight.expire(599)) == []
    assert list(in_flight.expire(600)) == [probe_at(100)]
    assert [in_flight.match(answer_to(1, 100), at)[0] for at in (700, 701)] == [Counter.LATE, Counter.DUPLICATE]


@pytest.mark.parametrize("change", [{"ssid": SSID + 1}, {"sender_sequence": 2}, {"sender_timestamp": from_ns(101)}])
def test_answer_that_does_not_echo_the_probe_is_forged(change: dict[str, int]) -> None:
    """Session, sequence and the full time stamp must all match; the probe goes on waiting."""
    in_flight = InFlight(SSID, TIMEOUT_NS)
    in_flight.add(1, probe_at(100))
    assert in_flight.match(replace(answer_to(1, 100), **change), 150) == (Counter.UNSOLICITED, None)
    assert in_flight.match(answer_to(1, 100), 200)[0] is Counter.RECEIVED
    assert in_flight.match(replace(answer_to(1, 100), **change), 250) == (Counter.UNSOLICITED, None)


def test_memory_is_bounded() -> None:
    """Ten seconds after its end nothing is kept of a probe, and a replay of its answer is an unknown one."""
    in_flight = InFlight(SSID, TIMEOUT_NS)
    in_flight.add(1, probe_at(100))
    in_flight.match(answer_to(1, 100), 200)
    assert list(in_flight.expire(LONG_NS)) == []
    assert in_flight.match(answer_to(1, 100), LONG_NS)[0] is Counter.UNSOLICITED


actions = st.lists(
    st.tuples(st.sampled_from(["send", "answer", "wait"]), st.integers(0, 12), st.integers(1, 400)), max_size=60
)


@given(actions)
def test_every_probe_ends_exactly_once(script: list[tuple[str, int, int]]) -> None:
    """Whatever order packets come in, received and lost together are the probes sent."""
    in_flight, now_ns = InFlight(SSID, TIMEOUT_NS), 0
    sent: list[int] = []
    ended: list[Probe] = []
    for action, which, pause_ns in script:
        now_ns += pause_ns
        ended += list(in_flight.expire(now_ns))
        if action == "send":
            in_flight.add(len(sent), probe_at(now_ns))
            sent.append(now_ns)
        elif action == "answer" and which < len(sent):
            counter, probe = in_flight.match(answer_to(which, sent[which]), now_ns)
            assert (probe is not None) == (counter is Counter.RECEIVED)
            ended += [probe] if probe else []
    ended += list(in_flight.expire(now_ns + TIMEOUT_NS))
    assert sorted(probe.sent.before_ns for probe in ended) == sent
    assert in_flight.next_expiry_ns() is None
