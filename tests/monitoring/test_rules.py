"""The alerts fire when they should, stay silent when they should, and say what to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.role import ROLE, RULES, rules

CASES = Path(__file__).with_name("alerts_test.yml")
ALERTS = [rule for rule in rules() if "alert" in rule]
pytestmark = pytest.mark.needs("promtool")


def promtool(*arguments: str | Path) -> tuple[int, str]:
    """Return promtool's exit code and words."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_promtool_accepts_the_rules() -> None:
    """Expressions and the templates in the texts are right, and no rule is there twice."""
    code, output = promtool("check", "rules", *RULES)
    assert code == 0, output
    assert "duplicate" not in output, output


def test_every_alert_fires_and_is_silent_as_the_cases_say(tmp_path: Path) -> None:
    """The cases are compared by labels: the texts are taken off first, so that a better one breaks nothing."""
    for path in RULES:
        groups: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for rule in (rule for group in groups["groups"] for rule in group["rules"]):
            rule.pop("annotations", None)
        (tmp_path / path.name).write_text(yaml.safe_dump(groups), encoding="utf-8")
    shutil.copy(CASES, tmp_path)
    code, output = promtool("test", "rules", tmp_path / CASES.name)
    assert code == 0, output


def test_every_alert_has_both_cases() -> None:
    """A new alert without a case in which it fires, and one in which it does not, is incomplete."""
    cases = [
        case for test in yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"] for case in test["alert_rule_test"]
    ]
    fired = {(case["alertname"], alert["exp_labels"]["severity"]) for case in cases for alert in case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fired == {(alert["alert"], alert["labels"]["severity"]) for alert in ALERTS}
    assert silent == {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_every_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """Severity, summary and description are there, and the runbook's link leads to the section on the alert."""
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    page, _hash, anchor = alert["annotations"]["runbook_url"].partition("/blob/main/")[2].partition("#")
    assert anchor == alert["alert"].lower()
    assert f"\n### {alert['alert']}\n" in (ROLE.parents[1] / page).read_text(encoding="utf-8")
