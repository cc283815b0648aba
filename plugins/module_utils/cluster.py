"""The API server as modules ask it: plain dicts in and out, every refusal one sentence."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .connection import connection, otherwise_for_kubernetes_core
from .kubernetes.access.identity import insecurity, load
from .kubernetes.access.transport import Pool, Response, explain
from .model.errors import UserError, one_line

_TIMEOUT_S = 5.0
_MOST_BYTES = 64_000_000
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

    def __init__(self, pool: Pool, *, named: Mapping[str, str], insecurity: str | None = None) -> None:
        self._pool = pool
        self.named = named
        self.insecurity = insecurity

    @classmethod
    def connect(cls, options: Mapping[str, Any]) -> Cluster:
        """Connect as a task's options say; nothing is sent yet. A credential plugin may take 30 s.

        Raises:
            UserError: the options name no cluster, or none that can be trusted with the credentials.
            ImportError: a kubeconfig must be read, and PyYAML is missing.
        """
        chosen, access = connection(options)
        pool = Pool(load(chosen, access), "detnet.qos")
        acting = chosen.user.impersonation
        named = {
            "context": chosen.context,
            "server": chosen.server,
            "found_in": chosen.named,
            "acting_as": None if acting is None else acting.user,
            "kubernetes_core": otherwise_for_kubernetes_core(options, chosen),
        }
        return cls(
            pool, named={name: each for name, each in named.items() if each is not None}, insecurity=insecurity(chosen)
        )

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
        headers = [] if content_type is None else [("Content-Type", content_type)]
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None and content_type is None:
            headers = [("Content-Type", "application/json")]
        until_s = time.monotonic() + _TIMEOUT_S
        try:
            with self._pool.answer(
                method, path, until_s=until_s, query=query.items(), body=sent, headers=headers
            ) as response:
                content = response.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            server = self.named["server"]
            raise UserError(f"the API server at {server} {explain(error, _TIMEOUT_S)} ({method} {path})") from error
        if len(content) == _MOST_BYTES:
            raise UserError(f"the API server answered {method} {path} with {_MOST_BYTES} bytes or more: ask for less")
        if response.status >= 300:
            raise _refused(response, content, method, path)
        return _read(content)


@contextmanager
def connected(module: AnsibleModule) -> Iterator[Cluster]:
    """Connect as the task says. A ``UserError`` inside ends the module with it, and with the cluster it is about."""
    result: dict[str, Any] = {}
    if isinstance(module.params["kubeconfig"], str):
        module.no_log_values.discard(module.params["kubeconfig"])  # a path is no secret, and says what to correct
    try:
        cluster = Cluster.connect(module.params)
        result = {"cluster": cluster.named}
        if cluster.insecurity is not None:
            module.warn(f"The cluster {cluster.named['server']} {cluster.insecurity}.")
        yield cluster
    except UserError as error:
        module.fail_json(msg=str(error), **result)
    except ImportError as error:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=error)


def _read(content: bytes) -> Any:
    """Return an answer: an object where it is JSON, else its text."""
    text = content.decode("utf-8", errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refused(response: Response, content: bytes, method: str, path: str) -> RefusedError:
    status = response.status
    said = _said(response, content)
    if status < 400:
        return RefusedError(status, f"the API server did not answer {path} itself ({said}): give the host that does")
    if status == 401:
        return RefusedError(401, "the API server does not accept these credentials: renew the token or certificate")
    if status == 403:
        where = _PATH.fullmatch(path)
        verb = _VERBS[method] if where is None or where["name"] else "list"
        what = path if where is None else f"{where['kind']} in namespace {where['namespace']}"
        return RefusedError(403, f"not allowed to {verb} {what}: add that to the Role of this user ({said})")
    sentence = f"the API server refuses to {_VERBS[method]} {path}: {said}"
    return RefusedError(status, sentence, _retry_after_s(response))


def _retry_after_s(response: Response) -> int | None:
    """Return the seconds, at least one; a date, which the field may also hold, is no answer of an API server."""
    text = response.raw.headers.get("Retry-After", "") if response.status in _BUSY else ""
    return max(1, int(text)) if text.isdecimal() and len(text) < _DIGITS else None


def _said(response: Response, content: bytes) -> str:
    """Return the message of the Status object in an answer."""
    answer = _read(content)
    message = answer.get("message") if isinstance(answer, dict) else None
    return one_line(message or f"HTTP {response.status} {response.raw.reason}", 300)
