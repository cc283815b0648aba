# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a repository's key is."""

from __future__ import annotations

DOCUMENTATION = r"""
name: openpgp_fingerprints
short_description: Tell the fingerprints of OpenPGP keys
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Reads the fingerprints of all primary keys from an armoured text, without gpg.
  - Refuses a text that has anything else in it, so that no other reader finds a further key there.
options:
  _input:
    description: The armoured keys, of version 4.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Assert that the key is its publisher's
  ansible.builtin.assert:
    that: key | detnet.qos.openpgp_fingerprints == ['DE15B14486CD377B9E876E1A234654DA9A296436']
  vars:
    key: "{{ lookup('ansible.builtin.file', 'Release.key') }}"
"""

RETURN = r"""
_value:
  description: The fingerprints, 40 hexadecimal digits in upper case each.
  type: list
  elements: str
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ..plugin_utils.openpgp import fingerprints


def openpgp_fingerprints(armoured: str) -> list[str]:
    """Return them; see the documentation above."""
    try:
        return fingerprints(armoured)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return it under its name."""
        return {"openpgp_fingerprints": openpgp_fingerprints}
