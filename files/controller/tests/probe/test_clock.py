"""A wall clock that is set while a probe is under way is noticed."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from detnet.probe.sockets import SO_TIMESTAMPNS, Reading, kernel_stamp_ns, stepped

MS = 10**6
elapsed = st.integers(0, 500 * MS)
epochs = st.integers(10**18, 2 * 10**18)


def readings(epoch_ns: int, elapsed_ns: int, step_ns: int) -> tuple[Reading, Reading]:
    """Return two readings ``elapsed_ns`` apart, the wall clock set by ``step_ns`` in between."""
    later = epoch_ns + elapsed_ns + step_ns
    return Reading(0, epoch_ns, 100), Reading(elapsed_ns, later, elapsed_ns + 100)


@given(epochs, elapsed, st.floats(0, 1))
def test_steady_clock_is_trusted(epoch_ns: int, elapsed_ns: int, share: float) -> None:
    """Without a step, any arrival between sending and reading is accepted."""
    sent, received = readings(epoch_ns, elapsed_ns, 0)
    assert not stepped(sent, epoch_ns + int(share * elapsed_ns), received)


@given(epochs, elapsed, st.integers(1, 3600 * 10**9), st.sampled_from([-1, 1]), st.booleans())
def test_step_is_noticed(epoch_ns: int, elapsed_ns: int, extra_ns: int, sign: int, before_arrival: bool) -> None:  # noqa: FBT001
    """A step beyond a tenth of the round trip and 0.1 ms is seen, forward and back, before the arrival or after it."""
    step_ns = sign * (200_000 + elapsed_ns // 5 + extra_ns)
    sent, received = readings(epoch_ns, elapsed_ns, step_ns)
    assert stepped(sent, epoch_ns + elapsed_ns // 2 + (step_ns if before_arrival else 0), received)


def test_stamp_outside_of_the_round_trip_is_noticed() -> None:
    """The kernel cannot have received an answer before it was asked for, nor after it was read."""
    sent, received = readings(10**18, 5 * MS, 0)
    assert stepped(sent, 10**18 - 1, received)
    assert stepped(sent, 10**18 + 5 * MS + 1, received)


def test_reading_is_now() -> None:
    """The three readings lie in order and name the present."""
    reading = Reading.now()
    assert reading.before_ns <= reading.after_ns <= time.monotonic_ns()
    assert 0 <= time.time_ns() - reading.real_ns < 10**9


def test_control_messages_without_a_stamp_give_none() -> None:
    """Other control messages and a cut-off one are no time."""
    assert kernel_stamp_ns([(0, 2, b"\x40\0\0\0"), (1, SO_TIMESTAMPNS, b"short")]) is None
