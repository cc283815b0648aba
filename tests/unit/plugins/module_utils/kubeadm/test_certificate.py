"""A certificate is read as OpenSSL reads it."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.detnet.qos.plugins.module_utils.kubeadm.certificate import Certificate
from ansible_collections.detnet.qos.plugins.module_utils.model.errors import UserError


def _openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


@pytest.mark.parametrize("days", [1, 40000])
@pytest.mark.parametrize("key", [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]])
def test_key_and_end_are_those_that_openssl_tells(tmp_path: Path, key: list[str], days: int) -> None:
    """For both kinds of keys that kubeadm makes, and for ends before and after 2050, which are written differently."""
    private = str(tmp_path / "key.pem")
    request = ["req", "-x509", "-newkey", *key, "-nodes", "-keyout", private, "-subj", "/CN=kubernetes"]
    pem = _openssl(*request, "-days", str(days))
    read = Certificate.of(pem.decode())
    public = _openssl("pkey", "-pubin", "-outform", "der", stdin=_openssl("x509", "-noout", "-pubkey", stdin=pem))
    assert read.key_hash == f"sha256:{hashlib.sha256(public).hexdigest()}"
    told = _openssl("x509", "-noout", "-enddate", stdin=pem).decode().strip().removeprefix("notAfter=")
    assert read.not_after == datetime.strptime(told, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_what_is_none_is_refused(text: str) -> None:
    """With one sentence, and no traceback."""
    with pytest.raises(UserError, match="expected a certificate in PEM"):
        Certificate.of(text)
