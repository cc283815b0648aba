"""The shelf: packages and images for hosts that have no way out, kept as long as their recipe is the same."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from control_plane.build import build
from machine_room import debian, images, kubernetes, next_release
from machine_room.nodes import CACHE, SHELF

_HERE = Path(__file__).parent


def fill() -> Path:
    """Make what is missing and return the shelf.

    Raises:
        HostError: a part could not be made.
        BuildError: Kubernetes could not be built.
    """
    programs = build(node_programs=True)
    built = [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in sorted(programs.iterdir())]
    SHELF.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _part("debian", _recipe("debian.py"), debian.make)
        _part("kubernetes", [*built, *_recipe("kubernetes.py", "crictl")], lambda to: kubernetes.make(programs, to))
        of_images = _recipe("images.py", "archive.py", "dns", "nginx.conf")
        _part("images", [*built, *of_images], lambda to: images.make(programs, to))
        of_next = _recipe("next_release.py", "kubernetes.py", "crictl", "images.py", "archive.py")
        _part("next", [*built, *of_next], lambda to: next_release.make(programs, to))
        _part("detnet", images.detnet_recipe(), images.make_detnet)
    return SHELF


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
