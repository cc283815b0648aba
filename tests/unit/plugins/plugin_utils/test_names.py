"""What becomes a name in a cluster, and is none."""

from __future__ import annotations

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.names import judge


def findings(**variables: object) -> list[str]:
    """What is said about the variables, each of which a role reads."""
    return [str(each) for each in judge(variables, known=variables)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a_namespace", "robot-factory"),
        ("a_namespace", "0x1f"),
        ("a_namespace", ""),
        ("a_namespace", "n" * 63),
        ("a_namespaces", ["666", "b"]),
        ("worker_node_name", "w1.example"),
        ("worker_node_name", 666),
        ("worker_node_name", "n" * 63),
        ("a_service_account", f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"),
        ("worker_labels", {"node-role.kubernetes.io/worker": "", "zone": "A_1.b"}),
        ("a_remove_namespace", True),
        ("another", "Not A Name"),
    ],
)
def test_names_are_fine(name: str, value: object) -> None:
    """Also those that look like numbers, and those of the greatest length."""
    assert findings(**{name: value}) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("a_namespace", "Robot", "expected a namespace"),
        ("a_namespace", "a.b", "expected a namespace"),
        ("a_namespace", "n" * 64, "expected a namespace"),
        ("a_namespaces", ["b", "-c"], 'a_namespaces is "-c": expected a namespace'),
        ("worker_node_name", "node_1", "expected a node's name"),
        ("worker_node_name", "n" * 32 + "." + "m" * 31, "expected a node's name"),
        ("worker_node_name", "a..b", "expected a node's name"),
        ("a_service_account", "x" * 64, "expected a name"),
        ("a_lease", "a." * 126 + "ab", "253 in all"),
        ("worker_labels", {"bad key": "a"}, "worker_labels, a key is"),
        ("worker_labels", {"Bad_Domain/key": "a"}, "worker_labels, a key is"),
        ("worker_labels", {"zone": "a b"}, 'worker_labels.zone is "a b"'),
        ("worker_labels", {"zone": "x" * 64}, "expected at most 63 letters"),
    ],
)
def test_what_is_no_name_is_told(name: str, value: object, said: str) -> None:
    """With what was expected."""
    (sentence,) = findings(**{name: value})
    assert said in sentence


def test_variables_of_nobody_are_not_looked_at() -> None:
    """They may mean something else."""
    assert list(judge({"a_namespace": "Not A Name"}, known=[])) == []
