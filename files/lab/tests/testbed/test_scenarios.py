"""Scenario files: those that come with the package, those that are wrong, and scaling."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.errors import ConfigError
from detnet_lab.testbed.testbed_scenario import Phase, Scenario, load, names, parse

_PHASES = [{"name": "quiet", "title": "Nothing", "duration_s": 5}]
_GOOD = {"name": "one", "title": "One", "phases": _PHASES}


def _with(**phase: object) -> str:
    first = {"name": "quiet", "title": "Nothing", "duration_s": 5}
    return yaml.safe_dump({**_GOOD, "phases": [{**first, **phase}]})


@pytest.mark.parametrize("name", names())
def test_every_shipped_scenario_loads_under_its_own_name(name: str) -> None:
    """Each file is valid, is named as its scenario, and starts with an undisturbed reference phase."""
    scenario = load(name)
    first = scenario.phases[0]
    assert (scenario.name, first.name, first.disturbance, first.start) == (name, "quiet", False, ())


def test_the_scenarios_of_the_issue_are_there() -> None:
    """The seven situations that the loop must survive are shipped."""
    wanted = {"quiet", "noisy-neighbour", "capacity-drop", "on-off", "bursty-critical", "probe-outage", "daemon-killed"}
    assert wanted <= set(names())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", r"mine.yaml: not YAML: "),
        ("[]", r"mine.yaml: expected a mapping, found list"),
        (yaml.safe_dump({**_GOOD, "extra": 1}), r"mine.yaml: unknown key 'extra'; known are name, phases, title"),
        (yaml.safe_dump({**_GOOD, "phases": []}), r"mine.yaml: phases: expected a list"),
        (yaml.safe_dump({**_GOOD, "title": 7}), r"mine.yaml: title: expected text, found 7"),
        (
            yaml.safe_dump({**_GOOD, "phases": [*_PHASES, *_PHASES]}),
            r"mine.yaml: phases: the name 'quiet' is used twice",
        ),
        (_with(duration_s=0), r"phases\[0\]: duration_s: expected seconds between 0 and 3600, found 0"),
        (_with(duration_s=True), r"duration_s: expected seconds"),
        (_with(duration_s=float("nan")), r"duration_s: expected seconds"),
        (_with(start=["bitcoin"]), r"start: no workload 'bitcoin'; there are telemetry-upload"),
        (_with(stop="erp-dashboard"), r"stop: expected a list"),
        (_with(capacity=40), r"capacity: expected a share such as 40%"),
        (_with(capacity="0%"), r"capacity: expected a share"),
        (_with(fault={"daemon": "pause"}), r"fault: daemon: pause is not a fault; there are probe: pause or resume"),
        (_with(disturbance="yes please"), r"disturbance: expected true or false"),
    ],
)
def test_a_mistake_is_one_sentence_naming_file_and_key(text: str, message: str) -> None:
    """Every kind of mistake is told by file, key, what was found and what was expected."""
    with pytest.raises(ConfigError, match=message) as caught:
        parse(text, "mine.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    """A path ending in .yaml is read; an unknown name lists what there is."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(_GOOD))
    assert load(str(mine)).name == "one"
    with pytest.raises(ConfigError, match=r"no scenario is named 'mine'; there are agent-restart, bursty-critical, "):
        load("mine")
    with pytest.raises(ConfigError, match="cannot read the scenario"):
        load(str(tmp_path / "absent.yaml"))


@given(
    st.lists(st.floats(1.0, 600.0), min_size=1, max_size=8),
    st.integers(60, 3600),
)
def test_scaling_keeps_the_total_the_order_and_the_shares(lengths: list[float], total_s: int) -> None:
    """A scaled scenario lasts as asked, begins phases at whole seconds, and moves none by over half a second."""
    scenario = Scenario("s", "S", tuple(Phase(f"p{i}", "P", length) for i, length in enumerate(lengths)))
    if min(lengths) * total_s / scenario.duration_s < 2:
        return  # a phase may vanish, which is refused: see the bad input tests
    scaled = scenario.scaled(float(total_s))
    assert scaled.duration_s == total_s
    assert [phase.name for phase in scaled.phases] == [phase.name for phase in scenario.phases]
    wanted_s = is_s = 0.0
    for before, after in zip(scenario.phases, scaled.phases, strict=True):
        wanted_s += before.duration_s * total_s / scenario.duration_s
        is_s += after.duration_s
        assert is_s.is_integer()
        assert abs(is_s - wanted_s) <= 0.5 + 1e-6
