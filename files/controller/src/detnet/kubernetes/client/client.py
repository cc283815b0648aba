"""The ``Api`` on kept connections: our deadlines and our sentences, no retries."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from detnet.kubernetes.access.kubeconfig import ClusterAccess
from detnet.kubernetes.access.transport import Response, explain
from detnet.kubernetes.client.api import MOST_BYTES, ApiError, ApiRefused, ApiTooLarge, ApiUnreachable
from detnet.kubernetes.client.session import Session
from detnet.kubernetes.client.watch_stream import EventStream

_OPEN_S = 10.0  # for the head of a watch: the server sends it at once, or it hangs


class Client:
    """An API server; see ``detnet.kubernetes.client.api.Api``."""

    def __init__(self, access: ClusterAccess) -> None:
        self._session = Session(access)

    def request(  # noqa: PLR0913 - an HTTP request has these parts
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        timeout_s: float = 5.0,
        until_s: float = math.inf,
        content_type: str | None = None,
    ) -> dict[str, Any]:
        """See ``Api.request``."""
        now_s = time.monotonic()
        until_s = min(until_s, now_s + timeout_s)
        asked, timeout_s = f"{method} {path}", until_s - now_s
        response = self._ask(method, path, query or {}, body, until_s, content_type)
        try:
            return self._object(response, asked, timeout_s)
        finally:
            response.close()

    def watch(self, path: str, *, query: Mapping[str, str], idle_s: float) -> EventStream:
        """See ``Api.watch``."""
        until_s = time.monotonic() + _OPEN_S
        response = self._ask("GET", path, {**query, "watch": "true"}, None, until_s, None)
        return EventStream(response, f"the watch of {path} at {self._server()}", idle_s)

    @property
    def cluster(self) -> str:
        """See ``Api.cluster``."""
        return str(self._session.chosen)

    def close(self) -> None:
        """See ``Api.close``."""
        self._session.drop_connections()

    def _ask(  # noqa: PLR0913, PLR0917 - likewise
        self, method: str, path: str, query: Mapping[str, str], body: object, until_s: float, content_type: str | None
    ) -> Response:
        """Return the response whose head has come and whose status is below 300."""
        asked, timeout_s = f"{method} {path}", until_s - time.monotonic()
        if timeout_s <= 0.0:
            raise ApiUnreachable(f"there was no time left for {asked}: nothing was sent")
        default = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            response = self._session.pool().ask(
                method,
                path,
                until_s=until_s,
                query=query.items(),
                body=None if body is None else json.dumps(body).encode(),
                headers=[("Content-Type", content_type or default)],
            )
        except (http.client.HTTPException, OSError) as error:
            self._session.drop_connections()
            raise self._unreachable(error, asked, timeout_s) from error
        if response.status >= 300:
            try:
                raise self._refused(response, asked, timeout_s)
            finally:
                response.close()
        return response

    def _object(self, response: Response, asked: str, timeout_s: float) -> dict[str, Any]:
        try:
            body = response.read(MOST_BYTES + 1)
            if len(body) > MOST_BYTES:
                self._session.drop_connections()
                raise ApiTooLarge(f"{self._server()} answered {asked} with more than {MOST_BYTES} bytes")
            answer = json.loads(body or b"{}")
        except (http.client.HTTPException, OSError, ValueError) as error:
            self._session.drop_connections()
            raise self._unreachable(error, asked, timeout_s) from error
        if not isinstance(answer, dict):
            raise ApiUnreachable(f"{self._server()} answered {asked} with something that is no object")
        return answer

    def _refused(self, response: Response, asked: str, timeout_s: float) -> ApiError:
        """Return the refusal, with what the Status object says if there is one."""
        if response.status < 400:
            said = f"{self._server()} did not answer itself (HTTP {response.status}): give the address that does"
            return ApiUnreachable(f"{said} ({asked})")
        retry_after = response.raw.headers.get("Retry-After", "")
        try:
            status = self._object(response, asked, timeout_s)
        except ApiUnreachable:
            status = {}  # a proxy answers in HTML: the status code is the answer then
        reason = str(status.get("reason") or "")
        words = str(status.get("message") or response.raw.reason or "no reason given")
        if response.status == 401:
            self._session.reject()
            words = f"it does not accept our credentials ({words}): renew the token or certificate"
        message = f"{self._server()} refused {asked} with HTTP {response.status}: {words}"
        return ApiRefused(response.status, reason, message, float(retry_after) if retry_after.isdigit() else None)

    def _server(self) -> str:
        return f"the API server at {self._session.chosen.server}"

    def _unreachable(self, error: Exception, asked: str, timeout_s: float) -> ApiUnreachable:
        return ApiUnreachable(f"{self._server()} {explain(error, timeout_s)} ({asked})")
