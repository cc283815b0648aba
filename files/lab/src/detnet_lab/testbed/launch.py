"""A run from outside its namespaces: check what was asked, hold the output folder, run, report."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from detnet.model.errors import UserError
from detnet.model.rate import Rate, RateError
from detnet_lab.testbed import isolation
from detnet_lab.testbed.lab_processes import require
from detnet_lab.testbed.lab_topology import BottleneckLink
from detnet_lab.testbed.lab_workloads import PROGRAMS
from detnet_lab.testbed.run_folder import RunFolder
from detnet_lab.testbed.testbed_scenario import BURSTS, ENFORCERS, IP_FAMILIES, POLICIES, RunSpec, Scenario, load

_SHORTEST_S = 5.0


def checked_spec(  # noqa: PLR0913 - what a user can ask for
    scenario_name: str,
    policy: str,
    duration_s: float | None,
    capacity: str,
    buffer_ms: float,
    *,
    prometheus: bool,
    enforcer: str = "tc",
    burst: str = "whole",
    ip_family: str = "ipv4",
) -> RunSpec:
    """Check what was asked for.

    Raises:
        UserError: root or a program is missing, or a value is not usable.
    """
    if policy not in POLICIES:
        raise UserError(f"--policy {policy}: expected one of {', '.join(POLICIES)}")
    try:
        link = BottleneckLink(Rate.parse(capacity).bps, buffer_ms)
    except RateError as error:
        raise UserError(f"--capacity: {error}") from error
    scenario = load(scenario_name)
    _check_enforcer(scenario, enforcer, burst)
    if ip_family not in IP_FAMILIES:
        raise UserError(f"--ip-family {ip_family}: expected one of {', '.join(IP_FAMILIES)}")
    if duration_s is not None:
        if not math.isfinite(duration_s) or not _SHORTEST_S <= duration_s <= 3600:
            raise UserError(f"--duration {duration_s:g}: expected {_SHORTEST_S:g} to 3600 seconds")
        scenario = scenario.scaled(duration_s)
    if os.geteuid() != 0:
        raise UserError("the lab makes network namespaces and qdiscs, which needs root")
    require({**PROGRAMS, **({"prometheus": "prometheus"} if prometheus else {})})
    return RunSpec(policy, scenario, link, prometheus, enforcer, burst, ip_family)


def _check_enforcer(scenario: Scenario, enforcer: str, burst: str) -> None:
    if enforcer not in ENFORCERS:
        raise UserError(f"--enforcer {enforcer}: expected one of {', '.join(ENFORCERS)}")
    if burst not in BURSTS:
        raise UserError(f"--burst {burst}: expected one of {', '.join(BURSTS)}")
    if enforcer == "edt":
        return
    if burst == "cured":
        raise UserError("--burst cured: tc splits bursts itself, there is nothing to cure; give --enforcer edt")
    if any(process == "agent" for phase in scenario.phases for process, _ in phase.faults):
        raise UserError(f"scenario {scenario.name}: its fault of the agent needs an enforcer with one: --enforcer edt")


def run_and_report(spec: RunSpec, folder: Path, show: Callable[[str], None], *, die_with_parent: bool) -> int:
    """Run, then judge and draw; return the exit code.

    Raises:
        UserError: the folder cannot be written, the run's namespaces cannot be made, or the report cannot be drawn.
    """
    with RunFolder(folder) as run_folder:

        def say(line: str) -> None:
            run_folder.say(line)
            show(line)

        with run_folder.record() as record:
            code = isolation.run(spec, record, say, die_with_parent=die_with_parent)
        if code == 0:
            _report(folder, say)
        return code


def _report(folder: Path, say: Callable[[str], None]) -> None:
    from detnet_lab import report  # noqa: PLC0415 - drawing is heavy and comes last
    from detnet_lab.report.run_record import load as load_record  # noqa: PLC0415
    from detnet_lab.report.run_text import closing_line, summary_text  # noqa: PLC0415

    source = folder / "run.json"
    summary = report.write(load_record(source), folder, source=str(source))
    text = summary_text(summary)
    (folder / "summary.txt").write_text(f"{text}\n", encoding="utf-8")
    for line in ("", *text.splitlines(), "", closing_line(folder / report.HTML, folder / report.PNG)):
        say(line)
