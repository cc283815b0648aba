# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an OpenPGP key ends, read without a library: neither the host nor the control node needs gpg for it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

PUBLIC_KEY, SIGNATURE, SUBKEY = 6, 2, 14
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


def _binary(armoured: str) -> bytes:
    begin, end = armoured.find(_HEADER), armoured.find(_FOOTER)
    if begin < 0 or end < 0:
        raise ValueError("expected an armoured public key, but there is no BEGIN PGP PUBLIC KEY BLOCK")
    body = armoured[begin:end].replace("\r", "").partition("\n\n")[2]
    return base64.b64decode("".join(line for line in body.splitlines() if not line.startswith("=")))


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        tag, new_format = data[0], bool(data[0] & 0x40)
        if new_format:
            length, start = _length(data[1:])
            tag, start = tag & 0x3F, start + 1
        else:
            octets = 1 << (tag & 3)
            length, start = int.from_bytes(data[1 : 1 + octets], "big"), 1 + octets
            tag = (tag >> 2) & 0x0F
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
