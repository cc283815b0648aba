"""The end of an OpenPGP key is read as GnuPG reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.openpgp import key_end

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg, to make keys")


@pytest.fixture
def home() -> Iterator[Path]:
    """GnuPG's folder; short, because its sockets are in there."""
    with tempfile.TemporaryDirectory(prefix="detnet-gpg-") as folder:
        yield Path(folder)
        _gpg(Path(folder), program="gpgconf", arguments=["--kill", "all"])


def _gpg(home: Path, arguments: list[str], program: str = "gpg") -> str:
    options = ["--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase="] if program == "gpg" else []
    environment = {**os.environ, "GNUPGHOME": str(home)}
    command = [program, *options, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_the_newest_signature_decides(home: Path, kind: str) -> None:
    """A key whose end was moved has several; repositories move theirs from time to time."""
    _gpg(home, ["--quick-gen-key", "apt@example.org", kind, "sign", "20300102T120000"])
    assert key_end(_gpg(home, ["--armor", "--export"])) == datetime(2030, 1, 2, 12, tzinfo=UTC)
    fingerprint = next(
        line.split(":")[9]
        for line in _gpg(home, ["--list-keys", "--with-colons"]).splitlines()
        if line.startswith("fpr")
    )
    _gpg(home, ["--faked-system-time=20291231T000000", "--quick-set-expire", fingerprint, "20330304T050607"])
    assert key_end(_gpg(home, ["--armor", "--export"])) == datetime(2033, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_key_may_never_end(home: Path) -> None:
    """It is then good for ever."""
    _gpg(home, ["--quick-gen-key", "apt@example.org", "ed25519", "sign", "never"])
    assert key_end(_gpg(home, ["--armor", "--export"])) is None


@pytest.mark.parametrize(
    "text", ["", "<html>404</html>", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """A mirror's error page must not become a key."""
    with pytest.raises(ValueError, match="expected an armoured public key"):
        key_end(text)
