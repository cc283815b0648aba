# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters ``verification`` and ``verification_table``; their documentation is beside this file."""

from __future__ import annotations

from collections.abc import Callable

from ..plugin_utils.verification import rows, table


class FilterModule:
    """Ansible asks this class for the filters."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by their names."""
        return {"verification": rows, "verification_table": table}
