"""The ``Api`` on top of the ``kubernetes`` library: its credentials and TLS, our deadlines and our sentences.

Facts about version 37 that shape this file (read and run): only ``param_serialize`` with ``auth_settings`` adds the
token; without ``retries`` urllib3 tries four times without a pause; there is no default timeout; TCP keep-alive is off;
a PATCH must name its content type, or a dict becomes a strategic merge.
"""

from __future__ import annotations

import json
import math
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any

import urllib3
from kubernetes.client.exceptions import ApiException

from detnet.kubernetes.client.api import MOST_BYTES, ApiRefused, ApiTooLarge, ApiUnreachable, ClusterAccess
from detnet.kubernetes.client.session import Session
from detnet.kubernetes.client.transport import nothing_later_than
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
        timeout_s = min(timeout_s, until_s - now_s)
        with nothing_later_than(now_s + timeout_s):
            response = self._send(method, path, query or {}, body, timeout_s, content_type)
            return self._object(response, f"{method} {path}", timeout_s)

    def watch(self, path: str, *, query: Mapping[str, str], idle_s: float) -> EventStream:
        """See ``Api.watch``."""
        with nothing_later_than(time.monotonic() + _OPEN_S):
            response = self._send("GET", path, {**query, "watch": "true"}, None, _OPEN_S, None)
        return EventStream(response, f"the watch of {path} at {self._server()}", idle_s)

    def close(self) -> None:
        """See ``Api.close``."""
        self._session.drop_connections()

    def _send(  # noqa: PLR0913, PLR0917 - likewise
        self, method: str, path: str, query: Mapping[str, str], body: object, timeout_s: float, content_type: str | None
    ) -> urllib3.HTTPResponse:
        """Return the response whose head has come and whose status is below 400."""
        asked = f"{method} {path}"
        if timeout_s <= 0.0:
            raise ApiUnreachable(f"there was no time left for {asked}: nothing was sent")
        client = self._session.client()
        default = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept": "application/json", "Content-Type": content_type or default}
        parts = client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response: urllib3.HTTPResponse = client.call_api(*parts, _request_timeout=float(timeout_s)).response
        except (urllib3.exceptions.HTTPError, ApiException, OSError, ValueError) as error:
            self._session.drop_connections()
            raise self._unreachable(error, asked, timeout_s) from error
        if response.status >= 400:
            raise self._refused(response, asked, timeout_s)
        return response

    def _object(self, response: urllib3.HTTPResponse, asked: str, timeout_s: float) -> dict[str, Any]:
        try:
            body = response.read(MOST_BYTES + 1)
            if len(body) > MOST_BYTES:
                self._session.drop_connections()
                raise ApiTooLarge(f"{self._server()} answered {asked} with more than {MOST_BYTES} bytes")
            answer = json.loads(body or b"{}")
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            self._session.drop_connections()
            raise self._unreachable(error, asked, timeout_s) from error
        if not isinstance(answer, dict):
            raise ApiUnreachable(f"{self._server()} answered {asked} with something that is no object")
        return answer

    def _refused(self, response: urllib3.HTTPResponse, asked: str, timeout_s: float) -> ApiRefused:
        """Return the refusal, with what the Status object says if there is one."""
        retry_after = response.headers.get("Retry-After", "")
        try:
            status = self._object(response, asked, timeout_s)
        except ApiUnreachable:
            status = {}  # a proxy answers in HTML: the status code is the answer then
        reason = str(status.get("reason") or "")
        words = str(status.get("message") or response.reason or "no reason given")
        if response.status == 401:
            self._session.reject()
            words = f"it does not accept our credentials ({words}): renew the token or certificate"
        message = f"{self._server()} refused {asked} with HTTP {response.status}: {words}"
        return ApiRefused(response.status, reason, message, float(retry_after) if retry_after.isdigit() else None)

    def _server(self) -> str:
        return f"the API server at {self._session.client().configuration.host}"

    def _unreachable(self, error: Exception, asked: str, timeout_s: float) -> ApiUnreachable:
        return ApiUnreachable(f"{self._server()} {_explain(_cause(error), timeout_s)} ({asked})")


def _cause(error: BaseException) -> BaseException:
    """Return what was raised first, below what urllib3 and the library made of it.

    Not by ``__context__``: that may be the caller's own error, if we were called while one was handled.
    """
    inner = (error.__cause__, getattr(error, "reason", None), *error.args)
    for candidate in inner:
        if isinstance(candidate, BaseException):
            return _cause(candidate)
    return error


def _explain(error: BaseException, timeout_s: float) -> str:  # noqa: PLR0911 - one way to fail, one line
    match error:
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return f"did not answer within {timeout_s:.3g} s"
        case ConnectionRefusedError():
            return "refused the connection: start it, or correct its address"
        case socket.gaierror():
            return "has a name that does not resolve: correct its address or the name service"
        case ssl.SSLCertVerificationError():
            return f"shows a certificate that is not valid here: {error.verify_message}"
        case ssl.SSLError():
            return f"failed the TLS handshake: {error.reason or error}"
        case urllib3.exceptions.ResponseError():
            return f"did not answer itself ({error}): give the address that does"
        case json.JSONDecodeError() | UnicodeDecodeError():
            return "answered with something that is not JSON: check what runs there"
        case OSError() if error.strerror:
            return f"cannot be reached: {error.strerror}"
        case _:
            return f"ended its answer early or does not speak HTTP: {error}"
