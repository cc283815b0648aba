"""The order of writes under any sequence of wishes, answers and failures."""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from detnet.kubernetes.caps.work_queue import Failure, RateLimits, WorkQueue
from detnet.kubernetes.objects.patches import Cap, PendingPatch
from detnet.kubernetes.objects.workloads import POD, Ref
from detnet.model.rate import Rate

REFS = [Ref(POD, "factory", f"upload-{number}") for number in range(4)]
refs = st.sampled_from(REFS)
kinds = st.sampled_from([(True, True), (True, False), (False, False)])
PATIENCE = RateLimits()


class AnySequence(RuleBasedStateMachine):
    """Wishes come, writes begin and end in every way, time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.order = WorkQueue(PATIENCE, random.Random(1).random)
        self.newest: dict[Ref, PendingPatch] = {}  # what is wanted and not yet in force
        self.flying: dict[Ref, PendingPatch] = {}
        self.written_s: dict[Ref, float] = {}
        self.well = True  # nothing has failed since the last success, and no pause goes on
        self.failed: set[Ref] = set()
        self.number = 1_000_000

    @rule(ref=refs, kind=kinds)
    def want(self, ref: Ref, kind: tuple[bool, bool]) -> None:
        """A new cap is wanted."""
        self.number += 1
        pending = PendingPatch(ref, "uid", Cap(Rate(self.number)), *kind)
        self.order.put(pending, self.now_s)
        self.newest[ref] = pending

    @rule(by_s=st.sampled_from([0.01, 0.2, 1.0, 6.0]))
    def time_goes_by(self, by_s: float) -> None:
        """Wait."""
        self.now_s += by_s

    @rule()
    def take(self) -> None:
        """A worker asks for something to do."""
        pending = self.order.take(self.now_s)
        if pending is None:
            return
        assert pending.ref not in self.flying, "two writes of one pod at a time"
        assert pending.change == self.newest[pending.ref].change, "an older wish won"
        if not pending.falls:
            assert self.now_s >= self.written_s.get(pending.ref, 0.0) + PATIENCE.every_s, "a raise came before its turn"
            if self.well:
                waiting = [w for w in self.newest.values() if w.urgent and w.ref not in {*self.flying, *self.failed}]
                assert not waiting, "a raise went before a cut"
        self.flying[pending.ref] = pending

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        """A write ends well."""
        ref = self._end(data)
        self.order.written(ref, self.now_s)
        self.written_s[ref] = self.now_s
        self.well = self.order.hold_until_s <= self.now_s
        self.failed.discard(ref)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), why=st.sampled_from(Failure), asked_s=st.none() | st.floats(0.0, 100.0))
    def fail(self, data: st.DataObject, why: Failure, asked_s: float | None) -> None:
        """A write ends badly; its wish is not lost."""
        ref = data.draw(st.sampled_from(sorted(self.flying)))
        pending = self.flying.pop(ref)
        self.newest.setdefault(ref, pending)
        self.order.failed(ref, self.now_s, why, asked_s)
        self.well = False
        self.failed.add(ref)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """The pod is gone."""
        ref = self._end(data)
        self.order.gone(ref, self.now_s)
        self.failed.discard(ref)
        self.written_s.pop(ref, None)

    @invariant()
    def an_urgent_cut_is_never_made_to_wait(self) -> None:
        """While nothing fails, a cut that is wanted can begin now."""
        urgent = [w for w in self.newest.values() if w.urgent and w.ref not in {*self.flying, *self.failed}]
        if urgent and self.well:
            assert self.order.wait_s(self.now_s) == 0.0

    @invariant()
    def nothing_is_lost(self) -> None:
        """Everything that is wanted waits or is under way."""
        sent = {ref for ref, pending in self.flying.items() if pending.change == self.newest[ref].change}
        assert self.order.waiting == len(self.newest.keys() - sent)
        assert self.order.flying == len(self.flying)

    def teardown(self) -> None:
        """From here on the server is well: every newest wish is written soon, each once."""
        for ref in list(self.flying):
            self._settle(ref)
        deadline_s = self.now_s + PATIENCE.every_s + PATIENCE.asked_cap_s * 1.1 + PATIENCE.retry_cap_s
        while (wait_s := self.order.wait_s(self.now_s)) is not None:
            self.now_s += wait_s
            assert self.now_s <= deadline_s
            pending = self.order.take(self.now_s)
            if pending is not None:
                assert pending.change == self.newest[pending.ref].change
                self.flying[pending.ref] = pending
                self._settle(pending.ref)
        assert self.newest == {}

    def _settle(self, ref: Ref) -> None:
        self._landed(ref)
        self.order.written(ref, self.now_s)

    def _end(self, data: st.DataObject) -> Ref:
        ref: Ref = data.draw(st.sampled_from(sorted(self.flying)))
        self._landed(ref)
        return ref

    def _landed(self, ref: Ref) -> None:
        pending = self.flying.pop(ref)
        if self.newest.get(ref) is not None and self.newest[ref].change == pending.change:
            del self.newest[ref]


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
