"""Scenarios are data: all that ship can be read, and every mistake is one sentence."""

from __future__ import annotations

import pytest

from detnet.model.errors import ConfigError
from detnet_lab.simulator.faults import KINDS
from detnet_lab.simulator.simulator_scenario import load, names, parse

GOOD = "name: a\ntitle: b\ntargets: [{name: upload}]\n"


def test_every_shipped_scenario_can_be_read_and_lasts_ten_minutes() -> None:
    """A file is named after its scenario."""
    for name in names():
        one = load(name)
        assert (one.name, one.duration_s) == (name, 600.0)


def test_every_kind_of_fault_is_met_somewhere() -> None:
    """A fault that no scenario has is not tested."""
    met = {fault.kind for name in names() for link in load(name).links for fault in link.faults}
    assert met == set(KINDS)


def test_a_count_makes_as_many_targets() -> None:
    """Ten senders are one line."""
    (link,) = parse("name: a\ntitle: b\ntargets: [{name: sensor, count: 10}]", "x").links
    assert [target.name for target in link.targets][:2] == ["sensor-1", "sensor-2"]
    assert len(link.targets) == 10


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: [", "not YAML"),
        ("[]", "expected a mapping"),
        ("name: a\ntitle: b", "targets: expected at least one"),
        (GOOD + "colour: red", "unknown key 'colour'"),
        (GOOD + "duration_s: ten", "duration_s: expected a number between 30 and 86400"),
        (GOOD + "critical: lots", "critical: expected a share of the capacity"),
        (GOOD + "critical: [{wave: 1}]", "critical: expected a mapping with one of"),
        (GOOD + "critical: [{square: {high: 1}}]", "square: on_s is missing"),
        (GOOD + "critical: [{square: {high: 1, on_s: 0, off_s: 1}}]", "on_s must be positive"),
        (GOOD + "critical: [{pareto: {high: 1, on_s: 1, off_s: 1, shape: 1}}]", "has no mean"),
        (GOOD + "capacity: [{steps: [[5, 1], [4, 1]]}]", "the seconds must ascend"),
        (GOOD + "capacity: .nan", "expected a number, found nan"),
        (GOOD + "faults: [{kind: flood, at_s: 1}]", "'flood' is no fault"),
        (GOOD + "faults: [{kind: clock-step, at_s: 1}]", "clock-step takes s beside"),
        (GOOD + "faults: [{kind: path-lost}]", "at_s is missing"),
        (GOOD + "links: []", "links: expected a list of links"),
        ("name: a\ntitle: b\ntargets: [{name: u}, {name: u}]", "the name 'u' is used twice"),
        ("name: a\ntitle: b\ntargets: [{name: u, protocol: sctp}]", "protocol: expected tcp or udp"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_file(text: str, sentence: str) -> None:
    """What, where and what was expected."""
    with pytest.raises(ConfigError) as raised:
        parse(text, "own.yaml")
    assert str(raised.value).startswith("own.yaml")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_name_lists_what_there_is() -> None:
    """Nobody has to look into the package."""
    with pytest.raises(ConfigError, match=r"there are .*normal"):
        load("nosuch")
