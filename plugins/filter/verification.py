# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of ``playbooks/verify.yml`` and of the tests beside it; their documentation is beside this file."""

from __future__ import annotations

from collections.abc import Callable

from ..plugin_utils.answers import faults, table
from ..plugin_utils.trials import course
from ..plugin_utils.verification import rows


class FilterModule:
    """Ansible asks this class for the filters."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by their names."""
        return {
            "cap_course": course,
            "verification": rows,
            "verification_faults": faults,
            "verification_table": table,
        }
