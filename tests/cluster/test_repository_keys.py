"""A repository's key is apt's only if it has the fingerprint that was named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from access.role import ROOT, Run, play

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg, to make keys")
ROLES = ["containerd", "kubernetes_packages"]


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    """An armoured key as a server has it, and its fingerprint."""
    with tempfile.TemporaryDirectory(prefix="detnet-gpg-") as home:  # short, because GnuPG's sockets are in there

        def gpg(*arguments: str, program: str = "gpg") -> str:
            environment = {**os.environ, "GNUPGHOME": home}
            command = [program, *arguments]
            return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

        gpg("--batch", "--quiet", "--passphrase=", "--quick-gen-key", "apt@example.org", "ed25519", "sign", "never")
        listed = gpg("--batch", "--list-keys", "--with-colons").splitlines()
        armoured = gpg("--batch", "--armor", "--export")
        gpg("--kill", "all", program="gpgconf")
        return armoured, next(line.split(":")[9] for line in listed if line.startswith("fpr"))


def download(folder: Path, role: str, text: str, *options: str, **variables: object) -> tuple[Run, Path]:
    """Let a role take the key from a server, and return where apt would look for it."""
    (folder / "served").write_text(text, encoding="utf-8")
    known = {
        f"{role}_key": (folder / "served").as_uri(),
        f"__{role}_key_file": str(folder / "apt.asc"),
        f"__{role}_key_unseen": str(folder / "unseen"),
        "profile_out_of_support": "warn",
    }
    include = {"ansible.builtin.include_role": {"name": f"detnet.qos.{role}", "tasks_from": "key"}}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [include]}])
    run = play(folder, {**known, **variables}, *options, playbook=book)
    assert not (folder / "unseen").exists()
    return run, folder / "apt.asc"


@pytest.fixture(autouse=True)
def collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ansible find the roles by their full names."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))


@pytest.mark.parametrize("role", ROLES)
def test_another_key_is_refused(tmp_path: Path, key: tuple[str, str], role: str) -> None:
    """Whoever answers in the server's place has one of his own. The cure is named."""
    run, installed = download(tmp_path, role, key[0])
    told = " ".join(run.output.split())
    assert (run.ok, run.changed) == (False, 0), run.output
    assert f"has the key {key[1]}; expected" in told, run.output
    assert f"put it into {role}_key_fingerprints" in told, run.output
    assert not installed.exists()


@pytest.mark.parametrize("role", ROLES)
def test_the_named_key_is_installed(tmp_path: Path, key: tuple[str, str], role: str) -> None:
    """Foretold in check mode, once, also if its fingerprint is written as GnuPG shows it."""
    named = {f"{role}_key_fingerprints": [key[1][:20].lower() + " " + key[1][20:]]}
    foretold, installed = download(tmp_path, role, key[0], "--check", **named)
    assert (foretold.ok, foretold.changed) == (True, 1), foretold.output
    assert not installed.exists()
    run, installed = download(tmp_path, role, key[0], **named)
    assert (run.ok, run.changed) == (True, 1), run.output
    assert installed.read_text(encoding="utf-8") == key[0]
    assert download(tmp_path, role, key[0], **named)[0].changed == 0


def test_a_key_beside_the_named_one_is_refused(tmp_path: Path, key: tuple[str, str]) -> None:
    """A reader that goes on after the first block would believe it too."""
    named = {"containerd_key_fingerprints": [key[1]]}
    run, installed = download(tmp_path, "containerd", key[0] * 2, **named)
    assert not run.ok
    assert "expected an armoured public key and nothing else" in " ".join(run.output.split()), run.output
    assert not installed.exists()
