"""The two facts about a certificate that kubeadm's ways need, read without a library: targets have only Python."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ..model.errors import UserError

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_UTC_TIME, _VERSION = 0x17, 0xA0


@dataclass(frozen=True, slots=True)
class Certificate:
    """The first certificate of a PEM file (RFC 5280, section 4.1).

    Attributes:
        key_hash: SHA-256 of the public key's SubjectPublicKeyInfo, in the form that ``caCertHashes`` takes.
        not_after: when it ends, in UTC.
    """

    key_hash: str
    not_after: datetime

    @classmethod
    def of(cls, pem: str) -> Certificate:
        """Read it.

        Raises:
            UserError: this is no certificate in PEM.
        """
        found = _PEM.search(pem)
        if found is None:
            raise UserError("expected a certificate in PEM, but there is no BEGIN CERTIFICATE")
        try:
            fields = _fields(_content(_content(base64.b64decode(found[1]))))
            if fields[0][0] == _VERSION:
                fields = fields[1:]
            validity, key = fields[3], fields[5]
            end = _fields(_content(validity))[1]
        except (binascii.Error, IndexError, ValueError) as error:
            raise UserError(f"expected a certificate in PEM, but it cannot be read: {error}") from error
        return cls(f"sha256:{hashlib.sha256(key).hexdigest()}", _time(end))


def _length(der: bytes) -> tuple[int, int]:
    """Return where the content of the first value begins and where it ends (X.690, section 8.1.3)."""
    if der[1] < 0x80:
        return 2, 2 + der[1]
    begin = 2 + (der[1] & 0x7F)
    return begin, begin + int.from_bytes(der[2:begin], "big")


def _content(der: bytes) -> bytes:
    begin, end = _length(der)
    return der[begin:end]


def _fields(content: bytes) -> list[bytes]:
    fields = []
    while content:
        end = _length(content)[1]
        fields.append(content[:end])
        content = content[end:]
    return fields


def _time(der: bytes) -> datetime:
    text = _content(der).decode("ascii")
    if der[0] == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
