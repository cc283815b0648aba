"""Secrets for a source: kept in files, read at each use, never shown."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from ..model.errors import ConfigError
from .errors import ErrorKind, SourceError


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the secrets are. The files are read at each use, so that rotating them needs no restart.

    Raises:
        ConfigError: half a pair, or two ways at once.
    """

    bearer_token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if (self.username is None) != (self.password_file is None):
            raise ConfigError("basic authentication needs both a user name and a password file")
        if self.username is not None and self.bearer_token_file is not None:
            raise ConfigError("give either a bearer token file or a user name and password file, not both")
        if self.username is not None and (":" in self.username or not self.username.isprintable()):
            raise ConfigError("the user name for basic authentication must be printable and hold no colon (RFC 7617)")

    def authorization(self) -> dict[str, str]:
        """Return the Authorization header, if any.

        Raises:
            SourceError: the file cannot be read or holds what no header may hold; the content is never quoted.
        """
        try:
            if self.bearer_token_file is not None:
                return {"Authorization": f"Bearer {read_secret(self.bearer_token_file)}"}
            if self.username is not None and self.password_file is not None:
                pair = f"{self.username}:{read_secret(self.password_file)}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
        except ConfigError as error:
            raise SourceError(ErrorKind.SECRET, str(error)) from None
        return {}


def read_secret(path: Path) -> str:
    """Return the token or password in a file; what the file holds is never quoted.

    Raises:
        ConfigError: it cannot be read, or holds what no HTTP header may hold.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"cannot read the secret in {path}: {reason}") from None
    # http.client would refuse such a value too, but its message would quote the secret.
    if not text or not text.isascii() or not text.isprintable():
        raise ConfigError(f"the secret in {path} must be one non-empty line of printable ASCII")
    return text
