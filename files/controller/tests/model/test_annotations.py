"""A cap on a pod can always be taken back, and nothing but our annotations is ever touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.model.annotations import (
    EGRESS,
    NO_PRIOR,
    PRIOR,
    PRIOR_PRIORITY,
    PRIORITY,
    cap_patch,
    patched,
    priority_patch,
    release_patch,
    standing,
)
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate

rates = st.integers(FLOOR_BPS, CEILING_BPS).map(Rate)
texts = st.one_of(rates.map(lambda rate: rate.quantity), st.sampled_from(["10m", "10Mbit", "0", "-5M", "1e6", "500k"]))
foreign = st.dictionaries(
    st.sampled_from(["team", "kubernetes.io/ingress-bandwidth", "bandwidth.cilium.io/priority"]), st.text()
)
untouched = st.builds(
    lambda others, text: others if text is None else {**others, EGRESS: text}, foreign, st.none() | texts
)


@given(untouched, st.lists(rates, min_size=1, max_size=4))
def test_release_restores_what_stood_there_before_any_number_of_caps(before: dict[str, str], caps: list[Rate]) -> None:
    """Cap, cap again, release: the object is as it was, even where a person's text was no rate."""
    after: dict[str, str] = before
    for cap in caps:
        after = patched(after, cap_patch(after, cap))
        assert standing(after).cap == cap
    assert patched(after, release_patch(after)) == before


@given(untouched, rates)
def test_patches_name_no_annotation_but_ours(before: dict[str, str], cap: Rate) -> None:
    """Whatever else stands on the object never appears in a patch."""
    patch = cap_patch(before, cap)
    assert patch.keys() <= {EGRESS, PRIOR}
    assert release_patch(patched(before, patch)).keys() == {EGRESS, PRIOR}


@given(untouched, rates)
def test_the_same_cap_twice_writes_once(before: dict[str, str], cap: Rate) -> None:
    """A cap that is in force already is no patch; one of the same rate that is not ours is made ours."""
    assert cap_patch(before, cap)[PRIOR] == before.get(EGRESS, NO_PRIOR)
    after = patched(before, cap_patch(before, cap))
    assert cap_patch(after, cap) == {}


@given(untouched)
def test_nothing_of_ours_is_nothing_to_release(before: dict[str, str]) -> None:
    """A cap that somebody else set stays."""
    assert release_patch(before) == {}


def test_a_text_that_is_no_rate_counts_as_no_cap_and_says_why() -> None:
    """Cilium takes 10m for unlimited, silently; we do not."""
    now = standing({EGRESS: "10m"})
    assert now.cap is None
    assert now.error is not None
    assert "10m" in now.error


def test_a_cap_below_our_least_is_in_force_and_counts_as_the_least() -> None:
    """Cilium enforces 500k: a first cap of 2M over it is a raise, and what is ours is written anew."""
    now = standing({EGRESS: "500k"})
    assert now.cap == Rate(FLOOR_BPS)
    assert now.error is not None
    assert cap_patch({EGRESS: "500k", PRIOR: ""}, Rate(FLOOR_BPS)) == {EGRESS: "1M"}


def test_an_empty_annotation_is_taken_away_by_release() -> None:
    """It means what no annotation means, unlimited, and the marker has no other word for none."""
    after = patched({EGRESS: ""}, cap_patch({EGRESS: ""}, Rate(2_000_000)))
    assert patched(after, release_patch(after)) == {}


def test_another_annotation_can_carry_the_cap() -> None:
    """The v1 controller's BANDWIDTH_ANNOTATION names it."""
    key = "example.org/egress"
    assert cap_patch({EGRESS: "5M"}, Rate(2_000_000), key=key) == {key: "2M", PRIOR: NO_PRIOR}


@given(untouched, st.lists(st.tuples(rates, st.none() | st.sampled_from(["bestEffort", "burstable"])), min_size=1))
def test_release_restores_the_priority_as_well(before: dict[str, str], wishes: list[tuple[Rate, str | None]]) -> None:
    """What stood under Cilium's priority is remembered and put back like the cap."""
    after: dict[str, str] = {name: text for name, text in before.items() if text}  # empty means none: see above
    before = after
    for cap, priority in wishes:
        after = patched(after, cap_patch(after, cap, priority=priority))
        assert standing(after).cap == cap
        assert priority is None or after[PRIORITY] == priority
    assert patched(after, release_patch(after)) == before


@given(untouched, rates, st.sampled_from(["bestEffort", "guaranteed"]))
def test_a_changed_priority_always_comes_with_a_changed_text_of_the_cap(
    before: dict[str, str], cap: Rate, priority: str
) -> None:
    """Cilium 1.18.3 ignores a live pod's new priority otherwise; the rate stays the same."""
    for start in (before, patched(before, cap_patch(before, cap))):
        patch = cap_patch(start, cap, priority=priority)
        if PRIORITY in patch:
            assert patch[EGRESS] != start.get(EGRESS)
        assert standing(patched(start, patch)).cap == cap
        assert cap_patch(patched(start, patch), cap, priority=priority) == {}


@given(untouched, st.lists(rates, min_size=1, max_size=3), st.sampled_from(["bestEffort", "burstable"]))
def test_release_changes_the_text_of_the_cap_with_the_priority(
    before: dict[str, str], caps: list[Rate], priority: str
) -> None:
    """Else Cilium 1.18.3 would keep the low priority: also where a person's cap and ours are the same rate."""
    person = standing(before).cap
    after: dict[str, str] = {name: text for name, text in before.items() if text}
    for cap in [*caps, person or caps[0]]:
        after = patched(after, cap_patch(after, cap, priority=priority))
    patch = release_patch(after)
    if PRIORITY in patch:
        assert patch[EGRESS] != after[EGRESS]


def test_a_priority_that_is_so_already_stays_somebody_elses() -> None:
    """Release must not take away what we did not bring."""
    assert priority_patch({PRIORITY: "guaranteed"}, "guaranteed") == {}
    assert priority_patch({}, "guaranteed") == {PRIORITY: "guaranteed", PRIOR_PRIORITY: NO_PRIOR}
