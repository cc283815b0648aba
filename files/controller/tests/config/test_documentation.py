"""docs/reference/configuration.md names every setting and every documented variable."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from detnet.config.load import DOCUMENTED
from detnet.config.models import Settings

DOCUMENT = Path(__file__).parents[4] / "docs/reference/configuration.md"
# Described in docs/reference/sources.md, as a whole.
ELSEWHERE = ("objectives[].promql.",)


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = [t for t in (field.annotation, *_arguments(field.annotation)) if _is_model(t)]
        listed = "[]" if typing.get_origin(field.annotation) is tuple else ""
        if inner:
            yield from _paths(inner[0], f"{prefix}{name}{listed}.")
        else:
            yield f"{prefix}{name}"


def _arguments(annotation: object) -> tuple[object, ...]:
    return typing.get_args(annotation)


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def test_every_setting_is_documented() -> None:
    """A setting that nobody can read about does not exist for its users."""
    text = DOCUMENT.read_text(encoding="utf-8")
    missing = [p for p in _paths(Settings) if f"`{p}`" not in text and not p.startswith(ELSEWHERE)]
    assert missing == []


def test_every_documented_variable_is_bound_to_the_setting_that_the_table_names() -> None:
    """The table and the code cannot drift apart."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, documented in DOCUMENTED.items():
        assert f"| `{name}` | `{'.'.join(documented.path)}`" in text
