"""The fluid bottleneck: queues, losses, and how senders answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet_lab.simulator.fluid_link import FluidLink, Sender
from detnet_lab.simulator.plant import SLOT_S, Plant

C = 1e8
PLANT = Plant(capacity_bps=C, buffer_ms=8.0, burst_bytes=1500)


def sender(rate_bps: float, *, tcp: bool = False) -> Sender:
    """Return a sender that already sends at its limit."""
    one = Sender(4, tcp=tcp)
    one.limit_bps = one.rate_bps = rate_bps
    return one


def test_a_queue_grows_by_what_exceeds_the_capacity() -> None:
    """Its delay rises by (arrivals - C) / C: 2 % too much for 100 ms is 2 ms."""
    slot = FluidLink(PLANT, [sender(0.72 * C)]).advance(C, 0.3 * C)
    assert slot.queue_ms[-1] == pytest.approx(2.0)
    assert not any(slot.loss)


def test_a_full_buffer_loses_what_does_not_fit_from_both_classes() -> None:
    """A FIFO does not know who is critical."""
    link = FluidLink(PLANT, [sender(0.9 * C)])
    slot = [link.advance(C, 0.3 * C) for _ in range(3)][-1]
    assert slot.queue_ms[-1] == pytest.approx(8.0)
    assert slot.loss[-1] == pytest.approx(0.2 / 1.2)
    assert slot.critical_lost_bits == pytest.approx(0.3 * C * SLOT_S * 0.2 / 1.2)


def test_a_queue_drains_once_there_is_room() -> None:
    """The delay of a burst ends with its last bit."""
    best_effort = sender(0.72 * C)
    link = FluidLink(PLANT, [best_effort])
    link.advance(C, 0.3 * C)
    best_effort.limit(0.1 * C, C)
    assert link.advance(C, 0.3 * C).queue_ms[-1] == 0.0


def test_the_buffer_is_bytes_so_a_slower_link_makes_it_longer() -> None:
    """8 ms at the full rate are 16 ms at half of it."""
    link = FluidLink(PLANT, [sender(C)])
    assert [link.advance(C / 2, 0.3 * C) for _ in range(3)][-1].queue_ms[-1] == pytest.approx(16.0)


def test_tcp_answers_to_loss_and_udp_does_not() -> None:
    """0.7 of the rate after a loss that hits every flow."""
    tcp, udp = sender(C, tcp=True), sender(C)
    for one in (tcp, udp):
        one.lose(1e7)
    assert [tcp.rate_bps, udp.rate_bps] == pytest.approx([0.7 * C, C])


def test_a_small_loss_hits_few_of_many_flows() -> None:
    """One packet out of a hundred flows slows down about one of them."""
    many = Sender(100, tcp=True)
    many.rate_bps = C
    many.lose(12_000.0)
    assert many.rate_bps == pytest.approx(C * (1 - 0.3 / 100), rel=1e-3)


@given(
    rates=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=4),
    critical=st.floats(0.0, 1.0),
    capacity=st.floats(0.1, 1.0),
    tcp=st.booleans(),
)
def test_nothing_is_made_or_delivered_beyond_the_capacity(
    rates: list[float], critical: float, capacity: float, *, tcp: bool
) -> None:
    """What goes in comes out, stands in the queue or is lost; the queue stays inside the buffer."""
    link = FluidLink(PLANT, [sender(rate * C, tcp=tcp) for rate in rates])
    slots = [link.advance(capacity * C, critical * C) for _ in range(5)]
    sent = sum(sum(slot.sent_bits) for slot in slots)
    passed = sum(sum(slot.goodput_bits) for slot in slots)
    critical_passed = 5 * SLOT_S * critical * C - sum(slot.critical_lost_bits for slot in slots)
    assert passed <= sent + 1e-3
    assert passed + critical_passed <= capacity * C * 5 * SLOT_S + PLANT.buffer_bits + 1.0
    assert all(0.0 <= queue_ms <= slot.most_ms + 1e-6 for slot in slots for queue_ms in slot.queue_ms)
