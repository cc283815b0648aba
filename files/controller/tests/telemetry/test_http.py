"""``/metrics``, ``/healthz`` and ``/readyz`` over real connections."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Gauge

import detnet.telemetry.http
from detnet.model.errors import UserError
from detnet.telemetry.health import Answer, Health
from detnet.telemetry.http import MOST_CONNECTIONS_PER_SOURCE, Endpoint, Route, application, check_route
from support import wait_for


class Clock:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self.now_s


def checks(health: Health) -> dict[str, Route]:
    """The controller's."""
    return {"/healthz": check_route(health.alive), "/readyz": check_route(health.ready)}


@pytest.fixture
def clock() -> Clock:
    """The loop's clock."""
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    """A loop with a period of half a second that may miss ten."""
    return Health(period_s=0.5, allowed_cycles=10, now_s=clock)


@pytest.fixture
def endpoint(health: Health) -> Iterator[Endpoint]:
    """A server with one metric."""
    registry = CollectorRegistry()
    Gauge("answer", "Of everything.", registry=registry).set(42)
    served = Endpoint(
        application(registry, checks(health)),
        address="127.0.0.1",
        port=0,
    )
    yield served
    served.close()


def ask(endpoint: Endpoint, path: str, method: str = "GET") -> tuple[int, str]:
    """Return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=5.0)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_metrics_are_served(endpoint: Endpoint) -> None:
    """In the exposition format."""
    status, body = ask(endpoint, "/metrics")
    assert status == 200
    assert "answer 42.0" in body


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metricsx", "/favicon.ico"])
def test_other_paths_do_not_exist(endpoint: Endpoint, path: str) -> None:
    """A mistyped probe must fail instead of passing for ever."""
    assert ask(endpoint, path) == (404, "try /metrics, /healthz or /readyz\n")


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_nothing_can_be_sent_to_us(endpoint: Endpoint, path: str) -> None:
    """The port is for looking."""
    assert ask(endpoint, path, "POST")[0] == 405


def test_health_is_the_age_of_the_last_finished_cycle(endpoint: Endpoint, health: Health, clock: Clock) -> None:
    """A loop that got stuck is unhealthy although this server still answers; one that goes on is healthy again."""
    assert ask(endpoint, "/healthz") == (200, "the last control cycle finished 0.0 s ago\n")
    clock.now_s += 4.9
    assert ask(endpoint, "/healthz")[0] == 200
    clock.now_s += 0.1
    assert ask(endpoint, "/healthz") == (503, "no control cycle finished for 5.0 s, and 5.0 s are allowed\n")
    health.cycle_finished()
    assert ask(endpoint, "/healthz")[0] == 200


def test_ready_means_footing_and_configuration(endpoint: Endpoint, health: Health) -> None:
    """Not before the first sample (or blind handling), and not while the newest configuration is refused."""
    assert ask(endpoint, "/readyz") == (503, "no fresh sample has come yet, and blind handling has not begun\n")
    health.began_to_see("robot-control is measured")
    assert ask(endpoint, "/readyz") == (200, "robot-control is measured\n")
    health.configured("line 3: min > max")
    assert ask(endpoint, "/readyz") == (503, "the configuration is not in force: line 3: min > max\n")
    health.configured()
    assert ask(endpoint, "/readyz")[0] == 200


def test_a_dripping_client_is_hung_up_on(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte at a time keeps every read short; only a limit on the whole request ends it."""
    monkeypatch.setattr(detnet.telemetry.http, "REQUEST_TIMEOUT_S", 0.3)
    deadline_s = time.monotonic() + 10.0
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=0.05) as client:
        while time.monotonic() < deadline_s:
            try:
                client.send(b"G")
                assert client.recv(1) == b""
                break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
        else:
            pytest.fail("still connected")
    assert ask(endpoint, "/healthz")[0] == 200


def test_an_answered_request_leaves_no_timer(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit on the request is called off with its end, or scrapes would pile up threads."""
    monkeypatch.setattr(detnet.telemetry.http, "REQUEST_TIMEOUT_S", 3600.0)
    ask(endpoint, "/healthz")
    wait_for(lambda: not [t for t in threading.enumerate() if isinstance(t, threading.Timer)], what="timers gone")


def test_close_frees_the_port_and_ends_the_thread(health: Health) -> None:
    """The next start of the daemon can bind at once."""
    app = application(CollectorRegistry(), checks(health))
    first = Endpoint(app, address="127.0.0.1", port=0)
    ask(first, "/metrics")
    first.close()
    second = Endpoint(app, address="127.0.0.1", port=first.port)
    second.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "http"]


@pytest.mark.parametrize(
    ("address", "port", "sentence"),
    [
        ("192.0.2.1", 0, "on 192.0.2.1 port 0: no interface has this address"),
        ("127.0.0.1", 70000, "port 70000: .*0-65535"),
        ("no..name", 0, "on no..name port 0: Name or service not known"),
    ],
)
def test_what_cannot_be_bound_is_said_in_one_sentence(address: str, port: int, sentence: str) -> None:
    """With the address, the port and what to change."""
    with pytest.raises(UserError, match=sentence) as caught:
        Endpoint(lambda *_: [], address=address, port=port)
    assert "\n" not in str(caught.value)


def test_a_port_in_use_is_said_in_one_sentence(endpoint: Endpoint) -> None:
    """It is the commonest mistake, so the advice is the plainest."""
    expected = (
        f"127.0.0.1 port {endpoint.port}: the port is in use; stop the process that holds it or configure another"
    )
    with pytest.raises(UserError, match=expected):
        Endpoint(lambda *_: [], address="127.0.0.1", port=endpoint.port)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_ipv6_is_served() -> None:
    """A pod of an IPv6 cluster is probed over it."""
    app = application(CollectorRegistry(), {"/healthz": check_route(lambda: Answer(ok=True, sentence="fine"))})
    served = Endpoint(app, address="::1", port=0)
    connection = http.client.HTTPConnection("::1", served.port, timeout=5.0)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"fine\n"
    connection.close()
    served.close()


def test_a_stranger_with_many_connections_does_not_take_the_health_checks_turn(
    endpoint: Endpoint, health: Health
) -> None:
    """Two hundred that say nothing, of one address; another address is answered, and afterwards the first one too."""
    health.cycle_finished()
    before = threading.active_count()
    idle = [socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) for _ in range(200)]
    try:
        asked = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=5, source_address=("127.0.0.2", 0))
        asked.request("GET", "/healthz")
        assert asked.getresponse().status == 200
        asked.close()
        # Each connection has a thread that answers and one that hangs up.
        assert threading.active_count() - before <= 2 * (MOST_CONNECTIONS_PER_SOURCE + 1)
    finally:
        for each in idle:
            each.close()
    wait_for(lambda: _status(endpoint, "/healthz") == 200, what="the first address is answered again")


def _status(endpoint: Endpoint, path: str) -> int:
    asked = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=5)
    try:
        asked.request("GET", path)
        return asked.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        asked.close()
