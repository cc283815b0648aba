"""The programs as their makers release them, each checked against the checksum beside it."""

from __future__ import annotations

import hashlib
import http.client
import platform
import tarfile
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from control_plane.steps import BuildError

KUBERNETES = "https://dl.k8s.io"
ETCD = "https://github.com/etcd-io/etcd/releases/download"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# A server that cannot be reached must not hold up a machine that builds instead; a slow one may take its time.
_SILENCE_S = 20.0


class UnreachableError(Exception):
    """The release, or its server, cannot be reached from here."""


def kubernetes(version: str, programs: Sequence[str], target: Path, base: str = KUBERNETES) -> None:
    """Fetch programs of one release of Kubernetes into ``target``.

    Raises:
        UnreachableError: the server does not have them, or cannot be reached.
        BuildError: what it sent is not what its checksum says.
    """
    for program in programs:
        url = f"{base}/release/v{version}/bin/linux/{_architecture()}/{program}"
        expected = _read(f"{url}.sha256").decode().split()[0]
        _install(_checked(url, expected), target / program)


def etcd(version: str, target: Path, base: str = ETCD) -> None:
    """Fetch etcd into ``target``; raises as :func:`kubernetes` does."""
    name = f"etcd-v{version}-linux-{_architecture()}"
    listing = _read(f"{base}/v{version}/SHA256SUMS").decode()
    sums = {name: digest for digest, name in (line.split() for line in listing.splitlines() if line)}
    archive = f"{name}.tar.gz"
    if archive not in sums:
        raise UnreachableError(f"{base}/v{version}/SHA256SUMS has no line for {archive}")
    with tempfile.TemporaryFile() as file:
        file.write(_checked(f"{base}/v{version}/{archive}", sums[archive]))
        file.seek(0)
        with tarfile.open(fileobj=file) as content:
            member = content.extractfile(f"{name}/etcd")
            if member is None:
                raise BuildError(f"{base}/v{version}/{archive} has no {name}/etcd")
            _install(member.read(), target / "etcd")


def _architecture() -> str:
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise UnreachableError(f"no release for {machine}")
    return ARCHITECTURES[machine]


def _checked(url: str, expected: str) -> bytes:
    content = _read(url)
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise BuildError(
            f"{url} has the SHA-256 {found}, but its publisher says {expected}: nothing was kept, try again"
        )
    return content


def _read(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_SILENCE_S) as answer:  # noqa: S310 - https, or a test's own server
            content: bytes = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"{url}: {error}") from error
    return content


def _install(content: bytes, file: Path) -> None:
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    unfinished.rename(file)
