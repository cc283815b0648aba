# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address and a port in one text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: endpoint
short_description: Join an address and a port
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Puts an IPv6 address in brackets (RFC 3986 section 3.2.2), unless it is in brackets already.
positional: port
options:
  _input:
    description: An address or a name.
    type: str
    required: true
  port:
    description: The port.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Show [fd00::12]:8620
  ansible.builtin.debug:
    msg: "{{ 'fd00::12' | detnet.qos.endpoint(8620) }}"
"""

RETURN = r"""
_value:
  description: Both, with a colon between them.
  type: str
"""

from collections.abc import Callable


def endpoint(address: str, port: int) -> str:
    """Return it; see the documentation above."""
    return f"[{address}]:{port}" if ":" in address and not address.startswith("[") else f"{address}:{port}"


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return it under its name."""
        return {"endpoint": endpoint}
