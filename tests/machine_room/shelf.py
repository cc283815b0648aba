"""The shelf: packages and images for hosts that have no way out, kept as long as their recipe is the same."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from control_plane import releases
from control_plane.build import build
from machine_room import debian, docker, images, kubernetes
from machine_room.nodes import CACHE, SHELF

_HERE = Path(__file__).parent


def fill() -> Path:
    """Make what is missing and return the shelf.

    Raises:
        HostError: a part could not be made.
        BuildError: a program could not be had.
    """
    release = releases.wanted()
    SHELF.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _part("debian", _recipe("debian.py"), debian.make)
        containerd = releases.containerd()
        of_docker = [containerd, *_recipe("docker.py", "package.py", "repository.py", "programs.py")]
        _part("docker", of_docker, lambda to: docker.make(containerd, to))
        _release("kubernetes", release)
        _release("next", releases.following(release))
        _part("detnet", images.detnet_recipe(), images.make_detnet)
    return SHELF


def _release(name: str, version: str) -> None:
    """A release's packages in one part, its images in another."""
    built = build(version, node_programs=True)
    files = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in sorted(built.iterdir())]
    packages = [*files, *_recipe("kubernetes.py", "package.py", "repository.py", "programs.py")]
    _part(name, packages, lambda to: kubernetes.make(version, built, to))
    contents = [*files, *_recipe("images.py", "archive.py", "programs.py", "nginx.conf")]
    _part(f"{name}-images", contents, lambda to: images.make(version, built, to))


def _recipe(*names: str) -> list[str]:
    places = (_HERE / name if name.endswith(".py") else _HERE / "files" / name for name in names)
    return [place.read_text() for place in places]


def _part(name: str, recipe: Sequence[str], make: Callable[[Path], None]) -> None:
    folder, unfinished = SHELF / name, CACHE / f"{name}.unfinished"
    stamp = hashlib.sha256("\n".join(recipe).encode()).hexdigest()
    if (folder / "stamp").exists() and (folder / "stamp").read_text() == stamp:
        return
    print(f"machine-room: making the shelf's {name} ...", end=" ", flush=True)
    started_s = time.monotonic()
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    make(unfinished)
    (unfinished / "stamp").write_text(stamp)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    print(f"{time.monotonic() - started_s:.0f} s", flush=True)
