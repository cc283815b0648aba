"""What the bytes of a pod say of its cap: proved, not yet proved, or disproved.

An annotation says what should be enforced, and nothing in Kubernetes says whether it is. Only a pod that is pressed
against its cap proves it, and only one that goes on above it disproves it; a pod that sends little, and counters that
stand still, say nothing. Pure: times are arguments, in monotonic s.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from detnet.kubernetes.objects.faults import Faults
from detnet.model.rate import FLOOR_BPS, Rate, human

# Above the cap by more than bursts and headers explain, for longer than what waited in the queue at the old rate (2 s).
_ABOVE = 1.25
_ABOVE_LASTS_S = 10.0
# TCP under a cap of Cilium's gets 95 % of it as payload; a pod that is served less than three quarters does not press.
_PRESSED = (0.75, 1.1)
_PRESSED_LASTS_S = 5.0
_LEAST_MOVES = 2
# A cap that is written again in another text, to be looked at again, is the same cap: 1 kbit/s of 1 Mbit/s.
_SAME = 0.001
# What was proved of a cap is believed of the next one for as long as counters need to say something of that.
_CARRIED_S = 60.0

REASONS = (
    "likely traffic to pods on the same node, an agent that has nothing attached to the node's egress "
    "(kube-proxy replacement off) or that restarts, a CNI that does not read the annotation of a running pod, "
    "or an L7 policy that selects the pod"
)
UNKNOWN = "has byte counters that cannot be used"


class Proof(enum.IntEnum):
    """Whether a cap is in force, as far as bytes tell; the worse the greater."""

    PROVED = 0
    UNPROVED = 1
    DISPROVED = 2


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves of a counter in a row: the span that they cover, and how many they are."""

    from_s: float
    to_s: float
    number: int

    def tell(self, least_s: float) -> bool:
        """Whether they are evidence: one alone may hold bytes from before a cut, for as long as a scrape is old."""
        return self.number >= _LEAST_MOVES and self.to_s - self.from_s >= least_s


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one pod: its cap, its counter, and what that did under this cap.

    ``since_s``: when this cap was first seen; ``highest``: the highest cap since the counter last moved, which what it
    moves by next may have been sent under; ``moved_s``: when it last moved; ``above`` and ``pressed``: the moves in a
    row that were above the cap, or at it; ``rate_bps``: the newest rate; ``proved_s``: when a cap of this pod, this one
    or one before it, was last proved.
    """

    cap: Rate
    sent_bytes: float
    since_s: float
    highest: Rate
    moved_s: float | None = None
    above: Moves | None = None
    pressed: Moves | None = None
    rate_bps: float = 0.0
    proved_s: float | None = None

    @classmethod
    def first(cls, sent_bytes: float, cap: Rate, now_s: float) -> Evidence:
        """Return what the first reading of a counter tells: nothing yet."""
        return cls(cap, sent_bytes, now_s, cap)

    def proof(self, now_s: float) -> Proof:
        """Return the state of the cap."""
        if self.above is not None and self.above.tell(_ABOVE_LASTS_S):
            return Proof.DISPROVED
        if self.proved_s is not None and (self.proved_s >= self.since_s or now_s - self.proved_s <= _CARRIED_S):
            return Proof.PROVED
        return Proof.UNPROVED

    def after(self, sent_bytes: float, cap: Rate, now_s: float) -> Evidence:
        """Return what is known after a reading of the counter, under the cap that was then written."""
        if sent_bytes < self.sent_bytes:  # another container, or another counter: nothing of before is believed
            return Evidence.first(sent_bytes, cap, now_s)
        known = self if cap == self.cap else self._under(cap, now_s)
        if sent_bytes == self.sent_bytes:
            return known  # no scrape since, or silence
        return known._moved(sent_bytes, now_s)  # noqa: SLF001 - another one of these

    def _under(self, cap: Rate, now_s: float) -> Evidence:
        """Return what is known once the cap is another one."""
        if abs(cap.bps - self.cap.bps) <= _SAME * self.cap.bps:
            return replace(self, cap=cap)
        above = self.above if self.rate_bps > _ABOVE * cap.bps else None
        highest = max(self.highest, cap)
        return replace(self, cap=cap, since_s=now_s, highest=highest, above=above, pressed=None)

    def _moved(self, sent_bytes: float, now_s: float) -> Evidence:
        if self.moved_s is None:  # what was sent before the first reading is not known
            return replace(self, sent_bytes=sent_bytes, moved_s=now_s)
        rate_bps = 8.0 * (sent_bytes - self.sent_bytes) / max(now_s - self.moved_s, 1e-3)
        least, most = (share * self.cap.bps for share in _PRESSED)
        above = rate_bps > _ABOVE * self.highest.bps
        # Bytes of two caps that are between the two tell neither.
        pressed = least <= rate_bps <= most and self.highest.bps <= (1.0 + _SAME) * self.cap.bps
        moved = replace(
            self,
            sent_bytes=sent_bytes,
            highest=self.cap,
            moved_s=now_s,
            rate_bps=rate_bps,
            above=_more(self.above, self.moved_s, now_s) if above else None,
            pressed=_more(self.pressed, self.moved_s, now_s) if pressed else None,
        )
        return moved._judged()  # noqa: SLF001 - another one of these

    def _judged(self) -> Evidence:
        """Return this with the proof that it holds, or without one where it holds the opposite."""
        if self.above is not None and self.above.tell(_ABOVE_LASTS_S):
            return replace(self, proved_s=None)
        proves = self.pressed is not None and self.pressed.tell(_PRESSED_LASTS_S)
        return replace(self, proved_s=self.moved_s) if proves else self


def _more(before: Moves | None, moved_s: float, now_s: float) -> Moves:
    return Moves(moved_s, now_s, 1) if before is None else Moves(before.from_s, now_s, before.number + 1)


@dataclass(frozen=True, slots=True)
class Proofs:
    """The evidence of each capped pod, by ``namespace/name``; ``after`` a reading there is a new one."""

    pods: Mapping[str, Evidence] = field(default_factory=dict)

    def after(self, sent: Mapping[str, float], caps: Mapping[str, Rate], now_s: float, faults: Faults) -> Proofs:
        """Return what is known after a reading of bytes by pod, with the caps that were then written."""
        pods: dict[str, Evidence] = {}
        for key, cap in caps.items():
            with faults.contained("counters", f"Pod {key}", UNKNOWN):
                known = self.pods.get(key)
                if known is not None:  # a reading without its row is silence
                    pods[key] = known.after(sent.get(key, known.sent_bytes), cap, now_s)
                elif key in sent:
                    pods[key] = Evidence.first(sent[key], cap, now_s)
        return Proofs(pods)

    def of(self, keys: Iterable[str], now_s: float) -> Proof:
        """Return the state of pods that share a node: one that is pressed tells how its neighbours would fare."""
        found = {self.pods[key].proof(now_s) for key in keys if key in self.pods}
        if Proof.DISPROVED in found:
            return Proof.DISPROVED
        return Proof.PROVED if Proof.PROVED in found else Proof.UNPROVED

    def disproved(self, now_s: float) -> Mapping[str, str]:
        """Return the pods whose cap is not in force, with one sentence each, the worst first."""
        found = [(key, one) for key, one in self.pods.items() if one.proof(now_s) is Proof.DISPROVED]
        found.sort(key=lambda item: item[1].cap.bps / item[1].rate_bps)
        return {
            key: f"Pod {key} sends {human(one.rate_bps)} under a cap of {one.cap}, which is not enforced: {REASONS}"
            for key, one in found
        }


def nudged(cap: Rate) -> Rate:
    """Return the cap whose text differs by as little as can be: 1 kbit/s less, at the least cap 1 kbit/s more."""
    return Rate(cap.bps - 1_000 if cap.bps - 1_000 >= FLOOR_BPS else cap.bps + 1_000)


_FIRST_S, _MOST_S = 5.0, 300.0


class Rewrites:
    """When to write a cap again that has no effect: at once, then after 5, 10, 20 s and so on up to five minutes.

    An agent that restarts may have lost the cap, or a change of it, and looks again only when the text differs.
    """

    def __init__(self) -> None:
        self._next: dict[str, tuple[float, float]] = {}

    def due(self, keys: Iterable[str], now_s: float) -> Iterator[str]:
        """Yield those of the pods, all that have no effect now, whose turn it is."""
        known, self._next = self._next, {}
        for key in keys:
            at_s, wait_s = known.get(key, (now_s, _FIRST_S))
            if at_s <= now_s:
                yield key
                at_s, wait_s = now_s + wait_s, min(2.0 * wait_s, _MOST_S)
            self._next[key] = (at_s, wait_s)
