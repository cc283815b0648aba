"""One instant query, and everything that Prometheus can answer instead of a number.

``time`` is left out of the question, so that Prometheus evaluates at its own "now" and no clock of ours is sent.
VictoriaMetrics would then evaluate 30 s ago and hide it in the timestamps (``-search.latencyOffset``), which makes any
evidence look fresh: ``nocache`` keeps it from that, and is nothing to the others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ErrorKind, SourceError
from .fetch import Fetcher

# Prometheus 2.48 to 2.53 sends its hints as warnings with this prefix, later ones as ``infos``.
_HINT = "PromQL info:"
# Most hints are about style. These say that samples are missing, because they are native histograms.
_LEFT_OUT = ("ignored histogram", "incompatible sample types")


@dataclass(frozen=True, slots=True)
class Row:
    """One series of an instant vector; the value may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows, and the monotonic time just before the question: never later than the evaluation."""

    rows: tuple[Row, ...]
    asked_at_s: float

    def number(self) -> float:
        """Return the one value.

        Raises:
            SourceError: there is none, or more than one.
        """
        if not self.rows:
            sentence = "the expression gives no series: check its metric and label names, and the target's scrape"
            raise SourceError(ErrorKind.EMPTY, sentence)
        if len(self.rows) > 1:
            first = ", ".join(json.dumps(dict(row.labels)) for row in self.rows[:2])
            sentence = (
                f"the expression gives {len(self.rows)} series where one is expected ({first}, ...): aggregate it"
            )
            raise SourceError(ErrorKind.SEVERAL, sentence)
        return self.rows[0].value


class PrometheusApi:
    """Asks one Prometheus; ``clock`` is monotonic time in seconds."""

    def __init__(self, fetcher: Fetcher, server: str, clock: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._server = server
        self._clock = clock

    def query(self, expression: str, *, deadline_s: float) -> Answer:
        """Return the answer to an instant query, before ``deadline_s`` (of ``time.monotonic``).

        Raises:
            SourceError: there is no complete answer of a usable type.
        """
        asked_at_s = self._clock()
        # Prometheus gives up by itself a little later than we do, and does not work on for nobody.
        allowance_s = max(0.1, deadline_s - time.monotonic())
        question = {"query": expression, "timeout": f"{round(allowance_s * 1000)}ms", "nocache": "1"}
        status, body = self._fetcher.get("/api/v1/query", question, deadline_s=deadline_s)
        return Answer(self._rows(status, body), asked_at_s)

    def _rows(self, status: int, body: bytes) -> tuple[Row, ...]:
        document = _document(body)
        rejected = isinstance(document, dict) and document.get("status") == "error"
        if rejected and status not in {401, 403, 429}:  # who we are, and how often we ask, is not the query's fault
            sentence = f"{self._server} rejects the query: {self._fetcher.quoted(document.get('error'), 300)}"
            raise SourceError(ErrorKind.QUERY_ERROR, sentence)
        if status != 200:
            raise self._fetcher.refused(status, body)
        if document is None:
            what = f"{self._server} does not answer in JSON{self._fetcher.words_of(body)}"
            raise SourceError(ErrorKind.INVALID_JSON, f"{what}: check address and prefix")
        try:
            said = [*(document.get("warnings") or ()), *(document.get("infos") or ())]
            warnings = [text for text in document.get("warnings") or () if not text.startswith(_HINT)]
            left_out = [text for text in said if any(words in text for words in _LEFT_OUT)]
            if document.get("isPartial"):
                warnings.append("isPartial, some of its storage nodes did not answer")
            kind, result = document["data"]["resultType"], document["data"]["result"]
        except (KeyError, TypeError, AttributeError) as error:
            sentence = f"{self._server} does not answer like Prometheus: check address and prefix"
            raise SourceError(ErrorKind.INVALID_ANSWER, sentence) from error
        self._refuse_gaps(warnings, left_out)
        return _typed(kind, result)

    def _refuse_gaps(self, warnings: list[str], left_out: list[str]) -> None:
        """Refuse an answer in which something is missing: nobody knows what it would have said."""
        if left_out:
            said = self._fetcher.quoted("; ".join(left_out), 300)
            sentence = f"the expression leaves native histograms out, expected numbers: take their quantile ({said})"
            raise SourceError(ErrorKind.WRONG_TYPE, sentence)
        if warnings:
            said = self._fetcher.quoted("; ".join(warnings), 300)
            sentence = f"{self._server} warns that its answer may be partial: {said}"
            raise SourceError(ErrorKind.PARTIAL, sentence)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _typed(kind: str, result: Any) -> tuple[Row, ...]:
    if kind not in {"vector", "scalar"}:
        sentence = f"the expression gives a {kind}, expected a scalar or an instant vector: take off the [range]"
        raise SourceError(ErrorKind.WRONG_TYPE, sentence)
    try:
        if kind == "scalar":
            return (Row({}, float(result[1])),)
        if any("histogram" in row for row in result):
            sentence = "the expression gives a native histogram, expected a number: take its quantile or its buckets"
            raise SourceError(ErrorKind.WRONG_TYPE, sentence)
        rows = tuple(Row(dict(row["metric"]), float(row["value"][1])) for row in result)
        distinct = {frozenset(row.labels.items()) for row in rows}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        sentence = "the answer's values are not those of an instant query: check what runs at the address"
        raise SourceError(ErrorKind.INVALID_ANSWER, sentence) from error
    if len(distinct) < len(rows):
        sentence = "the answer has two values of one series: let the server deduplicate its replicas"
        raise SourceError(ErrorKind.INVALID_ANSWER, sentence)
    return rows
