"""The probe's services on hosts: each prober goes to another host, by an address that this host really has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.role import ROOT, Run, play
from detnet.probe.paths import Path as ProbePath
from detnet.probe.paths import parse_endpoint


def facts(*addresses: str) -> dict[str, Any]:
    """What Ansible would find; the first address is that of the default route."""
    four = [address for address in addresses if ":" not in address]
    six = [address for address in addresses if ":" in address]
    found: dict[str, Any] = {"all_ipv4_addresses": four, "all_ipv6_addresses": six}
    for name, some in (("default_ipv4", four), ("default_ipv6", six)):
        found[name] = {"address": some[0]} if some else {}
    return found


def unit(folder: Path, hosts: dict[str, dict[str, Any]], **variables: object) -> Run:
    """Check the variables of these hosts and write their units to ``folder``."""
    (folder / "templates").symlink_to(ROOT / "roles/probe/templates")
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": {"probed": {"hosts": hosts}}}}))
    written = [
        {
            "ansible.builtin.template": {
                "src": f"detnet-{kind}.service.j2",
                "dest": f"{folder}/{kind}-{{{{ inventory_hostname }}}}",
                "mode": "0600",
            }
        }
        for kind in ("prober", "reflector")
    ]
    tasks = [{"ansible.builtin.include_role": {"name": "probe", "tasks_from": "preflight", "public": True}}, *written]
    playbook = [{"hosts": "probed", "gather_facts": False, "tasks": tasks}]
    known = {"probe_mode": "systemd", "ansible_facts": "{{ known }}", "ansible_managed": "", **variables}
    return play(folder, known, "--inventory=hosts.yml", playbook=json.dumps(playbook))


def path_from(folder: Path, host: str) -> ProbePath:
    """The only path of a host's prober, as it reads it itself."""
    (given,) = re.findall(r"--path (\S+)", (folder / f"prober-{host}").read_text(encoding="utf-8"))
    return ProbePath.parse(given, rate_hz=20.0)


def listening(folder: Path, host: str) -> tuple[str, int]:
    """Where a host's reflector answers."""
    (given,) = re.findall(r"--udp (\S+)", (folder / f"reflector-{host}").read_text(encoding="utf-8"))
    return parse_endpoint(given)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        # Vagrant without its NAT: what Ansible connects to is a forwarded port, the same for both.
        (
            {
                "h1": {"ansible_host": "127.0.0.1", "ansible_port": 2222, "known": facts("192.0.2.11")},
                "h2": {"ansible_host": "127.0.0.1", "ansible_port": 2200, "known": facts("192.0.2.12")},
            },
            {"h1": "192.0.2.11", "h2": "192.0.2.12"},
        ),
        # Vagrant with its NAT on the default route.
        (
            {
                "h1": {"probe_address": "192.0.2.11", "ansible_host": "127.0.0.1", "known": facts("10.0.2.15")},
                "h2": {"probe_address": "192.0.2.12", "ansible_host": "127.0.0.1", "known": facts("10.0.2.15")},
            },
            {"h1": "192.0.2.11", "h2": "192.0.2.12"},
        ),
        # Several addresses: the one that Ansible connects to, where the host has it.
        (
            {
                "h1": {"ansible_host": "198.51.100.1", "known": facts("192.0.2.11", "198.51.100.1")},
                "h2": {"ansible_host": "h2.example", "known": facts("192.0.2.12", "198.51.100.2")},
            },
            {"h1": "198.51.100.1", "h2": "192.0.2.12"},
        ),
        # IPv6 alone.
        (
            {
                "h1": {"ansible_host": "fd00::11", "known": facts("fd00::11")},
                "h2": {"ansible_host": "fd00::12", "known": facts("fd00::12")},
            },
            {"h1": "fd00::11", "h2": "fd00::12"},
        ),
    ],
    ids=["vagrant", "vagrant-nat", "two-networks", "ipv6"],
)
def test_every_prober_finds_the_other_host(
    tmp_path: Path, hosts: dict[str, dict[str, Any]], expected: dict[str, str]
) -> None:
    """Where that one's reflector listens."""
    done = unit(tmp_path, hosts, probe_port=8620)
    assert done.ok, done.output
    for host, other in (("h1", "h2"), ("h2", "h1")):
        path = path_from(tmp_path, host)
        assert (path.host, path.port) == listening(tmp_path, other) == (expected[other], 8620)


LOCAL = {"ansible_host": "127.0.0.1"}
REFUSED: dict[str, tuple[dict[str, dict[str, Any]], dict[str, Any], str]] = {
    "nat": (
        {name: {**LOCAL, "known": facts("10.0.2.15", "192.0.2.11")} for name in ("h1", "h2")},
        {},
        "is 10.0.2.15, as is that of h2, so a probe would measure its own host; set it in each host's variables to its",
    ),
    "loopback": (
        {name: {"probe_address": "127.0.0.1", "known": facts("192.0.2.11")} for name in ("h1", "h2")},
        {},
        'probe_address of h1 is "127.0.0.1", which no other host reaches; set it in the host\'s variables',
    ),
    "no address": ({name: {**LOCAL, "known": facts()} for name in ("h1", "h2")}, {}, 'h1 is "", which no other host'),
    "one end": (
        {"h1": {"known": facts("192.0.2.11")}},
        {"probe_paths": [{"name": "robot", "from": "h1", "to": "h1"}]},
        "expected different hosts in from and to of robot",
    ),
    "long name": (
        {"a" * 40: {"known": facts("192.0.2.11")}, "b" * 40: {"known": facts("192.0.2.12")}},
        {},
        "expected names of at most 63 letters, digits, dots, hyphens and underscores; without paths FROM-TO",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_path_inside_one_host_is_refused(tmp_path: Path, kind: str) -> None:
    """With what to set, before anything changes."""
    hosts, variables, sentence = REFUSED[kind]
    done = unit(tmp_path, hosts, **variables)
    assert not done.ok
    assert sentence in " ".join(done.output.split()), done.output
    assert not list(tmp_path.glob("prober-*"))


def test_one_host_is_enough_to_try_it_out(tmp_path: Path) -> None:
    """When asked for; the prober is told, too."""
    hosts = {"h1": {"probe_address": "127.0.0.1", "known": facts()}}
    path = {"name": "robot", "from": "h1", "to": "h1"}
    assert unit(tmp_path, hosts, probe_paths=[path], probe_same_host=True).ok
    assert "--same-host" in (tmp_path / "prober-h1").read_text(encoding="utf-8")
