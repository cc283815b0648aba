"""What can stand where Prometheus was expected: a proxy, an error page, an older or newer Prometheus."""

from __future__ import annotations

import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from detnet.sources.errors import ErrorKind
from detnet.sources.fetch import Limits
from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig
from detnet.sources.promql import OwnQueries, OwnQuery, ProbeHistogram
from detnet.sources.source import Reading
from sources.servers import Behaviour, FaultyServer, answer, answer_json, hang


def _poll(server: FaultyServer, behaviour: Behaviour | None = None, *, workloads: int = 1) -> Reading:
    if behaviour is not None:
        server.behave = behaviour
    questions = {f"robot-{i}": ProbeHistogram("p") for i in range(workloads)}
    source = PrometheusSource(PrometheusSourceConfig(server.url, questions, limits=Limits(total_s=0.5)))
    reading = source.poll_once()
    source.close()
    return reading


def _success(result: object, kind: str = "vector", **more: object) -> Behaviour:
    return answer_json({"status": "success", "data": {"resultType": kind, "result": result}, **more})


_ERROR = {"status": "error", "errorType": "timeout", "error": "query timed out\nin expression evaluation"}


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (answer(b"<html>Sign in</html>"), ErrorKind.INVALID_JSON),
        (answer(b'{"status": "success", "data": {"resultTy'), ErrorKind.INVALID_JSON),
        (answer(b"[" * 100_000), ErrorKind.INVALID_JSON),
        (answer_json([]), ErrorKind.INVALID_ANSWER),
        (answer_json({"status": "success", "data": None}), ErrorKind.INVALID_ANSWER),
        (_success([{"metric": {}, "value": [1.0]}]), ErrorKind.INVALID_ANSWER),
        (_success([{"metric": {}, "value": [1.0, "fast"]}]), ErrorKind.INVALID_ANSWER),
        (_success(7), ErrorKind.INVALID_ANSWER),
        (_success([1.0, "2"], kind="matrix"), ErrorKind.WRONG_TYPE),
        (_success([{"metric": {}, "histogram": [1.0, {}]}]), ErrorKind.WRONG_TYPE),
        (_success([], warnings=["half of the stores are down"]), ErrorKind.PARTIAL),
        (_success([], warnings=["PromQL info: metric might not be a counter"]), ErrorKind.EMPTY),
        (_success([], infos=["a hint of Prometheus 3"]), ErrorKind.EMPTY),
        (answer_json(_ERROR, status="503 Service Unavailable"), ErrorKind.QUERY_ERROR),
        (answer_json(_ERROR, status="200 OK"), ErrorKind.QUERY_ERROR),
        (answer(b"no such page", status="404 Not Found"), ErrorKind.HTTP_CLIENT_ERROR),
        (answer(b"who are you", status="401 Unauthorized"), ErrorKind.HTTP_CLIENT_ERROR),
        (answer(b"broken", status="500 Internal Server Error"), ErrorKind.HTTP_SERVER_ERROR),
        (answer(b"", status="302 Found", headers="Location: /login\r\n"), ErrorKind.HTTP_UNEXPECTED),
    ],
)
def test_each_wrong_answer_has_its_name(server: FaultyServer, behaviour: Behaviour, kind: ErrorKind) -> None:
    """One error, one sentence on one line, and no signal."""
    reading = _poll(server, behaviour)
    assert reading.counts == {kind: 1}
    assert reading.error
    assert "\n" not in reading.error
    assert not reading.evidence


def test_who_we_are_is_not_the_querys_fault(server: FaultyServer) -> None:
    """A gateway refuses in Prometheus' own form; the advice is about credentials all the same."""
    refused = {"status": "error", "errorType": "auth", "error": "no org id"}
    reading = _poll(server, answer_json(refused, status="401 Unauthorized"))
    assert reading.counts == {ErrorKind.HTTP_CLIENT_ERROR: 1}
    assert "no org id" in (reading.error or "")
    assert "give it a valid token" in (reading.error or "")


def test_a_server_that_is_down_is_asked_once_a_poll(server: FaultyServer) -> None:
    """What fails for all is reported once, not once for each workload."""
    reading = _poll(server, answer(b"", status="500 Broken"), workloads=3)
    assert reading.counts == {ErrorKind.HTTP_SERVER_ERROR: 1}
    assert len(server.requests) == 1
    server.close()
    assert _poll(server, workloads=3).counts == {ErrorKind.REFUSED: 1}


def test_a_hanging_prometheus_is_left_in_time(server: FaultyServer) -> None:
    """The poll ends with its limit."""
    assert _poll(server, hang(server)).counts == {ErrorKind.TIMEOUT: 1}


def test_the_question_leaves_the_time_to_prometheus(server: FaultyServer) -> None:
    """No wall clock of ours is sent, and Prometheus learns when to give up."""
    _poll(server, _success([]))
    url = urlsplit(server.requests[0].split()[1])
    fields = parse_qs(url.query)
    assert url.path == "/api/v1/query"
    assert set(fields) == {"query", "timeout", "nocache"}
    assert 100 <= int(fields["timeout"][0].removesuffix("ms")) <= 500


def test_the_age_is_counted_back_from_before_the_question(server: FaultyServer) -> None:
    """By the clock that the test holds: asked at 50 s, scraped 0.5 s before, so measured at 49.5 s."""
    times = iter([50.0, 50.3, 50.6, 50.9])
    parts = {"age": "0.5", "recent": "3", "scrapes": "10"}
    rows = [{"metric": {"detnet_part": name}, "value": [1.8e9, value]} for name, value in parts.items()]
    template = OwnQueries(measured_by="ping_total", jitter=OwnQuery("1", "ms"))
    config = PrometheusSourceConfig(server.url, {"robot": template})
    source = PrometheusSource(config, clock=lambda: next(times))
    answers = iter([_success(rows), _success([1.8e9, "1.5"], kind="scalar")])

    def behave(connection: socket.socket, head: str) -> None:
        next(answers)(connection, head)

    server.behave = behave
    signal = source.poll_once().evidence["robot"]
    source.close()
    assert getattr(signal, "measured_at_s", None) == 49.5
