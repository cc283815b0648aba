"""How long a cap that is not in force goes unnoticed, by the way in which its enforcer fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from detnet.kubernetes.caps.proof import Evidence, Proof, Rewrites, nudged
from detnet.model.rate import Rate

M = 1_000_000
PAGE = Path(__file__).parents[4] / "docs/operate/kubernetes.md"
POD, SCRAPE_S, CUT_S, END_S = "factory/upload-1", 5.0, 31.0, 400.0
# What the agent holds, from what it held, what is written, whether that is another text than before, and the time in s.
Agent = Callable[[int | None, int, bool, float], int | None]


def _reads(held: int | None, written: int, changed: bool, _now_s: float) -> int | None:  # noqa: FBT001 - an agent's own view
    return written if changed else held


def _never(_held: int | None, _written: int, _changed: bool, _now_s: float) -> int | None:  # noqa: FBT001
    return None


def _loses_the_cut(held: int | None, written: int, changed: bool, now_s: float) -> int | None:  # noqa: FBT001
    return held if now_s < CUT_S + 1.0 else _reads(held, written, changed, now_s)


def _empties_for_a_second(held: int | None, written: int, changed: bool, now_s: float) -> int | None:  # noqa: FBT001
    if CUT_S + 20.0 <= now_s < CUT_S + 21.0:
        return None
    return written if now_s < CUT_S + 21.2 else _reads(held, written, changed, now_s)


def _is_gone_for_a_minute(held: int | None, written: int, changed: bool, now_s: float) -> int | None:  # noqa: FBT001
    if CUT_S <= now_s < CUT_S + 60.0:
        return held
    return written if now_s < CUT_S + 60.2 else _reads(held, written, changed, now_s)


FAULTS: dict[str, Agent] = {
    "nothing enforces: no program on the egress, kube-proxy replacement off, a pod older than the CNI": _never,
    "a cut that the agent does not read": _loses_the_cut,
    "the agent's map empty for a second": _empties_for_a_second,
    "the agent gone for a minute, and a cut meanwhile": _is_gone_for_a_minute,
    "none": _reads,
}


@dataclass(slots=True)
class Seen:
    """When the cap was first not in force, and from then on: until it was disproved, and until it held for good."""

    began_s: float | None = None
    told_s: float | None = None
    in_force_s: float = 0.0
    written: int = 0


def follow(agent: Agent) -> Seen:
    """Cap a pod that wants 90 Mbit/s at 40, cut it to 20, and count its bytes every 5 s, by tenths of a second."""
    seen, rewrites = Seen(), Rewrites()
    held: int | None = 40 * M
    written = Rate(40 * M)
    text_before, sent, shown = written, 0.0, 0.0
    known = Evidence.first(0.0, written, 0.0)
    for tenth in range(round(10.0 * END_S)):
        now_s = tenth / 10.0
        if now_s == CUT_S:
            written = Rate(20 * M)
        held = agent(held, written.bps, written != text_before, now_s)
        text_before = written
        rate_bps = 90 * M if held is None else 0.95 * held
        sent += rate_bps / 80.0
        if rate_bps > written.bps:
            seen.began_s = now_s if seen.began_s is None else seen.began_s
            seen.in_force_s = round(now_s - seen.began_s + 0.1, 1)
        if now_s % SCRAPE_S == 0.0:
            shown = sent
        if tenth % 5 == 0:
            known = known.after(shown, written, now_s)
            disproved = known.proof(now_s) is Proof.DISPROVED
            if disproved and seen.told_s is None:
                seen.told_s = round(now_s - (seen.began_s or 0.0), 1)
            for _key in rewrites.due([POD] if disproved else [], now_s):
                written, seen.written = nudged(written), seen.written + 1
    return seen


@pytest.mark.parametrize("name", FAULTS)
def test_the_page_says_how_long_it_goes_unnoticed(name: str) -> None:
    """The row of each fault is the one that is measured here."""
    seen = follow(FAULTS[name])
    told = "-" if seen.told_s is None else f"{seen.told_s:g} s"
    lasts = "never" if (seen.began_s or 0.0) + seen.in_force_s > END_S - 1.0 else f"{seen.in_force_s:g} s"
    row = f"| {name} | {told} | {lasts} |"
    if name == "none":
        assert (seen.told_s, seen.in_force_s, seen.written) == (None, 0.0, 0)
    else:
        assert row in re.findall(r"^\|.*\|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE), row


def test_it_is_told_within_15_seconds() -> None:
    """Whatever the fault, with the scrapes of our own monitoring."""
    told = [seen.told_s for seen in map(follow, FAULTS.values()) if seen.told_s is not None]
    assert len(told) == 3
    assert max(told) <= 15.0
