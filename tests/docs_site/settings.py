"""Every setting of the controller from its models, with the meaning that docs/reference/configuration.md gives."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from detnet.config.models import Settings
from detnet.config.sections import Duration, Share
from detnet.model.rate import Rate

_ROW = re.compile(r"^\| (?P<names>`[^|]+`) \|(?P<default>[^|]*)\| (?P<meaning>.*) \|$", re.MULTILINE)
# Described as a whole on a page of their own.
_ELSEWHERE = {"objectives[].promql.": "a query of your own: [sources](sources.md)"}
_WORDS: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "boolean"}
_HEAD = """\
# Settings

Every setting of `detnet.yaml`, read from the program when this page was built. [Configuration](configuration.md) says
how they fit together and which defaults depend on others. A setting of a list has `[]` in its name and no environment
variable: its list has one.

| setting | type | default | environment | meaning |
|---|---|---|---|---|
"""


def page(root: Path) -> str:
    """Return the page."""
    return _HEAD + "".join(_rows(root))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its path, its type with the unit in it, and its default."""

    path: str
    hint: object
    default: object

    @property
    def variable(self) -> str:
        """The environment variable; a setting of a list has none of its own."""
        return "" if "[]" in self.path else f"`DETNET_{self.path.replace('.', '__').upper()}`"


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[Leaf]:
    """Yield every setting."""
    hints = typing.get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        inner = _models(field.annotation)
        listed = "[]" if typing.get_origin(field.annotation) is tuple else ""
        if inner:
            yield from leaves(inner[0], f"{prefix}{name}{listed}.")
        else:
            yield Leaf(f"{prefix}{name}", hints[name], field.get_default(call_default_factory=True))


def _rows(root: Path) -> Iterator[str]:
    described = _described(root)
    for leaf in leaves(Settings):
        default, meaning = described.get(leaf.path) or ("", _elsewhere(leaf.path))
        known = leaf.default not in (None, (), PydanticUndefined)
        shown = f"`{_text(leaf.default, leaf.hint)}`" if known else default
        yield f"| `{leaf.path}` | {_type(leaf.hint)} | {shown} | {leaf.variable} | {meaning} |\n"


def _described(root: Path) -> Mapping[str, tuple[str, str]]:
    """Return default and meaning of each setting in the table; a row of several gives no default to one of them."""
    text = (root / "docs/reference/configuration.md").read_text(encoding="utf-8")
    described = {}
    for row in _ROW.finditer(text):
        names = re.findall(r"`([^`]+)`", row["names"])
        for name in names:
            # A link within the table's page leads, from here, to that page.
            meaning = row["meaning"].strip().replace("](#", "](configuration.md#")
            described[name] = (row["default"].strip() if len(names) == 1 else "", meaning)
    return described


def _elsewhere(path: str) -> str:
    return next((text for prefix, text in _ELSEWHERE.items() if path.startswith(prefix)), "")


def _models(annotation: object) -> list[type[BaseModel]]:
    candidates = (annotation, *typing.get_args(annotation))
    return [each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)]


def _text(value: object, hint: object) -> str:
    """Return a default as it is written in YAML."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Rate):
        return value.quantity
    if isinstance(value, float) and Duration in _choices(hint):
        return f"{value * 1e3:g}ms" if value < 1.0 else f"{value:g}s"
    if isinstance(value, float) and Share in _choices(hint):
        return f"{value:.0%}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(hint: object) -> tuple[object, ...]:
    """Return the types of which a hint is one."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, UnionType) else (hint,)


def _type(hint: object) -> str:
    """Return a type in the words of a reader of YAML."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Duration, Share):
        return "duration" if hint == Duration else "percentage"
    if origin in (typing.Union, UnionType):
        return " or ".join(_type(each) for each in inner if each is not NoneType)
    if origin is typing.Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin in (tuple, dict):
        return f"list of {_type(inner[0])}" if origin is tuple else "mapping"
    return _WORDS.get(hint, str(getattr(hint, "__name__", hint)).lower())
