"""Packages of one Debian release, unpacked into a folder: nothing is installed, started or asked of root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from control_plane.steps import BuildError, run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Packages:
    """Apt with lists and a cache of its own below ``folder``, and with the mirror that the machine uses anyway."""

    def __init__(self, release: str, folder: Path) -> None:
        for program in ("apt-get", "dpkg-deb"):
            if shutil.which(program) is None:
                raise BuildError(f"{program} is missing: this is not Debian or Ubuntu")
        if not KEYRING.exists():
            raise BuildError(f"{KEYRING} is missing: install debian-archive-keyring")
        self._folder = folder
        self._environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
        for part in ("lists/partial", "cache/archives/partial", "downloads"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        origin = f"[signed-by={KEYRING}] {mirror(release)} {release} main"
        (folder / "sources.list").write_text(f"deb {origin}\n")
        (folder / "apt.conf").write_text(
            f'Dir::Etc::SourceList "{folder / "sources.list"}";\n'
            'Dir::Etc::SourceParts "-";\n'
            f'Dir::State::Lists "{folder / "lists"}";\n'
            f'Dir::Cache "{folder / "cache"}";\n'
            'Acquire::Languages "none";\n'
            'APT::Sandbox::User "root";\n'  # apt's own user may not enter this folder
        )

    def update(self) -> None:
        """Fetch the release's lists."""
        self._apt("update")

    def download(self, packages: Sequence[str], beside: Path) -> list[Path]:
        """Fetch packages, with all that they depend on and that the system below ``beside`` lacks."""
        status = f"Dir::State::status={beside / 'var/lib/dpkg/status'}"
        self._apt("install", "--yes", "--download-only", "--no-install-recommends", "--option", status, *packages)
        return sorted((self._folder / "cache/archives").glob("*.deb"))

    def _apt(self, *arguments: str) -> None:
        run(["apt-get", "--quiet=2", *arguments], self._folder / "downloads", self._environment)


def mirror(release: str) -> str:
    """The mirror that the machine's apt has for the release, else the one that it has for its own.

    Raises:
        BuildError: apt knows no Debian mirror.
    """
    listing = ["apt-get", "indextargets", "--format", "$(CREATED_BY) $(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI)"]
    known = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    mirrors: dict[str, str] = {}
    for line in known.splitlines():
        match line.split():
            case ["Packages", "Debian", "main", codename, uri]:
                mirrors[codename] = uri
    if not mirrors:
        raise BuildError("apt knows no Debian mirror: name one in its sources")
    return mirrors.get(release) or next(iter(mirrors.values()))
