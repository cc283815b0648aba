"""Every way in which a source can fail to bring something fresh, each with its own name.

The name is a row of docs/reference/sources.md; the sentence is for the person who has to fix it.
"""

from __future__ import annotations

import enum

from ..model.errors import one_line


class ErrorKind(enum.StrEnum):
    """Why nothing fresh came."""

    # The connection
    REFUSED = "refused"
    NAME = "name"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TLS = "tls"
    SECRET = "secret"  # noqa: S105 - the name of a kind, not a password
    # The answer
    HTTP_CLIENT_ERROR = "http-client-error"
    HTTP_SERVER_ERROR = "http-server-error"
    HTTP_UNEXPECTED = "http-unexpected"
    TOO_LARGE = "too-large"
    INVALID_JSON = "invalid-json"
    INVALID_ANSWER = "invalid-answer"
    # The probe
    MISSING_PATH = "missing-path"
    RESTARTED = "restarted"
    SILENT = "silent"
    LATE = "late"
    # Prometheus
    QUERY_ERROR = "query-error"
    PARTIAL = "partial"
    WRONG_TYPE = "wrong-type"
    EMPTY = "empty"
    STALE = "stale"
    SEVERAL = "several"
    NOT_FINITE = "not-finite"
    OUT_OF_RANGE = "out-of-range"
    RESET = "reset"
    TOO_FEW = "too-few"
    NO_INF_BUCKET = "no-inf-bucket"
    NOT_CUMULATIVE = "not-cumulative"
    IDLE = "idle"
    # A bug of ours
    INTERNAL = "internal"


class SourceError(Exception):
    """One sentence on what failed and what to change; ``workload`` is ``None`` when it concerns them all.

    What a server said in it is bounded and escaped here, once, for logs, audit, Events and status.
    """

    def __init__(self, kind: ErrorKind, sentence: str, *, workload: str | None = None) -> None:
        super().__init__(one_line(sentence))
        self.kind = kind
        self.workload = workload

    def of(self, workload: str) -> SourceError:
        """Return the same error, of one workload."""
        return SourceError(self.kind, f"{workload}: {self}", workload=workload)
