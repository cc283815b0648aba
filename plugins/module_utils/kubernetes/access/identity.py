"""From the chosen cluster to what a connection needs: the TLS settings and the headers that prove who sends.

A token file is read at each use, so that rotating it needs no restart. A plugin runs when an identity is loaded, and
its credentials hold for ``lifetime_s``; whoever keeps an identity for long loads a new one in time.
"""

from __future__ import annotations

import base64
import ipaddress
import math
import ssl
import string
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...model.errors import ConfigError
from ...sources.credentials import read_secret
from .exec_plugin import Brought, run
from .kubeconfig import Chosen, ClusterAccess, Impersonation, Pem

_HEADER_NAME = frozenset(string.ascii_letters + string.digits + "!#$&'*+-.^_`|~")  # RFC 9110, without "%"


def _ignore(_error: ConfigError | None) -> None:
    return


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends, and by which TLS; ``lifetime_s`` is infinite for what has no end or is read at each use.

    ``unreadable`` is told, at each use of a token file, why it cannot be read (the last token serves then, as for
    client-go: it may well be valid still), or ``None`` if it can.
    """

    chosen: Chosen
    tls: ssl.SSLContext | None
    lifetime_s: float = math.inf
    unreadable: Callable[[ConfigError | None], None] = _ignore
    _standing: list[tuple[str, str]] = field(default_factory=list, repr=False)
    _last: dict[str, str] = field(default_factory=dict, repr=False)

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers of a request to be sent now."""
        path = self.chosen.user.token_file
        if path is None:
            return self._standing
        try:
            self._last["token"] = read_secret(path)
        except ConfigError as error:
            self.unreadable(error)
        else:
            self.unreadable(None)
        return [("Authorization", f"Bearer {self._last['token']}"), *self._standing]


def load(chosen: Chosen, access: ClusterAccess, unreadable: Callable[[ConfigError | None], None] = _ignore) -> Identity:
    """Return the identity; runs the credential plugin, if there is one and nothing else proves who sends.

    Raises:
        ConfigError: something is missing, cannot be used, or would be shown to whoever is on the way.
    """
    _refuse_insecure(chosen, access)
    user, brought = chosen.user, Brought()
    if user.plugin is not None and not (user.token or user.token_file or user.username or user.certificate):
        brought = run(user.plugin, chosen)
    certificate, key = (user.certificate, user.key) if user.certificate else (brought.certificate, brought.key)
    last = {"token": _first_token(user.token_file, user.token)} if user.token_file is not None else {}
    standing = _impersonate(user.impersonation) if user.impersonation is not None else []
    if user.token_file is None:
        standing = [*_authorization(chosen, user.token or brought.token), *standing]
    tls = _tls(chosen, certificate, key) if chosen.server.startswith("https:") else None
    return Identity(chosen, tls, brought.lifetime_s, unreadable, standing, last)


def loopback(host: str | None) -> bool:
    """Return whether what is sent there never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def insecurity(chosen: Chosen) -> str | None:
    """Return why whoever is on the way could read what is sent or pass for the server, or ``None``."""
    parts = urlsplit(chosen.server)
    if parts.scheme == "https":
        return "skips the check of the server's certificate (insecure-skip-tls-verify)" if chosen.unchecked else None
    if chosen.user.proves_itself and not loopback(parts.hostname):
        return f"shows credentials to whoever is on the way to {chosen.server}, which has no TLS"
    return None


def basic(pair: str) -> str:
    """Return ``name:password`` as a header's value (RFC 7617)."""
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _refuse_insecure(chosen: Chosen, access: ClusterAccess) -> None:
    found = insecurity(chosen)
    if found is not None and not access.insecure:
        raise ConfigError(
            f"context {chosen.context!r} in {chosen.named} {found}: "
            f"give it the https:// address and certificate-authority-data of the cluster{access.cure}"
        )


def _first_token(path: Path, instead: str) -> str:
    try:
        return read_secret(path)
    except ConfigError:
        if not instead:
            raise
        return instead


def _authorization(chosen: Chosen, token: str) -> list[tuple[str, str]]:
    user = chosen.user
    if user.username or user.password:
        return [("Authorization", basic(f"{user.username}:{user.password}"))]
    if not token:
        return []
    if not token.isascii() or not token.isprintable():
        raise ConfigError(f"the token of user {user.name!r} in {chosen.named} must be one line of printable ASCII")
    return [("Authorization", f"Bearer {token}")]


def _impersonate(acting: Impersonation) -> list[tuple[str, str]]:
    headers = [("Impersonate-User", acting.user)]
    headers += [("Impersonate-Uid", acting.uid)] if acting.uid else []
    headers += [("Impersonate-Group", group) for group in acting.groups]
    for key, values in acting.extra.items():
        headers += [(f"Impersonate-Extra-{_escaped(key)}", value) for value in values]
    for name, value in headers:
        if not value.isascii() or not value.isprintable():
            raise ConfigError(f"{name} must be printable ASCII: no header can hold {value!r}")
    return headers


def _escaped(key: str) -> str:
    """Return a key as client-go puts it into a header's name: what may not stand there is percent-encoded."""
    return "".join(char if (char := chr(byte)) in _HEADER_NAME else f"%{byte:02X}" for byte in key.encode())


def _tls(chosen: Chosen, certificate: Pem | None, key: Pem | None) -> ssl.SSLContext:
    """Fail now and in words, not at the first request and in OpenSSL's."""
    context = ssl.create_default_context(cadata=None if chosen.ca is None else _ca(chosen, chosen.ca))
    if chosen.unchecked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None and key is not None:
        try:
            with _in_file(certificate) as first, _in_file(key) as second:
                context.load_cert_chain(first, second, password="")  # a locked key fails, and asks no terminal
        except OSError as error:
            pair = f"the client certificate and key of {chosen.named}, read from {certificate} and {key}"
            raise ConfigError(f"cannot use {pair}: {_why(error)}") from error
    return context


def _ca(chosen: Chosen, ca: Pem) -> str:
    where = f"cannot use the CA of {chosen.named}, read from {ca}"
    try:
        text = ca.read().decode("ascii", errors="ignore")  # the rest is comments
    except OSError as error:
        raise ConfigError(f"{where}: {_why(error)}") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"{where}: no certificate in it") from error
    return text


@contextmanager
def _in_file(pem: Pem) -> Iterator[Path]:
    """Give the path of ``pem``; OpenSSL takes a key from a file only. That file is nobody else's, and short-lived."""
    if pem.data is None and pem.path is not None:
        yield pem.path
        return
    with tempfile.NamedTemporaryFile(prefix="detnet-", suffix=".pem") as file:
        file.write(pem.read())
        file.flush()
        yield Path(file.name)


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return error.strerror or str(error)
