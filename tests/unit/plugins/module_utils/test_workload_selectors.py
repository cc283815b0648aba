"""A workload's selector in the words of a list request."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.module_utils.workloads import selector_text


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"app": "upload", "tier": "edge"}}, "app=upload,tier=edge"),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, "app in (a,b)"),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}, "app notin (a)"),
        (
            {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]},
            "a=b,c",
        ),
        ({"matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]}, "!c"),
    ],
)
def test_both_forms_of_a_selector_are_written_as_a_list_request_takes_them(selector: dict[str, Any], text: str) -> None:
    """As kubectl would write them."""
    assert selector_text(selector) == text
