"""Waiting grows, is bounded, jittered, and never shorter than the server asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.client.api import Backoff


def test_delays_double_up_to_the_cap_and_start_over() -> None:
    """Without luck each is the whole delay."""
    backoff = Backoff(first_s=0.1, cap_s=1.0, chance=lambda: 1.0)
    assert [round(backoff.next_s(), 3) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    backoff.reset()
    assert backoff.next_s() == 0.1


@given(chance=st.floats(0.0, 1.0), failures=st.integers(0, 50))
def test_a_delay_is_at_least_half_and_at_most_all(chance: float, failures: int) -> None:
    """No luck makes a tight loop, none makes a server wait for us longer than the cap."""
    backoff = Backoff(first_s=0.1, cap_s=4.0, chance=lambda: chance)
    for _ in range(failures):
        backoff.next_s()
    whole_s = min(4.0, 0.1 * 2**failures)
    assert whole_s / 2 <= backoff.next_s() <= whole_s


@given(asked_s=st.floats(0.0, 1e9))
def test_what_the_server_asks_for_is_granted_within_reason(asked_s: float) -> None:
    """It may know when it is back; but an hour of waiting would be an hour of blindness."""
    waited_s = Backoff(asked_cap_s=30.0).next_s(asked_s)
    assert min(asked_s, 30.0) <= waited_s <= 30.0
