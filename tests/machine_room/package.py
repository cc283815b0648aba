"""Debian packages made here of programs that Debian does not have."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from systemd_hosts.places import run


@dataclass(frozen=True, slots=True)
class Package:
    """What one package is made of.

    Attributes:
        name: as apt knows it.
        version: with the packager's own number.
        files: the place of each file, and where it comes from or what is in it.
        depends: the packages without which it does not work.
        replaces: the packages whose place it takes: it provides them, and cannot be there beside them.
        scripts: what dpkg runs, by the name that dpkg gives it.
    """

    name: str
    version: str
    files: Mapping[str, Path | str]
    depends: Sequence[str] = ()
    replaces: Sequence[str] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)


def architecture() -> str:
    """This machine's, as Debian calls it."""
    return run("dpkg", "--print-architecture").strip()


def make(package: Package, work: Path, folder: Path) -> None:
    """Put the package into ``folder``; ``work`` is a place for its parts."""
    for place, content in package.files.items():
        file = work / place
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy(content, file)
        else:
            file.write_text(content)
            file.chmod(0o644)
    control = work / "DEBIAN"
    control.mkdir(parents=True)
    others = ", ".join(package.replaces)
    fields = {
        "Package": package.name,
        "Version": package.version,
        "Architecture": architecture(),
        "Maintainer": "detnet.qos contributors <nobody@localhost>",
        "Depends": ", ".join(package.depends),
        "Provides": others,
        "Conflicts": others,
        "Replaces": others,
        "Description": f"{package.name}, built for the machine room",
    }
    (control / "control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items() if value))
    # As debhelper does: what is below /etc is the administrator's once it is there.
    if settings := [f"/{place}\n" for place in package.files if place.startswith("etc/")]:
        (control / "conffiles").write_text("".join(settings))
    for script, text in package.scripts.items():
        (control / script).write_text(text)
        (control / script).chmod(0o755)
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(work), str(folder))
