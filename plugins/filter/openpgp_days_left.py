# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a repository's key is good."""

from __future__ import annotations

DOCUMENTATION = r"""
name: openpgp_days_left
short_description: Tell how many days an OpenPGP key is good
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Reads the end of the primary key from an armoured public key, without gpg.
options:
  _input:
    description: The armoured key.
    type: str
    required: true
  now:
    description: The day to count from, as C(YYYY-MM-DD).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Say how long the key is good
  ansible.builtin.debug:
    msg: "{{ key | detnet.qos.openpgp_days_left(now=now(fmt='%Y-%m-%d')) }} days"
  vars:
    key: "{{ lookup('ansible.builtin.file', 'Release.key') }}"
"""

RETURN = r"""
_value:
  description: The days, negative when it has ended, none when it never does.
  type: int
"""

from collections.abc import Callable
from datetime import UTC, datetime

from ansible.errors import AnsibleFilterError

from ..plugin_utils.openpgp import key_end


def openpgp_days_left(armoured: str, now: str) -> int | None:
    """Return the days; see the documentation above."""
    try:
        end = key_end(armoured)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return None if end is None else (end - datetime.fromisoformat(now).replace(tzinfo=UTC)).days


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., int | None]]:
        """Return it under its name."""
        return {"openpgp_days_left": openpgp_days_left}
