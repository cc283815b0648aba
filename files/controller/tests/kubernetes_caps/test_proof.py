"""Whether a cap is in force is told by the bytes of its pod, and by nothing else."""

from __future__ import annotations

import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.caps.proof import Evidence, Proof, Proofs, Rewrites, nudged
from detnet.kubernetes.objects.faults import Faults
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate

M = 1_000_000
CAP = {"factory/upload-1": Rate(20 * M)}


def _sending(rates_mbps: list[float], *, scrape_every: int = 1, caps: dict[str, Rate] = CAP) -> Proofs:
    """Read the counter of one pod each second, which moves at every ``scrape_every``-th reading."""
    known, sent, shown = Proofs(), 0.0, 0.0
    for second, rate in enumerate(rates_mbps):
        sent += rate * M / 8.0
        shown = sent if second % scrape_every == 0 else shown
        known = known.after({"factory/upload-1": shown}, caps, 100.0 + second, Faults())
    return known


def test_a_pod_that_goes_on_above_its_cap_is_told_with_the_likely_reasons() -> None:
    """Ten seconds above are no burst."""
    (told,) = _sending([52.0] * 14).disproved(160.0).values()
    assert told.startswith(
        "Pod factory/upload-1 sends 52 Mbit/s under a cap of 20 Mbit/s, which is not enforced: likely"
    )
    assert "same node" in told


def test_a_burst_and_a_pod_at_its_cap_are_not_told() -> None:
    """What is within a quarter of the cap, or ends within ten seconds, may be framing and queues."""
    assert not _sending([24.0] * 30).disproved(160.0)
    assert not _sending([52.0] * 9 + [20.0] * 5).disproved(160.0)


def test_counters_that_stand_still_between_scrapes_are_neither_silence_nor_a_burst() -> None:
    """Rates are taken between two moves of the counter, whatever the pace of reading."""
    assert not _sending([20.0] * 90, scrape_every=15).disproved(160.0)
    assert _sending([52.0] * 90, scrape_every=15).disproved(160.0)


def test_what_was_sent_before_the_cap_does_not_count() -> None:
    """The scrape after a cut still holds bytes from before it."""
    known, sent, shown = Proofs(), 0.0, 0.0
    for second in range(60):
        sent += (200.0 if second <= 20 else 20.0) * M / 8.0
        shown = sent if second % 15 == 0 else shown
        caps = {"factory/upload-1": Rate((200 if second < 20 else 20) * M)}
        known = known.after({"factory/upload-1": shown}, caps, 100.0 + second, Faults())
        assert not known.disproved(160.0)


def test_a_counter_that_began_again_and_a_pod_that_went_are_forgotten() -> None:
    """Both would give rates of nobody."""
    known = _sending([52.0] * 14)
    assert not known.after({"factory/upload-1": 0.0}, CAP, 120.0, Faults()).disproved(160.0)
    assert not known.after({"factory/upload-1": 1e9}, {}, 120.0, Faults()).pods


POD = "factory/upload-1"


def _state(rates_mbps: list[float], caps_mbps: list[float] | None = None) -> Proof:
    """Return the state after a second at each rate, under one cap of 20 Mbit/s or under these."""
    known, sent, second = Proofs(), 0.0, 0
    for second, rate in enumerate(rates_mbps):
        sent += rate * M / 8.0
        cap = 20.0 if caps_mbps is None else caps_mbps[second]
        known = known.after({POD: sent}, {POD: Rate(round(cap * M))}, 100.0 + second, Faults())
    return known.of([POD], 100.0 + second)


@pytest.mark.parametrize(
    ("rates_mbps", "state"),
    [
        ([19.0] * 5, Proof.UNPROVED),
        ([19.0] * 8, Proof.PROVED),
        ([19.0] * 8 + [0.0] * 3600, Proof.PROVED),
        ([3.0] * 600, Proof.UNPROVED),
        ([0.0] * 600, Proof.UNPROVED),
        ([90.0] * 14, Proof.DISPROVED),
        ([90.0] * 14 + [0.0] * 600, Proof.DISPROVED),
        ([90.0] * 14 + [3.0] * 30, Proof.UNPROVED),
        ([90.0] * 14 + [19.0] * 8, Proof.PROVED),
        ([19.0] * 8 + [90.0] * 12, Proof.DISPROVED),
    ],
)
def test_only_a_pod_that_presses_says_something(rates_mbps: list[float], state: Proof) -> None:
    """One that sends little, or stops, leaves what was known."""
    assert _state(rates_mbps) is state


def test_what_was_proved_of_a_cap_is_believed_of_the_next_for_a_minute() -> None:
    """A workload that asks for less than its cap would else never be told apart from one without enforcement."""
    assert _state([19.0] * 8 + [3.0] * 30, [20.0] * 8 + [40.0] * 30) is Proof.PROVED
    assert _state([19.0] * 8 + [3.0] * 90, [20.0] * 8 + [40.0] * 90) is Proof.UNPROVED
    walking = [20.0 + second for second in range(100)]
    assert _state([19.0] * 8 + [3.0] * 92, walking) is Proof.UNPROVED


def test_a_loop_that_goes_on_cutting_does_not_hide_that_nothing_happens() -> None:
    """A pod above one cap is above the next, lower one: ten seconds of it are ten seconds."""
    falling = [40.0 * 0.9**second for second in range(14)]
    assert _state([90.0] * 14, falling) is Proof.DISPROVED


def test_a_cap_that_is_written_again_in_another_text_is_the_same_cap() -> None:
    """Else each attempt to bring it back would begin the count anew."""
    texts = [20.0 if second % 2 else 19.999 for second in range(14)]
    assert _state([90.0] * 14, texts) is Proof.DISPROVED


def test_a_reading_without_the_pod_changes_no_state() -> None:
    """One scrape that fails is no evidence."""
    known = _sending([90.0] * 14)
    assert known.of([POD], 113.0) is Proof.DISPROVED
    assert known.after({}, CAP, 114.0, Faults()).of([POD], 114.0) is Proof.DISPROVED


def test_small_steps_of_a_cap_do_not_carry_its_proof_along() -> None:
    """A hundredth at a time is another cap in the end, and a pod that asks for little has not pressed against it."""
    steps = [20.0 * 1.005**second for second in range(1, 113)]
    assert _state([19.0] * 8 + [3.0] * 112, [20.0] * 8 + steps) is Proof.UNPROVED


def test_a_counter_that_fell_is_another_pods_and_tells_nothing_yet() -> None:
    """A container that restarted has another counter, and maybe another network."""
    known = _sending([90.0] * 14).after({POD: 0.0}, CAP, 114.0, Faults())
    assert known.of([POD], 114.0) is Proof.UNPROVED


RATES = st.lists(st.floats(0.0, 200.0), min_size=1, max_size=60)


@given(rates_mbps=RATES)
def test_silence_changes_no_state(rates_mbps: list[float]) -> None:
    """Counters stand still between scrapes as they do in silence."""
    assert _state(rates_mbps + [0.0] * 5) is _state(rates_mbps)


@given(rates_mbps=RATES, others_mbps=RATES)
def test_no_pod_speaks_for_another(rates_mbps: list[float], others_mbps: list[float]) -> None:
    """The evidence of a pod is the same whoever else is there."""
    alone, beside, cap = Proofs(), Proofs(), Rate(20 * M)
    for second, (rate, other) in enumerate(zip(rates_mbps, others_mbps, strict=False)):
        mine = {POD: rate * M / 8.0 * (second + 1)}
        alone = alone.after(mine, {POD: cap}, float(second), Faults())
        both = {**mine, "factory/b": other * M / 8.0 * (second + 1)}
        beside = beside.after(both, {POD: cap, "factory/b": cap}, float(second), Faults())
        assert beside.pods.get(POD) == alone.pods.get(POD)


@given(
    steps=st.lists(
        st.tuples(st.floats(0.1, 20.0), st.floats(0.0, 25e6), st.sampled_from([1, 2, 20, 100])), min_size=1, max_size=80
    )
)
def test_no_cap_is_proved_of_a_pod_that_never_presses_and_disproved_of_one_that_obeys(
    steps: list[tuple[float, float, int]],
) -> None:
    """Whatever the scrapes and the changes of the cap."""
    lazy = obedient = Evidence.first(0.0, Rate(20 * M), 0.0)
    now_s = lazy_bytes = obedient_bytes = 0.0
    for step_s, wanted, cap_mbps in steps:
        cap = Rate(cap_mbps * M)
        now_s += step_s
        lazy_bytes += min(wanted, 0.7 * cap.bps / 8.0) * step_s
        obedient_bytes += min(wanted, cap.bps / 8.0) * step_s
        lazy, obedient = lazy.after(lazy_bytes, cap, now_s), obedient.after(obedient_bytes, cap, now_s)
        assert lazy.proof(now_s) is not Proof.PROVED
        assert obedient.proof(now_s) is not Proof.DISPROVED


@pytest.mark.parametrize("scrape_s", [1.0, 5.0, 15.0])
def test_an_hour_of_churn_disproves_no_cap_that_is_enforced(scrape_s: float) -> None:
    """Slow starts, pods that ask for little or stop, cuts whose queue drains at the old rate, scrapes that are late."""
    chance = random.Random(scrape_s)
    cap, before = Rate(50 * M), Rate(50 * M)
    known = Evidence.first(0.0, cap, 0.0)
    sent = demand_bps = drained_s = 0.0
    scraped: deque[tuple[float, float]] = deque()
    shown = 0.0
    for tenth in range(36_000):
        now_s = tenth / 10.0
        if chance.random() < 0.02:  # a new cap every 5 s
            before, cap, drained_s = cap, Rate(chance.randint(1, 90) * M), now_s + 2.0
        if chance.random() < 0.01:
            demand_bps = chance.choice([0.0, 1e5, 5e6, 2e7, 1e9])
        allowed_bps = max(before.bps, cap.bps) if now_s < drained_s else cap.bps
        sent += min(demand_bps, allowed_bps * chance.uniform(0.9, 1.05)) / 8.0 / 10.0
        if tenth % round(10.0 * scrape_s) == 0:
            scraped.append((now_s + chance.uniform(0.0, 1.0), sent))
        while scraped and scraped[0][0] <= now_s:
            shown = scraped.popleft()[1]
        if tenth % 5 == 0:
            known = known.after(shown, cap, now_s)
            assert known.proof(now_s) is not Proof.DISPROVED, f"at {now_s} s"


@given(st.integers(FLOOR_BPS, CEILING_BPS))
def test_a_nudged_cap_is_another_text_of_nearly_the_same_rate(bps: int) -> None:
    """It reads back as what it is, and is never below what a cap can be."""
    cap, other = Rate(bps), nudged(Rate(bps))
    assert other.quantity != cap.quantity
    assert abs(other.bps - bps) == 1_000
    assert Rate.parse(other.quantity) == other


def test_a_cap_without_effect_is_written_again_at_once_and_then_less_and_less_often() -> None:
    """Up to every five minutes; a cap that works again and fails again begins anew."""
    rewrites = Rewrites()
    at_s = [second for second in range(1500) if list(rewrites.due([POD], float(second)))]
    assert at_s == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]
    assert list(rewrites.due([], 1500.0)) == []
    assert list(rewrites.due([POD], 1501.0)) == [POD]
