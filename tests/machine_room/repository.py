"""Signed repositories of packages, as Kubernetes' and Docker's servers have them."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from machine_room.package import architecture
from systemd_hosts.places import run

KEY = "Release.key"


def flat(folder: Path) -> None:
    """Make a folder of packages a repository without suites: the path ``/`` in apt's sources."""
    index(folder)
    _sign(folder, folder, {})


def suite(folder: Path, name: str, component: str) -> None:
    """Make a folder of packages a repository with one suite of one component."""
    place = folder / "dists" / name / component / f"binary-{architecture()}"
    place.mkdir(parents=True)
    (place / "Packages").write_text(_listing(folder))
    fields = {"Suite": name, "Codename": name, "Components": component, "Architectures": architecture()}
    _sign(folder / "dists" / name, folder, fields)


def index(folder: Path) -> None:
    """Write the list that makes a folder of packages a flat repository, which no one has signed."""
    (folder / "Packages").write_text(_listing(folder))


def _listing(folder: Path) -> str:
    return run("sh", "-c", 'cd "$1" && exec dpkg-scanpackages --multiversion . 2>/dev/null', "sh", str(folder))


def _sign(release: Path, folder: Path, fields: dict[str, str]) -> None:
    """Write ``InRelease`` beside the lists, and the key that it is signed with into ``folder``."""
    lines = {"Origin": "detnet.qos", "Date": f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} UTC", **fields}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items()) + "SHA256:\n"
    for listing in sorted(release.rglob("Packages")):
        content = listing.read_bytes()
        text += f" {hashlib.sha256(content).hexdigest()} {len(content)} {listing.relative_to(release)}\n"
    # The agent's socket must have a short path, which a checkout's need not be.
    with tempfile.TemporaryDirectory(prefix="gnupg-") as home:
        plain = Path(home, "Release")
        plain.write_text(text)
        gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
        run(*gpg, "--passphrase", "", "--quick-gen-key", "machine room <nobody@localhost>", "ed25519", "sign", "1y")
        run(*gpg, "--clearsign", "--output", str(release / "InRelease"), str(plain))
        run(*gpg, "--armor", "--export", "--output", str(folder / KEY))
        run("gpgconf", "--homedir", home, "--kill", "all")
