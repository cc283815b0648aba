"""Takes chains out of a packet filter without touching what others have there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def script_without(saved: str, prefixes: Sequence[str]) -> str:
    """Return what ``iptables-restore --noflush`` needs to remove the chains, empty if none is there.

    Args:
        saved: what ``iptables-save`` has printed.
        prefixes: how the names of the chains begin.
    """
    return "".join(_table(block, tuple(prefixes)) for block in saved.split("COMMIT\n"))


def _table(block: str, prefixes: tuple[str, ...]) -> str:
    lines = [line for line in block.splitlines() if line and not line.startswith("#")]
    chains = [
        name for name in (line[1:].split()[0] for line in lines if line.startswith(":")) if name.startswith(prefixes)
    ]
    if not chains:
        return ""
    gone = set(chains)
    jumps = [
        f"-D {line[3:]}"
        for line in lines
        if line.startswith("-A ") and line.split()[1] not in gone and gone.intersection(_targets(line.split()))
    ]
    # A chain that is declared again is emptied; only then can those that point at each other go.
    emptied, removed = [f":{name} - [0:0]" for name in chains], [f"-X {name}" for name in chains]
    return "\n".join([lines[0], *jumps, *emptied, *removed, "COMMIT\n"])


def _targets(words: Sequence[str]) -> set[str]:
    return {target for option, target in pairwise(words) if option in ("-j", "-g")}
