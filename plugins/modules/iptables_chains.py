#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove chains of iptables, and the rules that jump to them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iptables_chains
short_description: Remove chains of iptables, and the rules that jump to them
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Removes from all tables, of IPv4 and of IPv6, the chains whose names begin with one of O(prefixes), and the rules of
    other chains that jump to them.
  - Flushes no table and changes no policy, so that all other rules, and the connection that Ansible uses, stay.
  - Changes nothing where iptables is not installed.
extends_documentation_fragment:
  - detnet.qos.attributes
options:
  prefixes:
    description: How the names of the chains begin.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  action_group:
    support: none
    membership: []
"""

EXAMPLES = r"""
- name: Remove what kube-proxy has left
  detnet.qos.iptables_chains:
    prefixes: [KUBE-]
"""

RETURN = r"""
removed:
  description: The input of C(iptables-restore) that removed them, by program.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.netfilter import script_without


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"prefixes": {"type": "list", "elements": "str", "required": True}},
        supports_check_mode=True,
    )
    removed = {}
    for program in ("iptables", "ip6tables"):
        save = module.get_bin_path(f"{program}-save")
        if save is None:
            continue
        code, saved, error = module.run_command([save])
        if code != 0:
            module.fail_json(msg=f"{program}-save does not tell which rules there are: {error.strip()}")
        script = script_without(saved, module.params["prefixes"])
        if script:
            removed[program] = script
            if not module.check_mode:
                restore = module.get_bin_path(f"{program}-restore", required=True)
                module.run_command([restore, "--noflush"], data=script, check_rc=True)
    result = {"changed": bool(removed), "removed": removed}
    if module._diff:  # noqa: SLF001, Ansible gives modules no other way to ask
        result["diff"] = {"before": "".join(removed.values()), "after": ""}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
