"""One HTTP GET that ends: in time, in size, and in a body or a named error.

The standard library's client and not ``requests``: a requests timeout bounds one socket read, so a server that drips
its *headers* holds the caller for as long as it likes, streaming or not (measured: 7.5 s with timeouts of 0.2 s and
0.4 s). Here every single read is given what is left of one deadline. Only the name lookup is outside of it.

Proxies, ``.netrc`` and redirects are not followed: where the credentials go is written in the configuration alone.
"""

from __future__ import annotations

import functools
import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlencode, urlsplit

from ..model.errors import ConfigError, one_line
from .credentials import Credentials
from .errors import ErrorKind, SourceError

_UNREAD = re.compile(r"(?is)<(script|style)\b.*?(</\1>|$)|<[^<>]*>")
_SHORTEN = "shorten the expressions, or raise the limit of the proxy before it"
_ADVICE = {
    401: "give it a valid token or password file",
    403: "give it a valid token or password file",
    413: _SHORTEN,
    414: _SHORTEN,
    429: "ask less often (period), or raise its limit for us",
    431: _SHORTEN,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request: per connection attempt, per silence while reading, in all (seconds), and on the body.

    ``setting`` is the key that raises them, for whoever reads of an answer that came too late.
    """

    connect_s: float = 0.2
    read_s: float = 0.4
    total_s: float = 1.0
    body_bytes: int = 4_000_000
    setting: str | None = None

    def within(self, timeout_s: float | None, setting: str) -> Limits:
        """Return the limits with ``timeout_s`` for all there is to wait for; ``None`` leaves them as they are."""
        if timeout_s is None:
            return replace(self, setting=setting)
        return replace(self, connect_s=timeout_s, read_s=timeout_s, total_s=timeout_s, setting=setting)

    def late(self) -> str:
        """Return what was allowed, and what to do about it."""
        apart = f" ({self.connect_s:g} s to connect, {self.read_s:g} s of silence)"
        raised = f", or raise {self.setting}" if self.setting else ""
        within = f"{self.total_s:g} s{'' if self.read_s == self.total_s else apart}"
        return f"did not answer within {within}: look at its load{raised}"


def http_parts(url: str) -> SplitResult | None:
    """Return the parts of an address with the scheme http or https, a host and a usable port; else ``None``."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if usable else None


def base_url(url: str) -> SplitResult:
    """Return the parts of a server's address.

    Raises:
        ConfigError: it is not ``http(s)://host[:port][/prefix]``, or it carries a password.
    """
    parts = http_parts(url)
    if parts is not None and "@" in parts.netloc:
        raise ConfigError(f"the address of {parts.hostname} carries a user or password: put them into files instead")
    if parts is None or parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"{url!r} is not an address of the form http://host:port or https://host:port/prefix")
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address: what credentials are for (RFC 6454).

    Raises:
        ConfigError: see ``base_url``.
    """
    parts = base_url(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", parts.port or default


def is_plain(url: str) -> bool:
    """Return whether what is sent there can be read on the way: no TLS, and another machine."""
    parts = http_parts(url)
    host = "" if parts is None else parts.hostname or ""
    if parts is None or parts.scheme == "https" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, raw: io.RawIOBase, left_s: Callable[[], float | None]) -> None:
        self._socket = sock
        self._raw = raw
        self._left_s = left_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override] # all that BufferedReader asks for
        self._socket.settimeout(self._left_s())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class DeadlineResponse(http.client.HTTPResponse):
    """A response whose status line, headers and body are read under one deadline.

    ``left_s`` is asked before every single read: it returns the seconds left, ``None`` for no bound, or raises
    ``TimeoutError``.
    """

    def __init__(self, sock: socket.socket, *, left_s: Callable[[], float | None], method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach(), left_s))


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0.0:
        raise TimeoutError
    return left_s


class _NamedConnection(http.client.HTTPSConnection):
    """Holds the certificate to another name than the host of the address."""

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, context=context)
        self._tls, self._name = context, name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


class Fetcher:
    """Reads from one server over one kept connection; for one thread. ``server`` names it in sentences.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(self, server: str, url: str, credentials: Credentials, limits: Limits) -> None:
        self._parts = base_url(url)
        self._server = f"{server} at {url}"
        self._credentials = credentials
        self._limits = limits
        self._secrets: tuple[str, ...] = ()
        self._elsewhere = ""
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, query: dict[str, str], *, deadline_s: float) -> tuple[int, bytes]:
        """Return the status and the whole body, before ``deadline_s`` (monotonic seconds).

        Raises:
            SourceError: there is no whole body, with the reason.
        """
        target = f"{self._parts.path.rstrip('/')}{path}?{urlencode(query)}"
        sent = self._credentials.request_headers()
        self._secrets = sent.secrets
        try:
            return self._exchange(target, {"Accept": "application/json", **sent.fields}, deadline_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._explain(error) from error

    def refused(self, status: int, body: bytes) -> SourceError:
        """Return the error of an answer that is not 200, with the server's own words."""
        to = f" and redirects to {self.quoted(self._elsewhere)}" if self._elsewhere else ""
        what = f"{self._server} answered HTTP {status}{to or self.words_of(body)}"
        if 400 <= status < 500:
            advice = _ADVICE.get(status, "correct its address or prefix")
            return SourceError(ErrorKind.HTTP_CLIENT_ERROR, f"{what}: {advice}")
        if status >= 500:
            return SourceError(ErrorKind.HTTP_SERVER_ERROR, f"{what}: look into its own log")
        return SourceError(ErrorKind.HTTP_UNEXPECTED, f"{what}: give the address that answers with 200 itself")

    def words_of(self, body: bytes) -> str:
        """Return a page's text in brackets, to follow what it was instead of an answer; nothing where it has none."""
        said = self.quoted(_UNREAD.sub(" ", body[:4000].decode("utf-8", "replace")))
        return f" ({said})" if said else ""

    def quoted(self, words: object, most: int = 200) -> str:
        """Return a server's words as one line of at most ``most`` characters; what we sent in secret is taken out."""
        text = str(words)
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return one_line(text, most)

    def close(self) -> None:
        """Drop the connection; the next ``get`` makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, target: str, headers: dict[str, str], deadline_s: float) -> tuple[int, bytes]:
        connection = self._connection or self._new_connection()
        self._connection = connection
        connection.timeout = min(self._limits.connect_s, _left_s(deadline_s))
        connection.response_class = functools.partial(  # type: ignore[assignment] # called like the class it makes
            DeadlineResponse, left_s=lambda: min(self._limits.read_s, _left_s(deadline_s))
        )
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        body = response.read(self._limits.body_bytes + 1)
        if len(body) > self._limits.body_bytes:
            self.close()
            sentence = f"{self._server} sent more than {self._limits.body_bytes} bytes: narrow the query or the paths"
            raise SourceError(ErrorKind.TOO_LARGE, sentence)
        if response.length:  # read(n) does not complain about a body that ends early
            raise http.client.IncompleteRead(body, response.length)
        if response.will_close:
            self.close()
        self._elsewhere = response.headers.get("Location", "") if 300 <= response.status < 400 else ""
        return response.status, self._plain(response, body)

    def _plain(self, response: http.client.HTTPResponse, body: bytes) -> bytes:
        """Refuse a body in a form that was not asked for; an error's status says enough without its words."""
        coding = response.headers.get("Content-Encoding", "identity")
        if coding.strip().lower() in {"", "identity"}:
            return body
        if response.status == 200:
            what = f"{self._server} sent its answer as {self.quoted(coding)}, which was not asked for"
            raise SourceError(ErrorKind.INVALID_ANSWER, f"{what}: stop the proxy before it from compressing")
        return b""

    def _new_connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port)
        context, name = self._credentials.tls_context(), self._credentials.server_name
        if name is not None:
            return _NamedConnection(host, port, context, name)
        return http.client.HTTPSConnection(host, port, context=context)

    def _explain(self, error: OSError | http.client.HTTPException) -> SourceError:
        kind, reason = _reason(error, self._limits)
        return SourceError(kind, f"{self._server} {reason}")


def _reason(error: OSError | http.client.HTTPException, limits: Limits) -> tuple[ErrorKind, str]:
    """Name the error; the order matters, for most of these are kinds of ``OSError``."""
    match error:
        case TimeoutError():
            return ErrorKind.TIMEOUT, limits.late()
        case ConnectionRefusedError():
            return ErrorKind.REFUSED, "refused the connection: start it, or correct its address"
        case socket.gaierror():
            return ErrorKind.NAME, "has a name that does not resolve: correct its address or the name service"
        case ssl.SSLError():
            return ErrorKind.TLS, f"failed the TLS handshake ({error.reason}): check its certificate and the CA file"
        case http.client.HTTPException() | ConnectionError():
            return (
                ErrorKind.BROKEN,
                "ended its answer early or did not speak HTTP: check the port and what runs there",
            )
        case _:
            return ErrorKind.UNREACHABLE, f"cannot be reached ({error.strerror or error}): check address and route"
