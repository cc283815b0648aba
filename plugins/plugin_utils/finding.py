# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with one variable, in the words of the person who has to mend it."""

from __future__ import annotations

import json
from dataclasses import dataclass

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """``cure`` says what was expected or what to do; a warning stops nothing."""

    what: str
    cure: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.cure}."


def shown(name: str, value: object, *, secret: bool = False) -> str:
    """Return ``name is value`` in one line of bounded length."""
    text = "not shown, because it is secret" if secret else json.dumps(value, default=str)
    return f"{name} is {text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}"
