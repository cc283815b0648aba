# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the whole inventory on the control node, and tell everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ..plugin_utils import groups, kubeconfig, names, networks, versions
from ..plugin_utils.arguments import Arguments
from ..plugin_utils.finding import Finding

_ROOT = Path(__file__).parents[2]
_PRODUCTS = ("kubernetes", "containerd", "cilium")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Needs no connection to any host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the warnings, or fail with all problems in one message."""
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(
            {
                "kubeconfig": {"type": "str", "default": ""},
                "context": {"type": "str", "default": ""},
                "insecure": {"type": "bool", "default": False},
            }
        )
        known = task_vars or {}
        hosts = {host: known["hostvars"][host] for host in sorted({*known["hostvars"], "localhost"})}
        found = dict.fromkeys(_findings(hosts, known["groups"]))
        if given["kubeconfig"]:
            found |= dict.fromkeys(kubeconfig.judge(given["kubeconfig"], given["context"], insecure=given["insecure"]))
        warnings = [str(each) for each in found if each.warning]
        problems = [str(each) for each in found if not each.warning]
        result: dict[str, Any] = {"changed": False, "warnings": warnings}
        return result | {"failed": True, "msg": _message(problems)} if problems else result


def _findings(hosts: Mapping[str, Mapping[str, Any]], members: Mapping[str, list[str]]) -> Iterator[Finding]:
    arguments = Arguments.of_collection(_ROOT)
    ranges: dict[str, object] = {}
    for variables in hosts.values():
        ours: dict[str, object] = {}
        for name in filter(arguments.ours, variables):
            try:
                ours[name] = variables[name]
            except AnsibleError as error:
                yield Finding(name, f"it cannot be worked out ({error.message})")
        others = ours.get("detnet_variables_of_others", [])
        yield from arguments.judge(ours, others=others if isinstance(others, list) else [])
        yield from names.judge(ours, known=arguments.options)
        yield from _of_profile(ours)
        ranges |= ours
    if (
        "control_plane" in members
    ):  # what this collection builds has the roles' own networks where the inventory is silent
        ranges = networks.defaults(arguments.options) | ranges
    addresses = {host: variables.get("ansible_host", host) for host, variables in hosts.items()}
    yield from networks.judge(ranges, addresses)
    yield from groups.judge(members, systemd=ranges.get("controller_mode") == "systemd")


def _of_profile(ours: Mapping[str, Any]) -> Iterable[Finding]:
    role = yaml.safe_load((_ROOT / "roles/profile/vars/main.yml").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((_ROOT / "roles/profile/defaults/main.yml").read_text(encoding="utf-8"))
    table = role["__profile_table"].get(ours.get("profile_name", defaults["profile_name"]))
    if table is None:
        return ()
    chosen = {name: str(ours.get(f"profile_{name}", table[name])) for name in _PRODUCTS}
    refuse = ours.get("profile_out_of_support", defaults["profile_out_of_support"]) == "refuse"
    today = datetime.now(tz=UTC).date().isoformat()
    return versions.judge(chosen, role["__profile_support"], today=today, refuse_old=refuse)


def _message(problems: list[str]) -> str:
    many = "one thing" if len(problems) == 1 else f"{len(problems)} things"
    return "\n".join(
        [f"The inventory cannot be used, nothing was changed. Mend {many}:", *(f"- {each}" for each in problems)]
    )
