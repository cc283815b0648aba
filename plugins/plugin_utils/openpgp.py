# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which OpenPGP keys a text has and when they end, read without a library: neither host nor control node needs gpg."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

PUBLIC_KEY, SIGNATURE, SUBKEY = 6, 2, 14
_OF_A_KEY = {PUBLIC_KEY, SIGNATURE, SUBKEY, 13, 17}  # and user IDs and attributes (RFC 9580, section 10.1)
SELF_SIGNATURES = (0x10, 0x11, 0x12, 0x13, 0x1F)
CREATED, KEY_EXPIRES = 2, 9
_HEADER, _FOOTER = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"


def key_end(armoured: str) -> datetime | None:
    """Return when the primary key ends by its newest self-signature (RFC 9580, sections 5.2.3 and 6), none if never.

    Raises:
        ValueError: this is no armoured public key.
    """
    created: datetime | None = None
    newest, end = -1, None
    try:
        for tag, body in _packets(_binary(armoured)):
            if tag == SUBKEY:
                break
            if tag == PUBLIC_KEY:
                created = datetime.fromtimestamp(int.from_bytes(body[1:5], "big"), tz=UTC)
            elif tag == SIGNATURE and body[0] == 4 and body[1] in SELF_SIGNATURES:
                fields = dict(_subpackets(body[6 : 6 + int.from_bytes(body[4:6], "big")]))
                signed, seconds = fields.get(CREATED, 0), fields.get(KEY_EXPIRES, 0)
                if signed >= newest and created is not None:
                    newest, end = signed, created + timedelta(seconds=seconds) if seconds else None
    except (IndexError, binascii.Error) as error:
        raise ValueError(f"expected an armoured public key, but it cannot be read: {error}") from error
    if created is None:
        raise ValueError("expected an armoured public key, but there is none in it")
    return end


def fingerprints(armoured: str) -> list[str]:
    """Return the fingerprint of each primary key (RFC 9580, section 5.5.4.2), in upper case.

    It is strict where readers differ, so that none of them finds a key in the text that is not in this list.

    Raises:
        ValueError: this is not one armoured block of public keys of version 4, and nothing else.
    """
    text = armoured.strip()
    if not text.startswith(_HEADER) or not text.endswith(_FOOTER) or text.count("-----BEGIN") != 1:
        raise ValueError(f"expected an armoured public key and nothing else, from {_HEADER} to {_FOOTER}")
    found: list[str] = []
    try:
        for tag, body in _packets(_binary(text)):
            if tag not in _OF_A_KEY:
                raise ValueError(f"expected an armoured public key, but there is a packet of type {tag} in it")
            if tag == PUBLIC_KEY and body[0] != 4:
                raise ValueError(f"expected an armoured public key of version 4, but it has version {body[0]}")
            if tag == PUBLIC_KEY:
                framed = b"\x99" + len(body).to_bytes(2, "big") + body
                found.append(hashlib.sha1(framed, usedforsecurity=False).hexdigest().upper())
    except (IndexError, OverflowError, binascii.Error) as error:
        raise ValueError(f"expected an armoured public key, but it cannot be read: {error}") from error
    if not found:
        raise ValueError("expected an armoured public key, but there is none in it")
    return found


def _binary(armoured: str) -> bytes:
    begin, end = armoured.find(_HEADER), armoured.find(_FOOTER)
    if begin < 0 or end < 0:
        raise ValueError("expected an armoured public key, but there is no BEGIN PGP PUBLIC KEY BLOCK")
    body = armoured[begin:end].replace("\r", "").partition("\n\n")[2]
    lines = "".join(line.strip() for line in body.splitlines() if not line.startswith("="))
    return base64.b64decode(lines, validate=True)


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        tag, new_format = data[0], bool(data[0] & 0x40)
        if new_format:
            if 224 <= data[1] < 255:
                raise IndexError("a packet in parts")
            length, start = _length(data[1:])
            tag, start = tag & 0x3F, start + 1
        elif tag & 3 == 3:
            raise IndexError("a packet of indeterminate length")
        else:
            octets = 1 << (tag & 3)
            length, start = int.from_bytes(data[1 : 1 + octets], "big"), 1 + octets
            tag = (tag >> 2) & 0x0F
        if start + length > len(data):
            raise IndexError("a packet that is longer than the text")
        yield tag, data[start : start + length]
        data = data[start + length :]


def _subpackets(data: bytes) -> Iterator[tuple[int, int]]:
    while data:
        length, start = _length(data)
        yield data[start] & 0x7F, int.from_bytes(data[start + 1 : start + length][:8], "big")
        data = data[start + length :]


def _length(data: bytes) -> tuple[int, int]:
    """Return a length and how many octets it took (RFC 9580, sections 4.2.1 and 5.2.3.7)."""
    if data[0] < 192:
        return data[0], 1
    if data[0] < 255:
        return ((data[0] - 192) << 8) + data[1] + 192, 2
    return int.from_bytes(data[1:5], "big"), 5
