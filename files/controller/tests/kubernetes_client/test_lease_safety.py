"""Whatever fails and however late, two candidates never lead at one moment; and when it stops failing, one leads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubernetes_client.lease_world import TIMES, Weather, World

_RATES = st.floats(0.85, 1.15)  # 10 s · 1.15 < 15 s · 0.85: the worst pair of clocks the inequality bears
_OFFSETS_S = st.floats(-1e6, 1e6)
_WEATHER = st.builds(
    Weather,
    refused=st.floats(0.0, 0.5),
    lost=st.floats(0.0, 0.5),
    delay_s=st.sampled_from([0.01, 0.5, 2.0, 5.0, 20.0]),
    stopped=st.floats(0.0, 0.2),
    stop_s=st.sampled_from([0.1, 5.0, 12.0, 30.0]),
)


def _at_most_one(world: World) -> None:
    assert len(world.leaders) <= 1, (world.now_s, world.leaders)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32), weather=_WEATHER, clocks=st.lists(st.tuples(_OFFSETS_S, _RATES), min_size=2, max_size=3)
)
def test_never_two_leaders(seed: int, weather: Weather, clocks: list[tuple[float, float]]) -> None:
    """Losses, late arrivals, stopped processes and clocks that disagree do not open a second window."""
    world = World(seed, weather, _at_most_one)
    for offset_s, rate in clocks:
        world.add(offset_s, rate, begins_s=world.chance.uniform(0.0, 5.0))
    world.after(world.chance.uniform(0.0, 100.0), world.candidates[0].release)
    world.run(200.0)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), slow=_RATES, fast=_RATES)
def test_a_leader_that_is_cut_off_stops_before_its_successor_begins(seed: int, slow: float, fast: float) -> None:
    """The gap is what the inequality promises: what a server carries out late has that long."""
    world = World(seed, Weather(delay_s=0.01), _at_most_one)
    leader, follower = world.add(rate=slow), world.add(rate=fast, begins_s=1.0)
    world.run(world.chance.uniform(10.0, 20.0))
    leader.cut_off = True
    while leader.protocol.leading:
        world.run(world.now_s + 0.01)
    ended_s = world.now_s
    while not world.leaders:
        world.run(world.now_s + 0.01)
    assert world.leaders == [follower]
    assert world.now_s - ended_s >= TIMES.duration_s / fast - TIMES.renew_s / slow - 0.05


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), weather=_WEATHER)
def test_one_leads_again_when_the_trouble_is_over(seed: int, weather: Weather) -> None:
    """Safety by never leading at all would be easy."""
    world = World(seed, weather, _at_most_one)
    world.add()
    world.add()
    world.run(100.0)
    world.weather = Weather(delay_s=0.05)
    # What was under way may take 30 s and 20 s; then a lease may have to end, and somebody has to look.
    world.run(100.0 + 50.0 + TIMES.duration_s + TIMES.retry_s)
    assert len(world.leaders) == 1
    leader = world.leaders[0]
    for second in range(60):
        world.run(world.now_s + 1.0)
        assert world.leaders == [leader], f"after {second} s"


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_dead_leader_is_followed_in_time(seed: int) -> None:
    """Within the lease's duration, a look of the follower and three answers of up to 0.2 s, whenever it died."""
    world = World(seed, Weather(delay_s=0.1), _at_most_one)
    leader = world.add()
    follower = world.add(begins_s=1.0)
    world.run(world.chance.uniform(10.0, 20.0))
    assert world.leaders == [leader]
    leader.kill()
    died_s = world.now_s
    while not world.leaders:
        world.run(world.now_s + 0.1)
    assert world.leaders == [follower]
    assert world.now_s - died_s <= TIMES.duration_s + TIMES.retry_s / 2 + 3 * 0.2


_EDITS = st.lists(
    st.tuples(
        st.floats(0.1, 20.0),
        st.sampled_from(
            [
                {"leaseDurationSeconds": 1},
                {"leaseDurationSeconds": 2**31 - 1},
                {"leaseDurationSeconds": None},
                {"holderIdentity": ""},
                {"holderIdentity": "candidate-0"},
                {"holderIdentity": "candidate-1"},
                {"holderIdentity": None, "renewTime": "2001-01-01T00:00:00.000000Z"},
                {"leaseTransitions": 2**31 - 1},
                None,
            ]
        ),
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), edits=_EDITS, clocks=st.lists(_RATES, min_size=2, max_size=3))
def test_whoever_edits_or_deletes_the_lease_makes_neither_two_leaders_nor_none(
    seed: int, edits: list[tuple[float, dict[str, object] | None]], clocks: list[float]
) -> None:
    """``None`` deletes it. The numbers are believed within bounds, and an erased name is not a freed lease."""
    world = World(seed, Weather(delay_s=0.5, lost=0.1), _at_most_one)
    for rate in clocks:
        world.add(rate=rate)
    world.run(30.0)
    for pause_s, spec in edits:
        world.run(world.now_s + pause_s)
        if spec is None:
            world.server.lease = None
        else:
            world.server.edit(**spec)
    world.weather = Weather(delay_s=0.05)
    # On the slowest clock: the longest that a lease is believed, one duration for a lease made anew, and attempts.
    world.run(world.now_s + (5 * TIMES.duration_s + 3 * TIMES.retry_s) / 0.85)
    assert len(world.leaders) == 1
    assert world.server.lease is not None
    assert 0 <= world.server.lease["spec"]["leaseTransitions"] < 2**31


@pytest.mark.parametrize("seed", [22058, 22398])
def test_a_lease_that_was_made_and_lost_again_unseen_elects_nobody_else(seed: int) -> None:
    """Found by the test above: a claim met 409, the look after it 404, and the next claim went through."""
    world = World(seed, Weather(delay_s=0.5, lost=0.1), _at_most_one)
    world.add(rate=1.125)
    world.add(rate=0.9375)
    world.run(39.0)
    world.server.lease = None
    world.run(57.0)
    world.server.lease = None
    world.weather = Weather(delay_s=0.05)
    world.run(120.0)
    assert len(world.leaders) == 1


def test_a_name_that_another_hand_wrote_elects_nobody() -> None:
    """The follower reads its own name in the lease while the leader still has its time."""
    world = World(1, Weather(delay_s=0.01), _at_most_one)
    leader, follower = world.add(), world.add(begins_s=1.0)
    world.run(10.0)
    leader.cut_off = True
    world.server.edit(holderIdentity="candidate-1")
    assert leader.protocol.leading
    while not world.leaders or world.leaders == [leader]:
        world.run(world.now_s + 0.01)
    assert world.leaders == [follower]
    assert world.now_s >= 10.0 + TIMES.duration_s - 0.1


def test_a_leader_outlives_the_loss_of_its_lease() -> None:
    """Deleted, or its name erased: who leads takes it again at its next renewal, and nobody waits."""
    for spoil in (lambda server: setattr(server, "lease", None), lambda server: server.edit(holderIdentity="")):
        world = World(1, Weather(delay_s=0.01), _at_most_one)
        leader, _follower = world.add(), world.add(begins_s=1.0)
        world.run(10.0)
        spoil(world.server)
        for _ in range(60):
            world.run(world.now_s + 0.5)
            assert world.leaders == [leader]


def test_a_released_lease_is_taken_at_once() -> None:
    """A rolling update costs a second, not the lease's duration."""
    world = World(1, Weather(delay_s=0.01), _at_most_one)
    leader, follower = world.add(), world.add(begins_s=1.0)
    world.run(10.0)
    assert world.leaders == [leader]
    leader.release()
    assert world.leaders == []
    world.run(10.0 + TIMES.retry_s)
    assert world.leaders == [follower]
