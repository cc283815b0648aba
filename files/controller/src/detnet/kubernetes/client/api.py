"""What the rest of the package knows of an API server: dicts in and out, two ways to fail, and how long to wait then.

There are no retries here. Whoever asks has a next pass, and a retry inside a call would hide its delay from the
deadlines of the lease.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from detnet.model.errors import ConfigError, UserError, one_line


class ApiError(UserError):
    """The API server did not do what it was asked; the sentence says what that was and why.

    What the server said in it is bounded and escaped here, once, for logs, Events and status.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class ApiRefused(ApiError):  # noqa: N818 - the server's answer, and often an expected one
    """The API server answered with an HTTP status of 400 or more.

    ``reason`` is the Status object's word for machines (``Conflict``, ``Expired``, ``Forbidden``), empty if the answer
    was none. ``retry_after_s`` is what the server asked for, in seconds.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = str(self)
        self.retry_after_s = retry_after_s


class ApiUnreachable(ApiError):  # noqa: N818 - a state of the world
    """No complete answer came in time. Whether a write was carried out is unknown."""


class ApiTooLarge(ApiError):  # noqa: N818 - the size of a page, of which a smaller one may do
    """The answer is longer than ``MOST_BYTES``."""


MOST_BYTES = 8_000_000
"""An object may have 1.5 MB (etcd's limit) and its owner decides how much of it; a page of 250 such pods is 375 MB."""


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """Which cluster, as whom.

    Without a kubeconfig it is the one of ``$KUBECONFIG``, else ``~/.kube/config``; without a context it is the file's
    current one. In a cluster it is the pod's service account. ``plain_http`` lets credentials go to a server without
    TLS that is not this machine.

    Raises:
        ConfigError: two answers to one question.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    in_cluster: bool = False
    plain_http: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.in_cluster and (self.kubeconfig is not None or self.context is not None):
            raise ConfigError("inside a cluster the pod's service account is used: give no kubeconfig and no context")


class Watch(Protocol):
    """A stream of ``{"type": ..., "object": ...}``.

    It ends when the server ends it, when no whole event came for ``idle_s`` seconds, or when ``close`` is called.
    Iterating raises ``ApiUnreachable`` when the stream breaks.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[dict[str, Any]]: ...

    def __next__(self) -> dict[str, Any]: ...

    def close(self) -> None:
        """End the stream at once; from any thread."""


class Api(Protocol):
    """One cluster's API server, as one identity. Safe to share between threads."""

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
        """Return the answer's object.

        The call ends after ``timeout_s`` seconds or at the monotonic time ``until_s``, whichever is sooner (a name
        lookup may outlast it), and nothing is sent later. A lease's holder gives the lease's deadline as ``until_s``: a
        number of seconds that was computed before the process was stopped is no bound at all. ``content_type`` is
        ``application/json``, for PATCH a JSON merge patch (RFC 7386): it behaves alike for every kind of object.

        Raises:
            ApiRefused: the server said no.
            ApiUnreachable: there is no whole answer.
            ApiTooLarge: it is longer than ``MOST_BYTES``.
        """

    def watch(self, path: str, *, query: Mapping[str, str], idle_s: float) -> Watch:
        """Open a stream of changes; ``query`` holds the resourceVersion to start from.

        Raises:
            ApiRefused: the server said no.
            ApiUnreachable: the stream did not begin.
        """

    def close(self) -> None:
        """Drop the connections."""


def connect(access: ClusterAccess) -> Api:
    """Return the cluster's API server; nothing is sent yet.

    Nobody but the client behind it sees the ``kubernetes`` library. It is used for credentials and TLS only, because
    its typed models cost 126 MB and 1.3 s of CPU, and it is imported here when it is needed, so that commands which
    need no cluster stay fast.

    Raises:
        ConfigError: the credentials cannot be found or used.
        UserError: the Kubernetes client is not installed.
    """
    try:
        from detnet.kubernetes.client.client import Client  # noqa: PLC0415 - imports kubernetes: 0.66 s of CPU and 49 MB
    except ImportError as error:
        if error.name is None or not error.name.startswith(("kubernetes", "urllib3")):
            raise
        raise UserError("the Kubernetes client is not installed: pip install 'detnet-qos[kubernetes]'") from error
    return Client(access)


class Backoff:
    """Doubling delays with jitter: how long to wait after a failure.

    Half of each delay is fixed and half is random ("equal jitter": Brooker, "Exponential Backoff and Jitter", AWS
    Architecture Blog, 2015), so that it can become neither a tight loop nor a herd.

    ``asked_cap_s`` bounds what a server may ask for: a Retry-After of an hour would be an hour of blindness.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.1,
        cap_s: float = 10.0,
        asked_cap_s: float = 30.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._asked_cap_s = asked_cap_s
        self._chance = chance
        self._delay_s = first_s

    def next_s(self, asked_s: float | None = None) -> float:
        """Return the seconds to wait before the next attempt; ``asked_s`` is what the server asked for."""
        wait_s = self._delay_s * (0.5 + 0.5 * self._chance())
        self._delay_s = min(self._cap_s, 2.0 * self._delay_s)
        return max(wait_s, min(asked_s or 0.0, self._asked_cap_s))

    def reset(self) -> None:
        """Start over: something went well."""
        self._delay_s = self._first_s
