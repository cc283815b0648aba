"""Scenario files of the lab and of the simulator: found by name or path, read as YAML, refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from detnet.model.errors import ConfigError


class ScenarioLibrary:
    """The scenarios that a package ships in its folder ``scenarios``."""

    def __init__(self, package: str) -> None:
        self._package = package

    @property
    def _folder(self) -> Traversable:
        return resources.files(self._package).joinpath("scenarios")

    def names(self) -> list[str]:
        """Return the names of the shipped scenarios."""
        return sorted(entry.name.removesuffix(".yaml") for entry in self._folder.iterdir() if ".yaml" in entry.name)

    def read(self, name_or_path: str) -> tuple[str, str]:
        """Return a scenario's text, by its name or from a YAML file, and what errors call it.

        Raises:
            ConfigError: there is none of that name, or the file cannot be read.
        """
        if name_or_path in self.names():
            return self._folder.joinpath(f"{name_or_path}.yaml").read_text(), f"scenario {name_or_path}"
        path = Path(name_or_path)
        if path.suffix not in {".yaml", ".yml"}:
            raise ConfigError(
                f"no scenario is named {name_or_path!r}; there are {', '.join(self.names())}, or give a .yaml file"
            )
        try:
            return path.read_text(), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the scenario {path}: {error}") from error


def parse_yaml(text: str, source: str) -> object:
    """Return the document.

    Raises:
        ConfigError: the text is not YAML.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not YAML: {' '.join(str(error).split())}") from error


class YamlMapping:
    """A mapping of the file under the name that errors call it by.

    Raises:
        ConfigError: it is no mapping, or has a key that is not allowed.
    """

    def __init__(self, data: object, where: str, allowed: set[str]) -> None:
        if not isinstance(data, Mapping):
            raise ConfigError(f"{where}: expected a mapping, found {type(data).__name__}")
        unknown = sorted(str(key) for key in data if key not in allowed)
        if unknown:
            raise ConfigError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(allowed))}")
        self.data: Mapping[str, Any] = data
        self.where = where

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, "text")
        return str(value)

    def rows(self, key: str) -> list[Any]:
        """Return a list; without the key, an empty one."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            self.refuse(key, "a list")
        return list(value)

    def refuse(self, key: str, expected: str) -> NoReturn:
        """Say what was expected under ``key`` and what was found.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(f"{self.where}: {key}: expected {expected}, found {self.data.get(key)!r}")
