"""From a target's cap to its pods' caps, and what is worth a write."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.control.allocate import Claim
from detnet.control.guard import Guard
from detnet.kubernetes.objects.shares import falls, is_sharp, is_step_down, per_pod, together, worth_writing
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate

M = 1_000_000
rates = st.integers(FLOOR_BPS, CEILING_BPS).map(Rate)


@given(rates, st.integers(1, 5000))
def test_shares_stay_within_the_budget_unless_the_least_caps_exceed_it(cap: Rate, pods: int) -> None:
    """Whole kbit/s, so that every enforcer keeps them exactly."""
    share = per_pod(cap, pods)
    assert share.bps * pods <= max(cap.bps, pods * FLOOR_BPS)
    assert share.bps % 1000 == 0
    assert (share.bps + 1000) * pods > cap.bps


@given(st.lists(st.none() | rates))
def test_one_pod_without_a_cap_makes_the_whole_unlimited(caps: list[Rate | None]) -> None:
    """A sum that leaves it out would be a lie."""
    total = together(caps)
    if None in caps or not caps:
        assert total is None
    else:
        assert total == Rate(min(sum(cap.bps for cap in caps if cap), CEILING_BPS))


@given(rates, rates)
def test_a_cut_is_always_written(wanted: Rate, in_force: Rate) -> None:
    """However small its part for one pod."""
    assert worth_writing(Rate(99_999_000), Rate(100 * M), sharp=True)
    assert worth_writing(wanted, in_force, sharp=True) or wanted >= in_force
    assert worth_writing(wanted, None, sharp=False)
    assert falls(wanted, None)
    assert is_step_down(wanted, None)


@given(rates, st.floats(-0.019, 0.019))
def test_noise_is_not_written(in_force: Rate, change: float) -> None:
    """A change of less than two percent that no breach asked for costs more than it brings."""
    wanted = Rate.clamped(in_force.bps * (1.0 + change), Rate(FLOOR_BPS), Rate(CEILING_BPS))
    assert not worth_writing(wanted, in_force, sharp=False)


@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=5),
    st.floats(0.0, 1.0),
    st.integers(0, 5),
    st.none() | st.floats(0, 1e9),
)
def test_whatever_the_guard_cuts_is_sharp(least: list[int], where: float, cuts: int, sent: float | None) -> None:
    """So no cut of a breach is ever taken for noise or made to wait."""
    claims = [Claim(str(i), m * M, 4 * m * M) for i, m in enumerate(least)]
    low, high = sum(c.minimum_bps for c in claims), sum(c.maximum_bps for c in claims)
    guard = Guard(minimum_bps=low, maximum_bps=high, safe_bps=low)
    budget = int(low + where * (high - low))
    after = guard.bounded(guard.cut_limit(budget, cuts, sent, 0.0))
    before = {c.name: Rate(c.minimum_bps * budget // low) for c in claims}
    if after < sum(rate.bps for rate in before.values()):  # rounding may leave nothing to cut
        shares = {c.name: Rate(c.minimum_bps * after // low) for c in claims}
        shares["0"] = Rate(after - sum(rate.bps for name, rate in shares.items() if name != "0"))
        assert is_sharp(shares, before, claims)


def test_the_last_step_down_to_the_least_caps_is_sharp_however_small() -> None:
    """There the guard cannot cut by a tenth any more."""
    claims = [Claim("a", 10 * M, 100 * M)]
    assert is_sharp({"a": Rate(10 * M)}, {"a": Rate(10_200_000)}, claims)
    assert not is_sharp({"a": Rate(10 * M)}, {"a": Rate(10 * M)}, claims)


def test_decay_and_moving_shares_are_not_sharp() -> None:
    """A blind budget falls by less than four percent a pass; a share that moves to another target is no cut at all."""
    claims = [Claim("a", 5 * M, 100 * M), Claim("b", 5 * M, 100 * M)]
    before = {"a": Rate(50 * M), "b": Rate(50 * M)}
    assert not is_sharp({"a": Rate(48 * M), "b": Rate(48 * M)}, before, claims)
    assert not is_sharp({"a": Rate(20 * M), "b": Rate(80 * M)}, before, claims)
    assert is_sharp({"a": Rate(47 * M), "b": Rate(47 * M)}, before, claims)
