"""Variables are held to what the roles say of them."""

from __future__ import annotations

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.arguments import Arguments

ARGUMENTS = Arguments(
    {
        "lab_duration": {"type": "int"},
        "lab_policy": {"type": "str", "choices": ["learned", "aimd", ""]},
        "lab_hosts": {"type": "list", "elements": "str", "choices": ["a", "b"]},
        "lab_place": {"type": "dict", "options": {"x": {"type": "int"}}},
        "lab_key": {"type": "int", "no_log": True},
    },
    ("lab_",),
)


def told(name: str, value: object, *others: str) -> list[str]:
    """What is said about one variable."""
    return [str(each) for each in ARGUMENTS.judge({name: value}, others=others)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("lab_duration", "90"), ("lab_policy", ""), ("lab_hosts", ["a", "b"]), ("lab_place", {"x": 1})],
)
def test_what_the_role_would_take_is_fine(name: str, value: object) -> None:
    """Also where Ansible converts it."""
    assert told(name, value) == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lab_duration", "long", 'lab_duration is "long": expected a whole number.'),
        ("lab_policy", "fast", 'lab_policy is "fast": expected one of learned, aimd, nothing.'),
        ("lab_hosts", ["c"], 'lab_hosts is ["c"]: expected a list, each entry a text, of a, b.'),
        ("lab_place", {"y": 1}, 'lab_place is {"y": 1}: expected a mapping of names to values with x.'),
        ("lab_key", "s3cret", "lab_key is not shown, because it is secret: expected a whole number."),
    ],
)
def test_a_wrong_value_is_shown_with_what_was_expected(name: str, value: object, sentence: str) -> None:
    """In words, and a secret not at all."""
    assert told(name, value) == [sentence]


@pytest.mark.parametrize(
    ("name", "cure"), [("lab_durtion", "did you mean lab_duration?"), ("lab_nonsense", "correct the name")]
)
def test_a_name_that_nothing_reads_gets_the_nearest_one(name: str, cure: str) -> None:
    """Where one is near."""
    (sentence,) = told(name, 1)
    assert sentence.startswith(f"{name}: nothing reads it; {cure}")


def test_a_name_of_somebody_else_may_be_declared() -> None:
    """As a pattern for the whole name."""
    assert told("lab_exporter_port", 1, "lab_exporter_.*") == []
    assert told("lab_exporter_port", 1, "lab_exporter") != []
