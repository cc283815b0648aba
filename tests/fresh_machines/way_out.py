"""What a machine needs to reach mirrors and registries as the one below it does: names, proxies, certificates."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

_VARIABLES = re.compile(
    r"(?:https?_proxy|no_proxy|pip_\w+|npm_config_\w+|go(?:proxy|sumdb|noproxy|nosumdb|private)|debian_mirror"
    r"|ssl_cert_(?:file|dir)|requests_ca_bundle|curl_ca_bundle|node_extra_ca_certs)",
    re.IGNORECASE,
)
_FILES = ("etc/resolv.conf", "etc/pip.conf")
_FOLDERS = ("etc/apt/auth.conf.d", "usr/local/share/ca-certificates")
_APT = re.compile(r'^Acquire::https?::(?:[^ ]*::)?(?:Proxy|CaInfo|Verify-Peer)[^ ]* ".+";$')


def variables() -> dict[str, str]:
    """The variables of this environment that say how to reach registries."""
    return {name: value for name, value in os.environ.items() if _VARIABLES.fullmatch(name)}


def open_for(root: Path) -> dict[str, str]:
    """Copy this machine's configuration into the machine at ``root`` and return the environment that belongs to it.

    A variable that names a file brings the file; one that names a folder of this machine alone is left out.
    """
    for name in _FILES:
        if Path("/", name).is_file():
            shutil.copy(Path("/", name), root / name)
    for name in _FOLDERS:
        if Path("/", name).is_dir():
            shutil.copytree(Path("/", name), root / name, dirs_exist_ok=True)
    (root / "etc/apt/apt.conf.d/90-way-out").write_text("".join(f"{line}\n" for line in _apt()))
    return {name: value for name, value in variables().items() if _there(value, root)}


def _apt() -> list[str]:
    told = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return [line for line in told.splitlines() if _APT.match(line)]


def _there(value: str, root: Path) -> bool:
    ours, theirs = Path(value), root / value.lstrip("/")
    if not ours.is_absolute() or theirs.exists():
        return True
    if ours.is_file():
        theirs.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ours, theirs)
    return ours.is_file()
