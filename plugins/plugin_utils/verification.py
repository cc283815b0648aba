# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions whose answers tell whether the stack does its work, from what a playbook has gathered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..module_utils.model.rate import enforced_bps, human
from .answers import Answer, Gathered, NotMeasuredError, Row, asked, pages, series
from .cilium_agents import Endpoint, agents, endpoints, faults
from .series import Series
from .trials import cap_follows, cap_is_proven, caps_fall, keeps_to_its_cap, path_recovers

_FRESH_S = 3.0
_BEST_EFFORT = "best-effort"


def rows(gathered: Gathered) -> list[dict[str, str]]:
    """Answer every question that can be; ``gathered`` holds the results of modules by what they were asked for."""
    return [asdict(_row(*each, gathered)) for each in _QUESTIONS]


def _row(name: str, question: str, expected: str, answer: Callable[[Gathered], Answer], gathered: Gathered) -> Row:
    try:
        measured, good = answer(gathered)
    except NotMeasuredError as why:
        return Row(name, question, str(why), expected, "not measured")
    return Row(name, question, measured, expected, "yes" if good else "no")


def _server(gathered: Gathered) -> Answer:
    return f"Kubernetes {asked(gathered, 'version')['answer']['gitVersion']}", True


def _objectives(gathered: Gathered) -> Answer:
    verdicts = [each for each in series(gathered, "detnet_verdict") if each.value == 1]
    if not verdicts:
        raise NotMeasuredError("the controller judges nothing; it leads nowhere, or no objective is configured")
    bad = _with_verdict(verdicts, "breached", "blind")
    undecided = _with_verdict(verdicts, "unresolved")
    if undecided and not bad:
        raise NotMeasuredError(f"the evidence cannot tell just now: {undecided}")
    return bad or f"{len(verdicts)} of {len(verdicts)} met", not bad


def _with_verdict(verdicts: Sequence[Series], *those: str) -> str:
    labels = [each.labels for each in verdicts if each.labels["verdict"] in those]
    return "; ".join(f"{each['workload']} ({each['domain']}): {each['figure']} {each['verdict']}" for each in labels)


def _fresh(gathered: Gathered) -> Answer:
    ages = [each.value for each in series(gathered, "detnet_signal_age_seconds")]
    if not ages:
        raise NotMeasuredError("the controller has no evidence of any age")
    return f"{max(ages):.1f} s old", max(ages) < _FRESH_S


def _leader(gathered: Gathered) -> Answer:
    leaders = sum(each.value for each in series(gathered, "detnet_leader"))
    return f"{leaders:.0f} of {len(pages(gathered))}", leaders == 1


def _caps(gathered: Gathered) -> Answer:
    pods = [pod for one in _best_effort(gathered) for pod in one["pods"] if pod["phase"] == "Running"]
    if not pods:
        raise NotMeasuredError("no best-effort pod is running")
    capped, drifted = [pod for pod in pods if pod["cap"]], [pod for pod in pods if pod["drift"]]
    summary = f"{len(capped)} of {len(pods)} pods have one"
    return "; ".join([summary, *(f"{pod['name']}: {pod['drift']}" for pod in drifted)]), bool(capped) and not drifted


def _enforced(gathered: Gathered) -> Answer:
    found = series(gathered, "detnet_cap_not_enforced")
    if not found:
        raise NotMeasuredError("the controller counts no bytes; see actuator.kubernetes.counters")
    ignored = [each.labels["target"] for each in found if each.value > 0]
    return "; ".join(f"{name} sends more" for name in ignored) or f"{len(found)} targets keep to it", not ignored


def _policies(gathered: Gathered) -> Answer:
    found = asked(gathered, "policies")
    if not found.get("api_found", True):
        raise NotMeasuredError("the cluster does not know CiliumNetworkPolicy")
    if not found["resources"]:
        return "no policy", False
    namespace = found["resources"][0]["metadata"]["namespace"]
    pods = [one for name, one in _endpoints(gathered).items() if name.startswith(f"{namespace}/")]
    if not pods:
        raise NotMeasuredError(f"{len(found['resources'])} policies, but no pod that an agent knows")
    loose = [f"{one.pod.split('/')[1]}: {one.policy or 'not known'}" for one in pods if one.policy != "both"]
    summary = f"{len(found['resources'])} policies hold {len(pods) - len(loose)} of {len(pods)} pods both ways"
    return "; ".join([summary, *loose]), not loose


def _endpoints(gathered: Gathered) -> dict[str, Endpoint]:
    """Return what the agents know of each pod, by ``namespace/pod``.

    Raises:
        NotMeasuredError: no agent answers.
    """
    asked = agents(_results(gathered))
    found = {one.pod: one for agent in asked for one in endpoints(agent)}
    if not found:
        problems = sorted({problem for agent in asked for problem in agent.problems})
        raise NotMeasuredError("; ".join(problems) or "no agent of Cilium knows a pod")
    return found


def _results(gathered: Gathered) -> Sequence[Mapping[str, Any]]:
    results: Sequence[Mapping[str, Any]] = gathered.get("agents", [])
    if not results:
        raise NotMeasuredError("no agent of Cilium runs in kube-system")
    return results


def _agents(gathered: Gathered) -> Answer:
    results = _results(gathered)
    found = faults(results)
    return "; ".join(found) or f"{len(agents(results))} agents", not found


def _in_datapath(gathered: Gathered) -> Answer:
    """Compare each cap with what its agent has; one that was changed while the agents were asked tells nothing."""
    known, later = _endpoints(gathered), _written_caps(gathered, "bandwidth_after")
    steady = {pod: cap for pod, cap in _written_caps(gathered, "bandwidth").items() if later.get(pod) == cap}
    if not steady:
        raise NotMeasuredError("no best-effort pod has a cap that stood still while the agents were asked")
    wrong = [why for pod, cap in steady.items() if (why := _mismatch(pod, cap, known.get(pod)))]
    return "; ".join([f"{len(steady) - len(wrong)} of {len(steady)} caps are there", *wrong]), not wrong


def _written_caps(gathered: Gathered, name: str) -> dict[str, str]:
    """Return the cap as it is written on each running best-effort pod, by ``namespace/pod``."""
    return {
        f"{one['name'].split('/')[0]}/{pod['name']}": pod["cap"]
        for one in _best_effort(gathered, name)
        for pod in one["pods"]
        if pod["phase"] == "Running" and pod["cap"] and not pod["host_network"]
    }


def _mismatch(pod: str, cap: str, endpoint: Endpoint | None) -> str | None:
    if endpoint is None:
        return f"{pod}: no endpoint of Cilium, as of a pod that is older than Cilium: restart it"
    wanted_bps = enforced_bps(cap)
    if endpoint.limit_bps == wanted_bps:
        return None
    held = "no limit" if endpoint.limit_bps is None else human(endpoint.limit_bps)
    return f"{pod}: {held} in the datapath, {cap} on the pod"


def _refused(gathered: Gathered) -> Answer:
    attempt = asked(gathered, "forbidden")
    through = attempt.get("rc", attempt.get("return_code")) == 0
    return "it came through" if through else "it was refused", not through


def _targets(gathered: Gathered) -> Answer:
    found = asked(gathered, "up")
    if found["rc"] != 0:
        raise NotMeasuredError(" ".join(str(found["stderr"]).split()))
    results = json.loads(found["stdout"])
    down = [each["metric"].get("instance", "?") for each in results if each["value"][1] != "1"]
    if not results:
        raise NotMeasuredError("Prometheus has no targets")
    return f"{len(results) - len(down)} of {len(results)} answer" + "".join(f"; not {each}" for each in down), not down


def _best_effort(gathered: Gathered, name: str = "bandwidth") -> Iterator[Mapping[str, Any]]:
    """Yield the workloads; a kind of which there is none fails for itself alone."""
    results = gathered.get(name, [])
    read = [result for result in results if "workloads" in result]
    if not read:
        asked({"it": results[0] if results else {}}, "it")
    for result in read:
        yield from (one for one in result["workloads"] if one["class"] == _BEST_EFFORT)


_QUESTIONS: Sequence[tuple[str, str, str, Callable[[Gathered], Answer]]] = (
    ("server", "Does the API server answer?", "an answer", _server),
    ("objectives", "Does critical traffic keep its objectives?", "all met", _objectives),
    ("evidence", "Is the evidence fresh?", f"at most {_FRESH_S:g} s old", _fresh),
    ("leader", "Does exactly one controller lead?", "1", _leader),
    ("caps", "Do best-effort pods carry caps?", "at least one, and none unlimited", _caps),
    ("agents", "Can every agent of Cilium enforce caps?", "every one", _agents),
    ("datapath", "Are the caps in the datapath?", "each as on its pod", _in_datapath),
    ("proof", "Does Cilium hold a pod to a new cap?", "most of it, and no more", cap_is_proven),
    ("enforcement", "Do they keep to them?", "nobody sends more", _enforced),
    ("policies", "Are the network policies in force?", "on every pod", _policies),
    ("refusal", "Is what no policy allows refused?", "refused", _refused),
    ("prometheus", "Does Prometheus reach its targets?", "all", _targets),
    ("upload", "Does an upload keep to its pod's cap?", "no more, but for the tolerance", keeps_to_its_cap),
    ("decrease", "Do caps fall when noise congests the path?", "a cut, and less for best effort", caps_fall),
    ("recovery", "Does the path recover from congestion?", "within the time allowed", path_recovers),
    ("move", "Does a cap follow its workload to a new pod?", "within the time allowed", cap_follows),
)
