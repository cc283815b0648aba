"""A simulated world for candidates of one lease: a server, clocks that disagree, and a network without mercy.

Each request may be refused, lost on the way, carried out long after its sender gave up, or answered into the void. Each
candidate may be stopped (SIGSTOP) before anything it does. Time is true time; candidates see their own clocks only.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from detnet.kubernetes.client.api import ApiError, ApiRefused, ApiUnreachable
from detnet.kubernetes.client.election_protocol import Dialogue, ElectionProtocol, LeaseRequest, LeaseTimes

TIMES = LeaseTimes(duration_s=15.0, renew_s=10.0, retry_s=2.0)


@dataclass
class Server:
    """One Lease with the API server's optimistic concurrency."""

    lease: dict[str, Any] | None = None
    versions: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, ask: LeaseRequest) -> dict[str, Any] | ApiRefused:
        """Carry ``ask`` out."""
        if ask.method == "GET":
            return self.lease or ApiRefused(404, "NotFound", "no such lease")
        assert ask.body is not None
        if ask.method == "POST" and self.lease is not None:
            return ApiRefused(409, "AlreadyExists", "it exists")
        if ask.method == "PUT" and self.lease is None:
            return ApiRefused(404, "NotFound", "no such lease")
        if ask.method == "PUT" and ask.body["metadata"]["resourceVersion"] != self._version:
            return ApiRefused(409, "Conflict", "somebody else has written")
        self.lease = {**ask.body, "metadata": {**ask.body["metadata"], "resourceVersion": str(next(self.versions))}}
        return self.lease

    def edit(self, **spec: Any) -> None:
        """Let somebody else write into the lease's specification."""
        if self.lease is not None:
            metadata = {**self.lease["metadata"], "resourceVersion": str(next(self.versions))}
            self.lease = {**self.lease, "metadata": metadata, "spec": {**self.lease["spec"], **spec}}

    @property
    def _version(self) -> str:
        assert self.lease is not None
        return str(self.lease["metadata"]["resourceVersion"])


@dataclass(frozen=True)
class Weather:
    """Chances per request or action, and the longest delays in seconds."""

    refused: float = 0.0
    lost: float = 0.0
    delay_s: float = 0.0
    stopped: float = 0.0
    stop_s: float = 0.0


class World:
    """Runs candidates side by side; ``check`` is called after everything that happens."""

    def __init__(self, seed: int, weather: Weather, check: Callable[[World], None]) -> None:
        self.now_s = 0.0
        self.server = Server()
        self.candidates: list[Candidate] = []
        self.weather = weather
        self.chance = random.Random(seed)
        self._check = check
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def add(self, offset_s: float = 0.0, rate: float = 1.0, begins_s: float = 0.0) -> Candidate:
        """Let another candidate stand from ``begins_s`` on."""
        candidate = Candidate(self, f"candidate-{len(self.candidates)}", offset_s, rate)
        self.candidates.append(candidate)
        self.after(begins_s, candidate.attempt)
        return candidate

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do ``action`` so much later."""
        heapq.heappush(self._agenda, (self.now_s + delay_s, next(self._order), action))

    def run(self, until_s: float) -> None:
        """Let time pass."""
        while self._agenda and self._agenda[0][0] <= until_s:
            self.now_s, _, action = heapq.heappop(self._agenda)
            action()
            self._check(self)
        self.now_s = until_s
        self._check(self)

    @property
    def leaders(self) -> list[Candidate]:
        """Who may write at this moment."""
        return [candidate for candidate in self.candidates if candidate.protocol.leading]


class Candidate:
    """A campaign, driven as ``Elector`` drives it."""

    def __init__(self, world: World, identity: str, offset_s: float, rate: float) -> None:
        self.identity = identity
        self._world = world
        self._rate = rate
        self._dead = False
        self.cut_off = False
        self.protocol = ElectionProtocol(
            "ns", "lease", identity, TIMES, lambda: offset_s + rate * world.now_s, world.chance.random
        )

    def attempt(self) -> None:
        """Begin the next attempt."""
        self._go_on(self.protocol.attempt(), None)

    def kill(self) -> None:
        """SIGKILL: nothing of it happens any more."""
        self.protocol.give_up()
        self._dead = True

    def release(self) -> None:
        """Stop at SIGTERM: lead no more, free the lease."""
        self.protocol.give_up()
        self._go_on(self.protocol.release(), None)

    def _soon(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do it then, or later if this process is stopped."""
        weather, chance = self._world.weather, self._world.chance
        stop_s = chance.uniform(0.0, weather.stop_s) if chance.random() < weather.stopped else 0.0
        self._world.after(delay_s + stop_s, action)

    def _go_on(self, dialogue: Dialogue, answer: dict[str, Any] | ApiError | None) -> None:
        if self._dead:
            return
        try:
            if answer is None:
                ask = next(dialogue)
            elif isinstance(answer, ApiError):
                ask = dialogue.throw(answer)
            else:
                ask = dialogue.send(answer)
        except (StopIteration, ApiError):
            self._soon(self.protocol.pause_s() / self._rate, self.attempt)
        else:
            self._soon(0.0, lambda: self._send(dialogue, ask))

    def _send(self, dialogue: Dialogue, ask: LeaseRequest) -> None:
        world, weather, chance = self._world, self._world.weather, self._world.chance
        patience_s = TIMES.request_s / self._rate
        gave_up = ApiUnreachable("no answer in time")

        def arrive() -> None:
            answer = world.server.answer(ask)
            back_s = chance.uniform(0.0, weather.delay_s)
            if there_s + back_s <= patience_s and chance.random() >= weather.lost:
                self._soon(back_s, lambda: self._go_on(dialogue, answer))
            else:
                self._soon(max(0.0, patience_s - there_s), lambda: self._go_on(dialogue, gave_up))

        there_s = chance.uniform(0.0, weather.delay_s)
        draw = chance.random()
        if self.cut_off or draw < weather.refused:
            self._soon(0.0, lambda: self._go_on(dialogue, ApiUnreachable("refused")))
        elif draw < weather.refused + weather.lost:
            self._soon(patience_s, lambda: self._go_on(dialogue, gave_up))
        else:
            world.after(there_s, arrive)
