# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium's agents answer: no object of the cluster tells whether a cap or a policy is in force, only they do.

The shapes are those of Cilium's ``api/v1/models``, of its map ``cilium_throttle`` (``pkg/maps/bwmap``), of its table
``bandwidth-qdiscs`` and of ``bpftool net`` (Linux ``tools/bpf/bpftool/net.c``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A limit of an endpoint: "1426, 0" (id, direction: 0 is egress) to ["2500000, 0"] (byte/s, priority).
_EGRESS = 0
_QDISC = re.compile(r"\s*\d+\s+(?P<device>\S+)\s.*?\s(?P<status>(?:Done|Pending|Refreshing|Error).*)")
_PROGRAM = "cil_to_netdev"


@dataclass(slots=True)
class Agent:
    """The answers of one agent, by what was asked; ``problems`` are the questions without one."""

    node: str
    status: Mapping[str, Any] | None = None
    programs: Sequence[Mapping[str, Any]] | None = None
    qdiscs: str | None = None
    endpoints: Sequence[Mapping[str, Any]] | None = None
    limits: Mapping[str, Sequence[str]] | None = None
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pod as its agent knows it.

    ``policy`` is where policies are enforced: ``both``, ``ingress``, ``egress``, ``none`` or ``audit-...``; ``None``
    while it is not known. ``limit_bps`` is the limit in the datapath, ``None`` for none.
    """

    pod: str
    policy: str | None
    limit_bps: int | None


def agents(results: Iterable[Mapping[str, Any]]) -> list[Agent]:
    """Return the agents by node; each result's ``item`` is the agent's pod and the question with its ``key``."""
    found: dict[str, Agent] = {}
    for result in results:
        pod, question = result["item"]
        agent = found.setdefault(pod["spec"]["nodeName"], Agent(pod["spec"]["nodeName"]))
        try:
            setattr(agent, question["key"], _read(question["key"], result))
        except ValueError as error:
            agent.problems.append(f"{question['value']}: {error}")
    return [found[node] for node in sorted(found)]


def _read(key: str, result: Mapping[str, Any]) -> Any:
    text = str(result.get("stdout") or "")
    if result.get("rc", result.get("return_code", 1)) != 0 or not text.strip():
        raise ValueError(" ".join(str(result.get("stderr") or result.get("msg") or "no answer").split()))
    return text if key == "qdiscs" else json.loads(text)


def faults(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for everything for which an agent cannot hold pods to their caps, or does not tell."""
    found = agents(results)
    return [fault for agent in found for fault in _faults(agent)] if found else ["no agent of Cilium runs"]


def _faults(agent: Agent) -> Iterator[str]:
    yield from (f"the agent on {agent.node} did not answer {problem}" for problem in agent.problems)
    if agent.status is None:
        return
    manager = agent.status.get("bandwidth-manager") or {}
    devices = manager.get("devices") or []
    if not manager.get("enabled"):
        yield f"on {agent.node} the bandwidth manager is off, so caps have no effect there; the agent's log says why"
    elif not devices:
        yield f"on {agent.node} the bandwidth manager has no device, so caps have no effect there"
    else:
        yield from _detached(agent, devices)
        yield from _unpaced(agent)


def _detached(agent: Agent, devices: Iterable[str]) -> Iterator[str]:
    """Name the devices that a capped packet leaves without being looked at."""
    if agent.programs is None:
        return
    attached = {
        each.get("devname")
        for one in agent.programs
        for each in one.get("tc") or []
        if str(each.get("kind", "")).endswith("/egress") and str(each.get("name", "")).startswith(_PROGRAM)
    }
    for device in devices:
        if device not in attached:
            yield (
                f"on {agent.node} Cilium has attached nothing to the egress of {device}, so no cap holds what leaves "
                "there outside of a tunnel: without kube-proxy replacement it does not attach (cilium/cilium#39167)"
            )


def _unpaced(agent: Agent) -> Iterator[str]:
    """Name the devices without the qdisc that waits until a packet's departure time."""
    rows = [_QDISC.fullmatch(line.rstrip()) for line in (agent.qdiscs or "").splitlines()]
    for row in rows:
        if row and not row["status"].startswith("Done"):
            yield f"on {agent.node} the qdisc fq is not in place on {row['device']}: {row['status']}"


def endpoints(agent: Agent) -> Iterator[Endpoint]:
    """Yield the agent's pods, each named ``namespace/pod``."""
    limits = dict(_limits(agent.limits or {}))
    for one in agent.endpoints or []:
        status = one.get("status") or {}
        name = (status.get("external-identifiers") or {}).get("pod-name")
        if name:
            realized = (status.get("policy") or {}).get("realized") or {}
            yield Endpoint(name, realized.get("policy-enabled"), limits.get(int(one.get("id", 0))))


def _limits(table: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Yield each endpoint with a limit; 0 byte/s is none."""
    for key, values in table.items():
        endpoint, direction = (int(part) for part in key.split(","))
        bytes_per_s = int(values[0].split(",")[0])
        if direction == _EGRESS and bytes_per_s > 0:
            yield endpoint, bytes_per_s * 8
