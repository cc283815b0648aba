"""The API server, through kubernetes.core's client: plain dicts in and out, every refusal one sentence.

kubernetes.core reads the connection options (its users know them: kubeconfig, context, host, K8S_AUTH_*, in-cluster)
and makes the client. Nothing else of it is used, so an upgrade of that collection can break this file only.
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .model.errors import UserError

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient

_TIMEOUT_S = 5.0
_CONNECT_S = 10.0  # a kubeconfig may ask a program for a token
_PAGE = 500
_NOT_FOUND = 404
_BUSY = frozenset({429, 503})
_BUSY_S = 15.0
_DIGITS = 5
_VERBS = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}
_MERGE_PATCH = "application/merge-patch+json"
_APPLY_PATCH = "application/apply-patch+yaml"
_PATH = re.compile(r"(?:/api/v1|/apis/apps/v1)/namespaces/(?P<namespace>[^/]+)/(?P<kind>[^/]+)(?P<name>/.*)?")


class RefusedError(UserError):
    """The API server answered, with an HTTP status of 400 or more.

    ``retry_after_s`` is what the server asked for where it is only busy: 429 and 503 with ``Retry-After`` in seconds
    (RFC 9110 section 10.2.3). A new CustomResourceDefinition is served like that for its first moments.
    """

    def __init__(self, status: int, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s


class Cluster:
    """One connection.

    Raises:
        RefusedError: (from every method) the server refuses.
        UserError: (from every method) the server cannot be reached, or does not answer in time.
    """

    def __init__(self, client: DynamicClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, options: Mapping[str, Any]) -> Cluster:
        """Connect with kubernetes.core's authentication options.

        Raises:
            UserError: the options name no cluster that answers.
            ImportError: the Python package kubernetes is missing.
        """
        import urllib3  # noqa: PLC0415 - half a second with kubernetes; wrong options are told before
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core  # noqa: PLC0415
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException  # noqa: PLC0415
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415
        from kubernetes.config import ConfigException  # noqa: PLC0415

        # Its discovery takes no timeout and retries three times: a server that hangs would hold the task for ever.
        urllib3.Retry.DEFAULT = urllib3.Retry(0)
        try:
            with _at_most(_CONNECT_S):
                return cls(core.get_api_client(**options).client)
        except (CoreException, ConfigException, OSError) as error:
            raise UserError(f"no connection to a cluster is configured that can be used: {_line(error)}") from error
        except ApiException as error:
            raise _refused(error, "GET", "/version") from error
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(error) from error

    def get(self, path: str) -> dict[str, Any]:
        """Return one object."""
        return self._request("GET", path, query={})

    def find(self, path: str) -> dict[str, Any] | None:
        """Return one object, or ``None`` where there is none."""
        try:
            return self.get(path)
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def listed(self, path: str, *, selector: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the objects of a list, page by page."""
        query = {"limit": str(_PAGE)} | ({} if selector is None else {"labelSelector": selector})
        while True:
            page = self._request("GET", path, query=query)
            yield from page["items"]
            following = page["metadata"].get("continue")
            if not following:
                return
            query["continue"] = following

    def patch(self, path: str, body: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
        """Send a merge patch and return the object as it is (or, in a dry run, would be) afterwards."""
        query = {"dryRun": "All"} if dry_run else {}
        return self._request("PATCH", path, query=query, body=body, content_type=_MERGE_PATCH)

    def apply(self, path: str, body: Mapping[str, Any], *, manager: str, dry_run: bool) -> dict[str, Any]:
        """Apply an object by the server, against all other managers, and return it as it is (or would be) then."""
        query = {"fieldManager": manager, "force": "true"} | ({"dryRun": "All"} if dry_run else {})
        return self._request("PATCH", path, query=query, body=body, content_type=_APPLY_PATCH)

    def delete(self, path: str, *, uid: str) -> None:
        """Begin to remove one object; one that is gone, or was made anew since, is no error."""
        try:
            self._request(
                "DELETE", path, query={}, body={"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
            )
        except RefusedError as error:
            if error.status not in {404, 409}:
                raise

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        content_type: str | None = None,
    ) -> dict[str, Any]:
        deadline_s = time.monotonic() + _BUSY_S
        while True:
            try:
                return self._once(method, path, query=query, body=body, content_type=content_type)
            except RefusedError as error:
                if error.retry_after_s is None or time.monotonic() + error.retry_after_s > deadline_s:
                    raise
                time.sleep(error.retry_after_s)

    def _once(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        content_type: str | None,
    ) -> dict[str, Any]:
        import urllib3  # noqa: PLC0415
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415

        try:
            answer: dict[str, Any] = self._client.request(
                method,
                path,
                body=body,
                query_params=list(query.items()),
                content_type=content_type,
                serializer=lambda _client, plain: plain,
                _request_timeout=_TIMEOUT_S,
            )
        except ApiException as error:
            raise _refused(error, method, path) from error
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(error) from error
        return answer


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End what takes longer, for want of a timeout to pass. Only in the main thread, which is all that a module has."""

    def expired(_number: int, _frame: object) -> None:
        raise TimeoutError(f"no answer within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _refused(error: Any, method: str, path: str) -> RefusedError:
    said = _said(error)
    if error.status == 401:
        return RefusedError(401, "the API server does not accept these credentials: renew the token or certificate")
    if error.status == 403:
        where = re.fullmatch(
            r"(?:/api/v1|/apis/apps/v1)/namespaces/(?P<namespace>[^/]+)/(?P<kind>[^/]+)(?P<name>/.*)?", path
        )
        verb = _VERBS[method] if where is None or where["name"] else "list"
        what = path if where is None else f"{where['kind']} in namespace {where['namespace']}"
        return RefusedError(403, f"not allowed to {verb} {what}: add that to the Role of this user ({said})")
    sentence = f"the API server refuses to {_VERBS[method]} {path}: {said}"
    return RefusedError(error.status, sentence, _retry_after_s(error))


def _retry_after_s(error: Any) -> int | None:
    """Return the seconds, at least one; a date, which the field may also hold, is no answer of an API server."""
    text = (error.headers or {}).get("Retry-After", "") if error.status in _BUSY else ""
    return max(1, int(text)) if text.isdecimal() and len(text) < _DIGITS else None


def _said(error: Any) -> str:
    """Return the message of the Status object in an answer."""
    try:
        return _line(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return _line(f"HTTP {error.status} {error.reason}")


def _unreachable(error: Exception) -> UserError:
    reason = getattr(error, "reason", None) or error
    return UserError(f"the API server cannot be reached: {_line(reason)}")


def _line(text: object) -> str:
    return " ".join(str(text).split())[:300]
