# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both modules say of themselves."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of a module."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change without changing it.
  diff_mode:
    description: Tells what has changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: When run a second time with the same arguments, nothing changes, provided that nobody else changed it.
  action_group:
    description: Use C(group/detnet.qos.k8s) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - detnet.qos.k8s
"""

    # To be used beside the standard fragment.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
"""
