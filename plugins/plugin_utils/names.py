# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what becomes a name or a label in a cluster is one: RFC 1123, and Kubernetes' lengths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .finding import Finding, shown

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAME = rf"{_LABEL}(\.{_LABEL})*"
_PART = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN_LENGTH = 253
_NODE_LENGTH = 63

# By the end of a variable's name: the form, the length, and what is said of it.
_FORMS = (
    (r"(?!.*_remove_).*_namespaces?", _LABEL, 63, "a namespace: at most 63 small letters, digits and hyphens"),
    (r".*_node_name", _NAME, _NODE_LENGTH, "a node's name: at most 63 small letters, digits, hyphens and dots"),
    (
        r".*_(service_account|lease|secret|storage_class)",
        _NAME,
        _DOMAIN_LENGTH,
        "a name: parts of at most 63 small letters, digits and hyphens with dots between them, and 253 in all",
    ),
)


def judge(variables: Mapping[str, object], *, known: Iterable[str]) -> Iterator[Finding]:
    """Yield what is wrong with the names among ``variables``.

    Args:
        variables: by name, the end of which tells what they become.
        known: the variables that a role reads; others may mean something else.
    """
    for name in sorted(set(known) & set(variables)):
        value = variables[name]
        if name.endswith("_labels") and isinstance(value, Mapping):
            yield from _labels(name, value)
        for ending, form, length, words in _FORMS:
            if re.fullmatch(ending, name):
                for text in value if isinstance(value, list) else [value]:
                    if text not in ("", None) and not _fits(form, length, text):
                        yield Finding(shown(name, text), f"expected {words}")


def _labels(name: str, labels: Mapping[object, object]) -> Iterator[Finding]:
    for key, value in labels.items():
        prefix, slash, own = str(key).rpartition("/")
        if not _fits(_PART, 63, own) or (slash and not _fits(_NAME, _DOMAIN_LENGTH, prefix)):
            yield Finding(
                shown(f"{name}, a key", key),
                "expected at most 63 letters, digits, dots, hyphens and underscores, if need be after domain/",
            )
        if value != "" and not _fits(_PART, 63, value):
            yield Finding(
                shown(f"{name}.{key}", value), "expected at most 63 letters, digits, dots, hyphens and underscores"
            )


def _fits(form: str, length: int, value: object) -> bool:
    text = str(value)
    return len(text) <= length and re.fullmatch(form, text) is not None
