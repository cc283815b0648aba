"""What a candidate counts from when, and what it writes: the rules that the guarantee of one leader rests on."""

from __future__ import annotations

import pytest

from detnet.kubernetes.client.api import ApiRefused, ApiUnreachable
from detnet.kubernetes.client.election_protocol import ElectionProtocol, LeaseTimes
from detnet.model.errors import ConfigError
from kubernetes_client.lease_world import TIMES, Server


class Asking:
    """A candidate whose questions are answered when the test says so; ``now_s`` is its clock."""

    def __init__(self, server: Server, identity: str = "robot") -> None:
        self.now_s = 100.0
        self.protocol = ElectionProtocol("ns", "lease", identity, TIMES, lambda: self.now_s, lambda: 0.0)
        self._server = server

    def attempt(self, *, answers_take_s: float = 0.0) -> None:
        """Make one attempt."""
        dialogue = self.protocol.attempt()
        try:
            ask = next(dialogue)
            while True:
                self.now_s += answers_take_s
                answer = self._server.answer(ask)
                ask = dialogue.throw(answer) if isinstance(answer, ApiRefused) else dialogue.send(answer)
        except StopIteration:
            return


@pytest.fixture
def server() -> Server:
    """No lease yet."""
    return Server()


def test_a_leader_counts_from_before_it_asked(server: Server) -> None:
    """The others may have seen the renewal long before its answer came back."""
    leader = Asking(server)
    leader.attempt(answers_take_s=0.5)
    leader.now_s = 105.0
    leader.attempt(answers_take_s=1.5)
    assert leader.now_s == 106.5
    assert leader.protocol.deadline_s == 105.0 + TIMES.renew_s


def test_a_follower_counts_from_after_it_was_told(server: Server) -> None:
    """However long its question took, and from a change of the lease only."""
    leader, follower = Asking(server, "leader"), Asking(server, "follower")
    leader.attempt()
    follower.attempt(answers_take_s=1.5)
    follower.now_s = 101.5 + TIMES.duration_s - 0.1
    follower.attempt()
    assert not follower.protocol.leading
    assert follower.protocol.pause_s() == pytest.approx(0.1)
    follower.now_s += 0.1
    follower.attempt()
    assert follower.protocol.leading


def test_the_holder_says_how_long_others_wait(server: Server) -> None:
    """A new configuration reaches one replica before the other."""
    leader, follower = Asking(server, "leader"), Asking(server, "follower")
    leader.attempt()
    assert server.lease is not None
    server.lease["spec"]["leaseDurationSeconds"] = 60
    follower.attempt()
    follower.now_s += 59.0
    follower.attempt()
    assert not follower.protocol.leading


def test_ones_own_lease_is_taken_up_again_at_once(server: Server) -> None:
    """After a lost answer and a while without an API server nobody has to be waited for."""
    leader = Asking(server)
    leader.attempt()
    renewal = leader.protocol.attempt()
    server.answer(next(renewal))
    with pytest.raises(ApiUnreachable):
        renewal.throw(ApiUnreachable("the answer was lost"))
    leader.now_s += TIMES.renew_s
    assert not leader.protocol.leading
    leader.attempt()
    assert leader.protocol.leading
    assert server.lease is not None
    assert server.lease["spec"]["leaseTransitions"] == 0


def test_a_leader_wakes_when_its_time_is_over(server: Server) -> None:
    """To say so: nothing is due then."""
    leader = Asking(server)
    leader.attempt()
    leader.now_s += TIMES.renew_s - 0.3
    assert leader.protocol.pause_s() == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("duration_s", "renew_s", "retry_s"), [(10.0, 10.0, 2.0), (15.0, 10.0, 9.0), (15.0, 10.0, 0.0), (1.0, 2.0, 0.1)]
)
def test_times_that_cannot_keep_the_promise_are_refused(duration_s: float, renew_s: float, retry_s: float) -> None:
    """The sentence says how they must follow each other."""
    with pytest.raises(ConfigError, match="must be longer than its renewal"):
        LeaseTimes(duration_s, renew_s, retry_s)
