"""The smallest client that tests need: independent of the code under test, standard library only."""

from __future__ import annotations

import http.client
import json
import select
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MERGE_PATCH = "application/merge-patch+json"


class RefusedError(Exception):
    """The API server answered with ``status`` >= 400."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Client:
    """One bearer token at one API server, with one kept connection per thread."""

    def __init__(self, url: str, token: str, ca_file: Path) -> None:
        address = urllib.parse.urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 443
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._kept = threading.local()

    @classmethod
    def of(cls, kubeconfig: Path) -> Self:
        """The client that one of this package's kubeconfig files describes."""
        config = json.loads(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        return cls(cluster["server"], config["users"][0]["user"]["token"], Path(cluster["certificate-authority"]))

    def request(  # noqa: PLR0913  # HTTP's own parts
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, str] | None = None,
        *,
        content_type: str | None = None,
        timeout_s: float = 30.0,
    ) -> dict[str, Any]:
        """Send one request; ``content_type`` defaults to JSON, for PATCH to a merge patch (RFC 7386).

        Raises:
            RefusedError: an answer >= 400.
            OSError: no answer (so do ``http.client``'s own exceptions).
        """
        connection = self._kept_connection(timeout_s)
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type or (MERGE_PATCH if method == "PATCH" else "application/json")
        try:
            connection.request(method, _target(path, query), None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RefusedError(answer.status, text.decode(errors="replace")[:2000])
        return _json(text)

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """Follow what happens after ``query['resourceVersion']``.

        Raises:
            RefusedError: the watch was refused.
            OSError: no answer (so do ``http.client``'s own exceptions).
        """
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=30.0, context=self._tls)
        connection.connect()
        stream = connection.sock  # http.client forgets it when the answer is to be the last one
        connection.request("GET", _target(path, {**query, "watch": "true"}), headers=self._headers)
        answer = connection.getresponse()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RefusedError(answer.status, answer.read().decode(errors="replace")[:2000])
        stream.settimeout(None)
        return Watch(stream, answer)

    def _kept_connection(self, timeout_s: float) -> http.client.HTTPSConnection:
        kept: http.client.HTTPSConnection | None = getattr(self._kept, "connection", None)
        if kept is None or (kept.sock is not None and select.select([kept.sock], [], [], 0)[0]):
            # Readable while nobody asked: the server has closed it.
            kept = self._kept.connection = http.client.HTTPSConnection(self._host, self._port, context=self._tls)
        kept.timeout = timeout_s
        if kept.sock is not None:
            kept.sock.settimeout(timeout_s)
        return kept


class Watch:
    """Events until the server ends the stream or ``close``, which any thread may call."""

    def __init__(self, connection: socket.socket, answer: http.client.HTTPResponse) -> None:
        self._connection, self._answer = connection, answer

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while line := self._answer.readline():
            yield json.loads(line)

    def close(self) -> None:
        """End the stream at once."""
        shut(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answer.close()
        self._connection.close()


def shut(connection: socket.socket | None) -> None:
    """End both directions, which wakes a thread that reads or writes; TLS's own ``shutdown`` is not made for that."""
    if connection is None:
        return
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # the other side was first


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urllib.parse.urlencode(query)}" if query else path


def _json(text: bytes) -> dict[str, Any]:
    """/readyz, /metrics and the like answer in plain text, which no test needs."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
