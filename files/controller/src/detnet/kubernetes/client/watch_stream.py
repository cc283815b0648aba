"""A watch: one JSON object a line, for as long as the server keeps talking."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from detnet.kubernetes.access.transport import Response
from detnet.kubernetes.client.api import MOST_BYTES, ApiUnreachable

_CHUNK_BYTES = 65536


class EventStream:
    """The events of an open response; see ``detnet.kubernetes.client.api.Watch``.

    The connection's deadline is moved by whole events, so a server that drips single bytes is silent. Silence is an end
    and no error: a quiet cluster is silent too, and whether the server is dead shows when it is asked the next time.
    """

    def __init__(self, response: Response, name: str, idle_s: float) -> None:
        self._response = response
        self._name = name
        self._idle_s = idle_s
        self._lines: list[bytes] = []
        self._rest = b""
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._response.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        self._response.give_until(time.monotonic() + self._idle_s)
        while not self._lines and not self._closed:
            chunk = self._read()
            if not chunk:
                break
            *self._lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > MOST_BYTES:
                raise ApiUnreachable(f"{self._name} brought an event of more than {MOST_BYTES} bytes")
        if self._closed:
            raise StopIteration
        if not self._lines:
            if self._rest:
                raise ApiUnreachable(f"{self._name} ended in the middle of an event")
            raise StopIteration
        return self._event(self._lines.pop(0))

    def close(self) -> None:
        """See ``Watch.close``."""
        self._closed = True
        self._response.end()

    def _read(self) -> bytes:
        try:
            return self._response.raw.read1(_CHUNK_BYTES)
        except (http.client.HTTPException, OSError, ValueError) as error:
            if self._closed or isinstance(error, TimeoutError):
                return b""
            raise ApiUnreachable(f"{self._name} broke: {error!r}") from error

    def _event(self, line: bytes) -> dict[str, Any]:
        try:
            event = json.loads(line)
        except ValueError as error:
            raise ApiUnreachable(f"{self._name} brought a line that is not JSON") from error
        if not isinstance(event, dict) or "type" not in event or not isinstance(event.get("object"), dict):
            raise ApiUnreachable(f"{self._name} brought a line that is no event")
        return event
