"""What the README asks of a machine, and what it says to type: there is no second list."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_SENTENCE = re.compile(r"^On Debian .*, as root, with (?P<needs>.+):\n\n(?P<commands>(?: {4}.+\n)+)", re.MULTILINE)
_PACKAGES = {"git": "git", "make": "make", "Python 3.11 or newer": "python3"}


def prerequisites(readme: str) -> list[str]:
    """The Debian packages of what the quick start says must be there.

    Raises:
        ValueError: the quick start reads otherwise, or names something that this test does not know.
    """
    needs = re.split(r", | and ", _quick_start(readme)["needs"])
    unknown = [need for need in needs if need not in _PACKAGES]
    if unknown:
        raise ValueError(f"README.md asks for {' and '.join(unknown)}, which is no Debian package that this test knows")
    return [_PACKAGES[need] for need in needs]


def commands(readme: str) -> list[str]:
    """What the quick start says to type, line by line.

    Raises:
        ValueError: the quick start reads otherwise.
    """
    return [line.strip() for line in _quick_start(readme)["commands"].splitlines()]


def _quick_start(readme: str) -> re.Match[str]:
    found = _SENTENCE.search(readme)
    if found is None:
        raise ValueError(
            "README.md has no quick start of the form 'On Debian ..., as root, with ...:' with commands below"
        )
    return found
