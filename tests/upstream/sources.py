"""Where each product says what it has released and how long it gets fixes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import yaml

_TIMEOUT_S = 30
_RELEASE = re.compile(r"v?(\d+\.\d+\.\d+)")  # neither candidates nor previews


class UnreadableError(Exception):
    """A source did not answer, or not in the form that it documents; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Released:
    """The releases of one product, and the SHA-256 of those that we pin by it."""

    versions: tuple[str, ...]
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readers:
    """How an address and the releases of a Python package are read; both raise UnreadableError."""

    address: Callable[[str], str]
    package: Callable[[str], str]


Source = Callable[[Readers, tuple[str, ...]], Released]


def over_https(url: str) -> str:
    """Return what is at an address.

    Raises:
        UnreadableError: nothing is, or it cannot be reached from here.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "detnet.qos bump-versions"})  # noqa: S310 our own https addresses
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 likewise
            return str(answer.read().decode())
    except (OSError, HTTPException) as error:
        raise UnreadableError(f"{url} cannot be read from here: {getattr(error, 'reason', error)}.") from error


def by_pip(package: str) -> str:
    """Return what pip says of a package in the index that it is set up for, for any Python.

    Raises:
        UnreadableError: pip finds nothing there.
    """
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", "--ignore-requires-python"]
    done = subprocess.run([*pip, package], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnreadableError(
            f"pip cannot read the releases of {package}: {(done.stderr.strip() or 'no answer').splitlines()[-1]}"
        )
    return done.stdout


def kubernetes(readers: Readers, lines: tuple[str, ...]) -> Released:
    """Each known line's newest patch, and that of the newest line (kubernetes.io/releases/download)."""
    addresses = ["stable", *(f"stable-{line}" for line in lines)]
    return Released(_releases(readers.address(f"https://dl.k8s.io/release/{name}.txt").strip() for name in addresses))


def github(repository: str) -> Source:
    """The latest hundred releases of a repository (docs.github.com, REST API, list releases)."""

    def released(readers: Readers, _lines: tuple[str, ...]) -> Released:
        found = json.loads(readers.address(f"https://api.github.com/repos/{repository}/releases?per_page=100"))
        return Released(_releases(one["tag_name"] for one in found if not one["prerelease"] and not one["draft"]))

    return released


def charts(readers: Readers, _lines: tuple[str, ...]) -> Released:
    """Cilium's charts with their digests (helm.sh, The Chart Repository Guide, the index file)."""
    entries = yaml.load(readers.address("https://helm.cilium.io/index.yaml"), _Loader)["entries"]["cilium"]  # noqa: S506 a safe loader
    digests = {one["version"]: f"sha256:{one['digest']}" for one in entries}
    return Released(_releases(digests), digests)


def packages(readers: Readers, _lines: tuple[str, ...]) -> Released:
    """What the package index has of ansible-core."""
    listed = re.search(r"^Available versions: (.+)$", readers.package("ansible-core"), re.MULTILINE)
    if not listed:
        raise ValueError("no line of available versions")
    return Released(_releases(listed[1].split(", ")))


SOURCES: Mapping[str, Source] = {
    "kubernetes": kubernetes,
    "containerd": github("containerd/containerd"),
    "cilium": charts,
    "prometheus": github("prometheus/prometheus"),
    "grafana": github("grafana/grafana"),
    "alertmanager": github("prometheus/alertmanager"),
    "ansible_core": packages,
}


def released(product: str, readers: Readers, lines: tuple[str, ...]) -> Released:
    """Return what a product has released.

    Raises:
        UnreadableError: its source does not answer, or not in the form that it documents.
    """
    try:
        return SOURCES[product](readers, lines)
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UnreadableError(f"The source of {product} answers in another form than expected: {error!r}.") from error


def ends(product: str, readers: Readers) -> dict[str, str]:
    """Return the last day of support of each line that has one published (endoflife.date/docs/api/v1).

    Raises:
        UnreadableError: as for ``released``.
    """
    name = product.replace("_", "-")
    if name == "alertmanager":  # publishes none
        return {}
    try:
        rows: list[dict[str, Any]] = json.loads(readers.address(f"https://endoflife.date/api/v1/products/{name}"))[
            "result"
        ]["releases"]
        return {row["name"]: row["eolFrom"] for row in rows if row["eolFrom"]}
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError(f"endoflife.date answers of {name} in another form than expected: {error!r}.") from error


def number(version: str) -> tuple[int, ...]:
    """To compare releases and lines by."""
    return tuple(int(part) for part in version.split("."))


def line(version: str) -> str:
    """The minor release."""
    return ".".join(version.split(".")[:2])


def _releases(names: Any) -> tuple[str, ...]:
    return tuple(found[1] for found in map(_RELEASE.fullmatch, names) if found)


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the index has 20 MB
