"""The dashboard and the rules ask for what exists."""

from __future__ import annotations

import promql_parser
import pytest

from monitoring import foreign, ours
from monitoring.role import panels, queries, rules

EXPRESSIONS = queries() | {
    rule.get("record") or f"{rule['alert']} {rule['labels']['severity']}": rule["expr"] for rule in rules()
}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}
DOCUMENTED = {  # the panels that the documents describe
    "Protection status",
    "Drops",
    "Throttling",
    "Control loop",
    "Drops by node",
    "eBPF flows",
    "Drops by reason",
    "Adjustments",
    "Limits",
}


def metrics(expression: str) -> set[str]:
    """Return the names that a PromQL expression selects; one that does not parse raises."""
    found: set[str] = set()

    def note(part: promql_parser.Expr) -> None:
        if isinstance(part, promql_parser.VectorSelector):
            found.add(str(part.name))

    promql_parser.walk(promql_parser.parse(expression), pre_visit=note)
    return found


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every name that somebody exports or a rule records."""
    return ours.names(tmp_path_factory.mktemp("registry")) | foreign.NAMES | RECORDED


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_metric_exists(where: str, known: set[str]) -> None:
    """Each expression parses and names only metrics of a registry of ours or of the list of others'."""
    named = metrics(EXPRESSIONS[where])
    assert named
    assert named <= known


def test_nothing_is_recorded_for_nobody() -> None:
    """A recorded series is used by an alert or a panel."""
    used = {name for where, expression in EXPRESSIONS.items() if where not in RECORDED for name in metrics(expression)}
    assert used >= RECORDED


def test_every_panel_can_be_read() -> None:
    """Each has a unit, a description and the data source of the variable, and none covers another."""
    assert {panel["title"] for panel in panels()} >= DOCUMENTED
    covered: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}, panel["title"]
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _y in cells) < 24, panel["title"]
        assert not covered & cells, panel["title"]
        covered |= cells
