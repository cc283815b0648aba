"""No answer makes an informer ask in a tight loop, and each error is logged once when it begins and when it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from detnet.kubernetes.client.api import Api, Backoff
from detnet.kubernetes.client.informer import Informer
from kubernetes_client.api_server import ApiServer, Asked, Say, always
from kubernetes_client.followed import event, gone, page, pod
from support import wait_for

_REFUSALS = [Say(status=status) for status in (403, 404, 410, 429, 500)]
_IDS = ["403", "404", "410", "429", "500"]


def _informer(api: Api, **options: object) -> Informer[str]:
    return Informer(api, "/api/v1/pods", lambda item: str(item["colour"]), **options)  # type: ignore[arg-type] # a test's own


def _steps(informer: Informer[str], number: int) -> list[float]:
    stop = threading.Event()
    return [informer.step(stop) for _ in range(number)]


def _listing(watch: Say) -> Callable[[Asked], Say]:
    return lambda asked: watch if "watch" in asked.query else page(pod("a", 5))


@pytest.mark.parametrize("refusal", _REFUSALS, ids=_IDS)
def test_a_refused_list_is_asked_for_less_and_less(api: Api, server: ApiServer, refusal: Say) -> None:
    """The pauses grow to four seconds, so that recovery is noticed within five."""
    server.answer = always(refusal)
    informer = _informer(api)
    pauses = _steps(informer, 9)
    assert all(0.05 * 2**n <= pause <= 0.1 * 2**n for n, pause in enumerate(pauses[:6]))
    assert all(2.0 <= pause <= 4.0 for pause in pauses[6:])
    assert len(server.asked) == 9
    assert informer.last_error is not None


@pytest.mark.parametrize(
    "watch",
    [*_REFUSALS, Say(lines=(event("ERROR", gone()),)), Say(lines=())],
    ids=[*_IDS, "410 event", "ends at once"],
)
def test_a_useless_watch_is_opened_less_and_less(api: Api, server: ApiServer, watch: Say) -> None:
    """A list that succeeds in between is no recovery: the pauses grow all the same."""
    server.answer = _listing(watch)
    pauses = [pause for pause in _steps(_informer(api), 20) if pause]
    assert len(pauses) >= 10
    assert all(2.0 <= pause <= 4.0 for pause in pauses[6:])


def test_what_the_server_asks_for_is_waited(api: Api, server: ApiServer) -> None:
    """A server in distress knows best; in an ERROR event too."""
    server.answer = always(Say(status=429, headers={"Retry-After": "7"}))
    assert _steps(_informer(api), 1) == [7.0]
    busy = {"code": 429, "reason": "TooManyRequests", "message": "busy", "details": {"retryAfterSeconds": 9}}
    server.answer = _listing(Say(lines=(event("ERROR", busy),)))
    assert _steps(_informer(api), 2) == [0.0, 9.0]


def test_a_good_event_ends_the_waiting(api: Api, server: ApiServer) -> None:
    """After it a broken stream is an accident again and not a habit."""
    informer = _informer(api)
    server.answer = _listing(Say(status=500))
    assert _steps(informer, 9)[-1] > 1.0
    server.answer = always(Say(lines=(event("ADDED", pod("b", 11)),)))
    assert _steps(informer, 1)[0] <= 0.1


def test_a_watch_that_lived_long_ends_the_waiting_too(api: Api, server: ApiServer) -> None:
    """Nothing happened, and nothing was wrong."""
    now_s = 0.0

    def answer(asked: Asked) -> Say:
        nonlocal now_s
        now_s += 30.0
        return _listing(Say(lines=()))(asked)

    informer = _informer(api, clock=lambda: now_s)
    server.answer = _listing(Say(status=500))
    assert _steps(informer, 9)[-1] > 1.0
    server.answer = answer
    assert _steps(informer, 1)[0] <= 0.1


def test_an_error_is_logged_at_its_begin_and_end(api: Api, server: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    """A day without an API server is two lines in the log, and the sentence is there for the status page."""
    informer = _informer(api)
    server.answer = _listing(Say({"message": "etcd is down"}, status=500))
    with caplog.at_level(logging.WARNING):
        _steps(informer, 6)
        assert informer.last_error is not None
        assert informer.last_error.endswith("refused GET /api/v1/pods with HTTP 500: etcd is down")
        server.answer = _listing(Say(lines=()))
        _steps(informer, 1)
    assert informer.last_error is None
    assert [record.message.split(": ")[0] for record in caplog.records] == [
        "cannot watch /api/v1/pods",
        "watching /api/v1/pods again (seen 5 times)",
    ]


def test_a_silent_watch_is_cut_and_opened_again(api: Api, server: ApiServer) -> None:
    """Nothing is lost: it goes on from the last version; and nothing is wrong, for a quiet cluster is silent."""
    server.answer = _listing(Say(lines=(event("ADDED", pod("b", 11)),), stay=True))
    informer = _informer(api, idle_s=0.2)
    _steps(informer, 3)
    assert [asked.query.get("resourceVersion") for asked in server.asked] == [None, "10", "11"]
    assert informer.last_error is None


def test_a_version_that_no_word_confirms_is_checked_by_a_list(api: Api, server: ApiServer) -> None:
    """The server may wait in silence for a version that will not come soon; a bookmark says that it does not."""
    now_s = 0.0

    def answer(asked: Asked) -> Say:
        nonlocal now_s
        now_s += 60.0
        return _listing(Say(lines=bookmarks))(asked)

    server.answer = answer
    informer = _informer(api, trust_s=110.0, clock=lambda: now_s)
    bookmarks: tuple[object, ...] = (event("BOOKMARK", {"metadata": {"resourceVersion": "11"}}),)
    _steps(informer, 4)
    bookmarks = ()
    _steps(informer, 4)
    assert ["watch" in asked.query for asked in server.asked] == [False, True, True, True, True, True, False, True]


def test_when_it_last_heard_is_for_others_to_judge(api: Api, server: ApiServer) -> None:
    """A list, an opened watch and an event are words of the server; a refusal is none."""
    informer = _informer(api)
    assert informer.heard_s < 0.0
    server.answer = _listing(Say(status=500))
    before_s = time.monotonic()
    _steps(informer, 1)
    listed_s = informer.heard_s
    assert before_s <= listed_s <= time.monotonic()
    _steps(informer, 1)
    assert informer.heard_s == listed_s
    server.answer = _listing(Say(lines=()))
    _steps(informer, 1)
    assert informer.heard_s > listed_s


def test_a_bug_of_ours_is_reported_and_outlived(api: Api, server: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    """An informer that died silently would be a cluster that stands still."""

    def answer(asked: Asked) -> Say:
        watch = Say(lines=(event("ADDED", pod("b", 11)), event("ADDED", pod("c", 12))), stay=True)
        return watch if "watch" in asked.query else page(pod("a", 5))

    def fail_once(key: str, value: str | None) -> None:
        if key == "factory/b" and "b" not in failed:
            failed.append("b")
            raise KeyError("our bug")

    failed: list[str] = []
    server.answer = answer
    informer = _informer(api, on_change=fail_once, backoff=Backoff(first_s=0.01))
    stop = threading.Event()
    thread = threading.Thread(target=informer.run, args=(stop,))
    thread.start()
    wait_for(lambda: len(informer.items()) == 3, what="all three")
    stop.set()
    thread.join(10.0)
    assert "our bug" in caplog.text
    assert "Traceback" in caplog.text
