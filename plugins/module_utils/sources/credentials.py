"""Who we are for a server and whom we trust: kept in files, read at each use, never shown."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..model.errors import ConfigError
from .errors import ErrorKind, SourceError

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, "token"
_NOT_YOURS = {
    "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "cookie", "host",
    "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """What a request carries; ``secrets`` are the parts of it that nobody may be shown."""

    fields: Mapping[str, str]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the secrets are. The files are read at each use, so that rotating them needs no restart.

    ``headers`` are sent as they are, such as the tenant of a shared Prometheus; a value that is a path is read from
    there. ``server_name`` is whom the certificate must name, if that is not the host of the address.

    Raises:
        ConfigError: half a pair, two ways at once, or a header that cannot be sent.
    """

    bearer_token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    headers: Mapping[str, str | Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if (self.username is None) != (self.password_file is None):
            raise ConfigError("basic authentication needs both a user name and a password file")
        if self.username is not None and self.bearer_token_file is not None:
            raise ConfigError("give either a bearer token file or a user name and password file, not both")
        if self.username is not None and (":" in self.username or not self.username.isprintable()):
            raise ConfigError("the user name for basic authentication must be printable and hold no colon (RFC 7617)")
        if (self.cert_file is None) != (self.key_file is None):
            raise ConfigError("a client certificate needs both a certificate file and a key file")
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name) or name.lower() in _NOT_YOURS:
                raise ConfigError(f"the header {name!r} cannot be set here, expected a name such as X-Scope-OrgID")
            if isinstance(value, str) and not _may_be_sent(value):
                raise ConfigError(f"the header {name} must be one non-empty line of printable ASCII")

    @property
    def secret(self) -> bool:
        """Whether a request carries what somebody on the way could use: a token, a password, a header from a file."""
        from_files = any(isinstance(value, Path) for value in self.headers.values())
        return self.bearer_token_file is not None or self.username is not None or from_files

    def request_headers(self) -> RequestHeaders:
        """Return the headers of one request.

        Raises:
            SourceError: a file cannot be read or holds what no header may hold; the content is never quoted.
        """
        try:
            fields = {name: read_secret(v) if isinstance(v, Path) else v for name, v in self.headers.items()}
            secrets = [fields[name] for name, value in self.headers.items() if isinstance(value, Path)]
            if self.bearer_token_file is not None:
                secrets.append(token := read_secret(self.bearer_token_file))
                fields["Authorization"] = f"Bearer {token}"
            if self.username is not None and self.password_file is not None:
                password = read_secret(self.password_file)
                pair = base64.b64encode(f"{self.username}:{password}".encode()).decode("ascii")
                secrets += [password, pair]
                fields["Authorization"] = f"Basic {pair}"
        except ConfigError as error:
            raise SourceError(ErrorKind.SECRET, str(error)) from None
        return RequestHeaders(fields, tuple(secrets))

    def tls_context(self) -> ssl.SSLContext:
        """Return whom one connection trusts, and the certificate that it shows.

        Raises:
            SourceError: a file cannot be read or is no certificate or key.
        """
        try:
            context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except OSError as error:
            raise _unusable(f"the CA file {self.ca_file}", error, "no certificate in it") from error
        if self.cert_file is not None and self.key_file is not None:
            try:
                # An empty password: without one OpenSSL would ask the terminal for that of an encrypted key.
                context.load_cert_chain(str(self.cert_file), str(self.key_file), password="")
            except OSError as error:
                pair = f"the certificate {self.cert_file} with the key {self.key_file}"
                raise _unusable(pair, error, "not a certificate and its unencrypted key") from error
        return context


def _unusable(what: str, error: OSError, otherwise: str) -> SourceError:
    reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else otherwise
    return SourceError(ErrorKind.SECRET, f"cannot use {what}: {reason}")


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
    if not _may_be_sent(text):
        raise ConfigError(f"the secret in {path} must be one non-empty line of printable ASCII")
    return text


def _may_be_sent(text: str) -> bool:
    return bool(text) and text == text.strip() and text.isascii() and text.isprintable()
