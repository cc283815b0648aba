"""The end of an OpenPGP key and its fingerprint are read as GnuPG reads them."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.openpgp import fingerprints, key_end

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


def _primaries(home: Path) -> list[str]:
    lines = _gpg(home, ["--list-keys", "--with-colons"]).splitlines()
    return [after.split(":")[9] for line, after in itertools.pairwise(lines) if line.startswith("pub")]


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_the_newest_signature_decides(home: Path, kind: str) -> None:
    """A key whose end was moved has several; repositories move theirs from time to time."""
    _gpg(home, ["--quick-gen-key", "apt@example.org", kind, "sign", "20300102T120000"])
    assert key_end(_gpg(home, ["--armor", "--export"])) == datetime(2030, 1, 2, 12, tzinfo=UTC)
    (fingerprint,) = _primaries(home)
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


def test_every_primary_key_has_its_fingerprint(home: Path) -> None:
    """That of a subkey is not one: apt believes what a primary key vouches for."""
    for number, kind in enumerate(["rsa2048", "ed25519"]):
        _gpg(home, ["--quick-gen-key", f"apt{number}@example.org", kind, "sign", "never"])
    for primary in _primaries(home):
        _gpg(home, ["--quick-add-key", primary, "ed25519", "sign", "never"])
    assert sorted(fingerprints(_gpg(home, ["--armor", "--export"]))) == sorted(_primaries(home))
    assert len(_primaries(home)) == 2


def test_no_key_can_hide(home: Path) -> None:
    """Nor in a second block, around the text, in a packet of another kind, or by a length that not all read alike."""
    _gpg(home, ["--quick-gen-key", "apt@example.org", "ed25519", "sign", "never"])
    good = _gpg(home, ["--armor", "--export"])
    raw = base64.b64decode("".join(good.split("\n\n")[1].split("\n=")[0].split("\n-----")[0].split()))
    for text in (good + good, "see: " + good, good.replace("-----END", "-----BEGIN PGP MESSAGE-----\n-----END")):
        with pytest.raises(ValueError, match="and nothing else"):
            fingerprints(text)
    hidden = {
        b"\xcb\x01x": "a packet of type 11",  # literal data
        b"\x9b" + raw: "indeterminate length",  # an old packet that ends with the text
        b"\xd1\xe1" + raw: "a packet in parts",
        b"\xd1\x80" + raw[:9]: "longer than the text",
    }
    for more, reason in hidden.items():
        body = base64.encodebytes(raw + more).decode()
        with pytest.raises(ValueError, match=reason):
            fingerprints(good.split("\n\n")[0] + "\n\n" + body + "-----END PGP PUBLIC KEY BLOCK-----\n")
