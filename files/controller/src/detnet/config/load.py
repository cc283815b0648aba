"""Load the configuration, with every mistake reported at once.

Defaults < the v1 controller's variables < YAML file < ``DETNET_`` variables, and ``.env`` < environment. The v1 names
carry no prefix of ours (``NAMESPACE``): a shell may have set them for somebody else, so what a file says counts more.

Each value remembers where it came from, so that an error names the variable or key to correct. A name that looks like
ours but is not (``TARGET_JITER_MS``) is reported: the environment is the one place where a typo is otherwise silent.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dotenv
import yaml
from pydantic import ValidationError

from detnet.config.models import Settings
from detnet.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Documented:
    """A name of the v1 controller: the path of the setting that has its meaning, and the unit that the name implies."""

    path: tuple[str, ...]
    unit: str = ""


DOCUMENTED = {
    "PROMETHEUS_URL": Documented(("source", "prometheus", "url")),
    "TARGET_APPLICATION": Documented(("defaults", "workload")),
    "TARGET_JITTER_MS": Documented(("defaults", "jitter"), "ms"),
    "TARGET_LATENCY_MS": Documented(("defaults", "latency"), "ms"),
    "MIN_BANDWIDTH_MBPS": Documented(("defaults", "min"), "M"),
    "MAX_BANDWIDTH_MBPS": Documented(("defaults", "max"), "M"),
    "DEPLOYMENT_NAME": Documented(("defaults", "target")),
    "INCREASE_STEP_MBPS": Documented(("policy", "increase"), "M"),
    "AGGRESSIVE_DECREASE_MBPS": Documented(("policy", "aggressive_decrease"), "M"),
    "GENTLE_DECREASE_MBPS": Documented(("policy", "gentle_decrease"), "M"),
    "EWMA_ALPHA": Documented(("policy", "ewma_alpha")),
    "CONTROL_INTERVAL_SEC": Documented(("loop", "raise_every"), "s"),
    "COOLDOWN_PERIOD_SEC": Documented(("loop", "cooldown"), "s"),
    "UPDATE_THRESHOLD_MBPS": Documented(("loop", "least_raise"), "M"),
    "NAMESPACE": Documented(("actuator", "kubernetes", "namespaces")),
    "BANDWIDTH_ANNOTATION": Documented(("actuator", "kubernetes", "annotation")),
    "LOG_LEVEL": Documented(("log", "level")),
}

PREFIX = "DETNET_"
# Names with our prefix that are not settings: the option --config, and the tests' own switch.
_NOT_SETTINGS = frozenset({"DETNET_CONFIG", "DETNET_TEST_ALL"})
# What Kubernetes sets in every pod for a Service named detnet or detnet-... (kubelet, pkg/kubelet/envvars).
_SERVICE_LINK = re.compile(
    r"DETNET(_[A-Z0-9]+)*?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9]+)*|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|(?P<url>PORT))"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, where each given value came from (dotted path to origin), and what a person should look at."""

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """One value as it was given: where it belongs, what it is, where it was written."""

    path: tuple[str, ...]
    value: object
    origin: str


def load(path: Path | None, environ: Mapping[str, str] = os.environ, dotenv_path: Path | None = None) -> Loaded:
    """Return the effective configuration.

    Raises:
        ConfigError: a file cannot be read or parsed, or values are wrong: one line for each mistake.
    """
    warnings: list[str] = []
    variables = {str(dotenv_path): _read_dotenv(dotenv_path), "environment": environ}
    for where, values in variables.items():
        warnings += [*_near_misses(values, where), *_service_links(values, where)]
    file = list(_from_yaml(path)) if path else []
    said = {one.path for one in file}
    documented = [one for where, values in variables.items() for one in _documented(values, where)]
    # Whoever has set the variable may think that it counts.
    warnings += [
        f"{one.origin} was not used: {path} sets {'.'.join(one.path)}" for one in documented if one.path in said
    ]
    spare = [one for one in documented if one.path not in said]
    prefixed = [one for where, values in variables.items() for one in _prefixed(values, where)]
    tree: dict[str, object] = {}
    origins: dict[str, str] = {}
    for one in (*file, *spare, *prefixed):
        _plant(tree, one)
        origins[".".join(one.path)] = one.origin
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None
    return Loaded(settings, origins, (*warnings, *_overruled(settings, origins), *_about_credentials(settings)))


def _from_yaml(path: Path) -> Iterator[_Given]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the configuration {path} is not UTF-8 text: byte {error.start} does not decode") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the configuration {path} is not YAML: {_yaml_problem(error)}") from error
    if document is None:
        return
    if not isinstance(document, dict):
        raise ConfigError(f"the configuration {path} must be a mapping of settings, not a {type(document).__name__}")
    yield from _leaves(document, (), str(path))


def _leaves(node: dict[object, object], path: tuple[str, ...], origin: str) -> Iterator[_Given]:
    for key, value in node.items():
        here = (*path, str(key))
        if isinstance(value, dict) and value:
            yield from _leaves(value, here, origin)
        else:
            yield _Given(here, value, origin)


def _documented(values: Mapping[str, str], where: str) -> Iterator[_Given]:
    for name, documented in DOCUMENTED.items():
        if name in values:
            text = values[name].strip()
            unit = documented.unit if text[-1:].isdigit() else ""
            yield _Given(documented.path, f"{text}{unit}", f"{name} ({where})")


def _prefixed(values: Mapping[str, str], where: str) -> Iterator[_Given]:
    for name in sorted(values):
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS and not _is_service_link(name, values[name]):
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            yield _Given(path, _value(values[name], f"{name} ({where})"), f"{name} ({where})")


def _value(text: str, origin: str) -> object:
    if not _is_list(text):
        return text
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin} is not YAML in flow style: {_yaml_problem(error)}") from error


def _is_service_link(name: str, value: str) -> bool:
    matched = _SERVICE_LINK.fullmatch(name)
    return matched is not None and (matched["url"] is None or "://" in value)


def _service_links(values: Mapping[str, str], where: str) -> Iterator[str]:
    if names := sorted(name for name, value in values.items() if _is_service_link(name, value)):
        yield (
            f"{', '.join(names)} ({where}) come from a Kubernetes Service and were not used; "
            "'enableServiceLinks: false' in the pod keeps them away"
        )


def _is_list(text: str) -> bool:
    """Lists and mappings in the environment are written in YAML's flow style."""
    return text.lstrip().startswith(("[", "{")) or text.strip() in ("null", "true", "false")


def _near_misses(values: Mapping[str, str], where: str) -> Iterator[str]:
    for name in sorted(values):
        close = difflib.get_close_matches(name, DOCUMENTED, n=1, cutoff=0.9)
        if name not in DOCUMENTED and close:
            yield f"{name} ({where}) is not a setting and was not used; did you mean {close[0]}?"


def _overruled(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """Say when a documented flat name has no effect because the file lists objectives or targets of its own."""
    flat = {"objectives": ("workload", "latency", "jitter"), "targets": ("target",)}
    for key, names in flat.items():
        if not getattr(settings, key):
            continue
        for name in names:
            origin = origins.get(f"defaults.{name}")
            if origin is not None:
                yield f"{origin} has no effect: '{key}' is listed, and each entry says its own"


def _about_credentials(settings: Settings) -> Iterator[str]:
    for server in settings.servers_in_plain_http:
        yield f"{server.key}: its credentials go to {server.url} without TLS, for everybody on the way to read"
    prometheus = settings.source.prometheus
    for server in settings.servers[1:] if prometheus.credentials.secret else ():
        if server.client is not prometheus and not server.client.credentials.secret:
            yield (
                f"{server.key}: {server.url} is another server than {prometheus.url} and gets none of its credentials; "
                "give the section its own, if it needs any"
            )


def _plant(tree: dict[str, object], given: _Given) -> None:
    node = tree
    for key in given.path[:-1]:
        child = node.get(key)
        if not isinstance(child, dict):
            child = node[key] = {}
        node = child
    node[given.path[-1]] = given.value


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    if not path.is_file():
        raise ConfigError(f"there is no file {path} to read variables from")
    # Without interpolation: systemd's EnvironmentFile= reads the same file and does not expand ${...}.
    return {key: value for key, value in dotenv.dotenv_values(path, interpolate=False).items() if value is not None}


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        path = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            text = f"there is no such setting{_suggestion(path)}"
        elif problem["type"] not in ("value_error", "missing"):
            text = f"{text}, not {problem['input']!r}"
        lines.append(f"{_where(path, origins)}{text}")
    if len(lines) == 1:
        return lines[0]
    return f"{len(lines)} mistakes in the configuration:\n" + "\n".join(f"  {line}" for line in lines)


def _where(path: str, origins: Mapping[str, str]) -> str:
    origin = next((text for key, text in origins.items() if path == key or path.startswith(f"{key}.")), None)
    if origin is None:
        return f"{path}: " if path else ""
    return f"{path}, from {origin}: "


def _suggestion(path: str) -> str:
    *parents, last = path.split(".")
    model: object = Settings
    for part in parents:
        field = getattr(model, "model_fields", {}).get(part)
        model = field.annotation if field is not None else None
    close = difflib.get_close_matches(last, getattr(model, "model_fields", {}), n=1)
    return f"; did you mean {'.'.join([*parents, close[0]])}?" if close else ""


def _yaml_problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


class _StrictLoader(yaml.SafeLoader):
    """YAML without its silent choice of the last of two equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - the base class's interface
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (str, int, float, bool)) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            if isinstance(key, (str, int, float, bool)):
                seen.add(key)
        return super().construct_mapping(node, deep)
