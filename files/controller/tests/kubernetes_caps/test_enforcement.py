"""A cap that is written but not enforced is found by the bytes that its pod goes on sending."""

from __future__ import annotations

from detnet.kubernetes.caps.compliance import Enforcement
from detnet.kubernetes.objects.faults import Faults
from detnet.model.rate import Rate

M = 1_000_000
CAP = {"factory/upload-1": Rate(20 * M)}


def _sending(rates_mbps: list[float], *, scrape_every: int = 1, caps: dict[str, Rate] = CAP) -> Enforcement:
    """Read the counter of one pod each second, which moves at every ``scrape_every``-th reading."""
    known, sent, shown = Enforcement(), 0.0, 0.0
    for second, rate in enumerate(rates_mbps):
        sent += rate * M / 8.0
        shown = sent if second % scrape_every == 0 else shown
        known = known.after({"factory/upload-1": shown}, caps, 100.0 + second, Faults())
    return known


def test_a_pod_that_goes_on_above_its_cap_is_told_with_the_likely_reasons() -> None:
    """Ten seconds above are no burst."""
    (told,) = _sending([52.0] * 14).violating().values()
    assert told.startswith(
        "Pod factory/upload-1 sends 52 Mbit/s under a cap of 20 Mbit/s, which is not enforced: likely"
    )
    assert "same node" in told


def test_a_burst_and_a_pod_at_its_cap_are_not_told() -> None:
    """What is within a quarter of the cap, or ends within ten seconds, may be framing and queues."""
    assert not _sending([24.0] * 30).violating()
    assert not _sending([52.0] * 9 + [20.0] * 5).violating()


def test_counters_that_stand_still_between_scrapes_are_neither_silence_nor_a_burst() -> None:
    """Rates are taken between two moves of the counter, whatever the pace of reading."""
    assert not _sending([20.0] * 90, scrape_every=15).violating()
    assert _sending([52.0] * 90, scrape_every=15).violating()


def test_what_was_sent_before_the_cap_does_not_count() -> None:
    """The scrape after a cut still holds bytes from before it."""
    known, sent, shown = Enforcement(), 0.0, 0.0
    for second in range(60):
        sent += (200.0 if second <= 20 else 20.0) * M / 8.0
        shown = sent if second % 15 == 0 else shown
        caps = {"factory/upload-1": Rate((200 if second < 20 else 20) * M)}
        known = known.after({"factory/upload-1": shown}, caps, 100.0 + second, Faults())
        assert not known.violating()


def test_a_counter_that_began_again_and_a_pod_that_went_are_forgotten() -> None:
    """Both would give rates of nobody."""
    known = _sending([52.0] * 14)
    assert not known.after({"factory/upload-1": 0.0}, CAP, 120.0, Faults()).violating()
    assert not known.after({"factory/upload-1": 1e9}, {}, 120.0, Faults()).pods
