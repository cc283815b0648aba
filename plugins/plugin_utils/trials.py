# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that are answered by trying: an upload against a cap, noise against an objective, a new pod."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from ..module_utils.model.rate import Rate, human
from .answers import Answer, Gathered, NotMeasuredError, aligned, asked, series

_UNLIMITED = "no limit"
# An enforced cap is nearly used up: Cilium counts frames, iperf3 what is in them.
_BINDING = 0.8


def keeps_to_its_cap(gathered: Gathered) -> Answer:
    """Answer ``upload``: what iperf3 got through, and the pod's cap before and after; the looser one counts."""
    run = asked(gathered, "upload")
    pod = _sender(run["before"], run["pod"], run["workload"])
    bps = _received_bps(run["iperf3"], run["pod"])
    both = [pod, *_pods(asked(run, "after"), run["pod"])]
    if ignored := [each["drift"] for each in both if each["drift"]]:
        return f"{human(bps)} from {run['pod']}: {ignored[0]}", False
    caps = [each["cap"] for each in both]
    if None in caps:
        raise NotMeasuredError(f"{run['pod']} has no cap to keep to; it sent {human(bps)}")
    loosest_bps = max(Rate.parse(cap).bps for cap in caps)
    shown = ", then ".join(dict.fromkeys(caps))
    return f"{human(bps)} from {run['pod']} with a cap of {shown}", bps <= loosest_bps * (
        1 + float(run["tolerance_percent"]) / 100
    )


def cap_is_proven(gathered: Gathered) -> Answer:
    """Answer ``proof``: what a pod got through after a cap was written on it while it ran.

    A path that carries much less than the cap proves nothing.
    """
    run = asked(gathered, "proof")
    bps, cap = _received_bps(run["iperf3"], run["pod"]), Rate.parse(run["cap"])
    summary = f"{human(bps)} from {run['from_node']} to {run['to_node']} with a cap of {run['cap']}"
    if bps < _BINDING * cap.bps:
        raise NotMeasuredError(f"{summary}: the path itself carries less, so the cap decides nothing")
    return summary, bps <= cap.bps * (1 + float(run["tolerance_percent"]) / 100)


def _sender(before: Mapping[str, Any], pod: str, workload: str) -> Mapping[str, Any]:
    found = _pods(asked({"it": before}, "it"), pod)
    if not found:
        raise NotMeasuredError(f"no pod of {workload} is running")
    return found[0]


def _pods(info: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [pod for one in info.get("workloads", []) for pod in one["pods"] if pod["name"] == name]


def _received_bps(iperf3: Mapping[str, Any], pod: str) -> float:
    """Read the receiver's figure: what the sender's socket has taken may still wait in a queue."""
    asked({"it": iperf3}, "it")
    try:
        report = json.loads(iperf3["stdout"])
    except (KeyError, ValueError):
        words = " ".join(str(iperf3.get("stderr") or iperf3.get("stdout") or "no output").split())
        raise NotMeasuredError(f"iperf3 in {pod} did not report: {words}") from None
    if "error" in report:
        raise NotMeasuredError(f"iperf3 in {pod}: {report['error']}")
    return float(report["end"]["sum_received"]["bits_per_second"])


def caps_fall(gathered: Gathered) -> Answer:
    """Answer ``congestion`` by what the loop did: it cut, and workloads may send less than before the noise."""
    run = asked(gathered, "congestion")
    falls = [
        f"{name} {_shown(first)} to {_shown(least)} after {at_s:.0f} s"
        for name, first, least, at_s in _falls(run["course"])
    ]
    cuts, breached_s = _cuts(run["after"]) - _cuts(run["before"]), _breached_s(run)
    if not cuts and not breached_s:
        raise NotMeasuredError("the noise breached no objective, so that nothing had to be cut")
    return "; ".join(falls) or f"{cuts:.0f} cuts, and no cap is lower than before", bool(cuts and falls)


def path_recovers(gathered: Gathered) -> Answer:
    """Answer ``congestion`` by the objectives: for how long one was breached."""
    run = asked(gathered, "congestion")
    seconds = _breached_s(run)
    cuts = _cuts(run["after"]) - _cuts(run["before"])
    return f"breached for {seconds:.1f} s, {cuts:.0f} cuts", seconds <= float(run["allowed_s"])


def cap_follows(gathered: Gathered) -> Answer:
    """Answer ``move``: how long new pods were without a cap."""
    run = asked(gathered, "move")
    return f"the new pod had one after {run['seconds']} s", float(run["seconds"]) <= float(run["allowed_s"])


def course(looks: Sequence[Mapping[str, Any]]) -> str:
    """Return what each workload might send at each look, as a table, and below it why a look saw nothing."""
    seen: list[tuple[str, dict[str, float]]] = []
    missed: list[str] = []
    for look in looks:
        after = f"{float(look['at_s']):.0f} s"
        try:
            seen.append((after, _allowed(look)))
        except NotMeasuredError as error:
            missed.append(f"not seen after {after}: {error}")
    names = sorted({name for _after, allowed in seen for name in allowed})
    rows = [{"after": after} | {name: _shown(allowed.get(name)) for name in names} for after, allowed in seen]
    return "\n".join(([aligned(["after", *names], rows)] if names else []) + missed) or "no best-effort workload runs"


def _allowed(look: Mapping[str, Any]) -> dict[str, float]:
    """What each best-effort workload with a running pod may send, in bit/s.

    Raises:
        NotMeasuredError: this look saw nothing.
    """
    return {
        one["name"].rsplit("/", 1)[1]: inf if one["allowed"] is None else Rate.parse(one["allowed"]).bps
        for one in asked(look, "seen")["workloads"]
        if one["class"] == "best-effort" and any(pod["phase"] == "Running" for pod in one["pods"])
    }


def _shown(bps: float | None) -> str:
    return "-" if bps is None else _UNLIMITED if bps == inf else human(bps)


def _falls(looks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float, float, float]]:
    """Yield name, first and least cap, and when the least was seen first, of each workload that lost some."""
    courses = [(_allowed(look), float(look["at_s"])) for look in looks]
    for name, first in courses[0][0].items():
        least, at_s = min((allowed.get(name, inf), at_s) for allowed, at_s in courses)
        if least < first:
            yield name, first, least, at_s


def _breached_s(run: Mapping[str, Any]) -> float:
    return _violated_s(run["after"]) - _violated_s(run["before"])


def _violated_s(pages: Sequence[Mapping[str, Any]]) -> float:
    each = series({"controllers": pages}, "detnet_violation_seconds_total")
    return max((one.value for one in each), default=0.0)


def _cuts(pages: Sequence[Mapping[str, Any]]) -> float:
    found = series({"controllers": pages}, "detnet_decisions_total")
    return sum(one.value for one in found if one.labels["action"] == "cut")
