"""An informer holds what the server has, and reports each difference once, whatever happens to lists and watches."""

from __future__ import annotations

import threading

import pytest

from detnet.kubernetes.client.api import MOST_BYTES, Api
from kubernetes_client.api_server import ApiServer, Say
from kubernetes_client.followed import Followed, event, gone, page, pod
from support import wait_for


@pytest.fixture
def followed(api: Api, server: ApiServer) -> Followed:
    """An informer that has not begun."""
    return Followed(api, server)


@pytest.fixture
def synced(followed: Followed) -> Followed:
    """An informer that has listed a red pod."""
    followed.step(lists=(page(pod("a", 5), version=10),))
    return followed


def test_a_list_is_read_in_pages(followed: Followed, server: ApiServer) -> None:
    """All pages make one state, which appears at once; the watch begins at the list's version."""
    pages = (page(pod("a", 1), pod("b", 2), version=10, more="token"), page(pod("c", 3), version=10))
    assert followed.step(lists=pages) == 0.0
    assert [(asked.query["limit"], asked.query.get("continue")) for asked in server.asked] == [
        ("250", None),
        ("250", "token"),
    ]
    assert followed.informer.items() == {"factory/a": "red", "factory/b": "red", "factory/c": "red"}
    assert sorted(followed.changes) == [("factory/a", "red"), ("factory/b", "red"), ("factory/c", "red")]
    followed.step(watch=Say(lines=()))
    assert followed.last["resourceVersion"] == "10"
    assert followed.last["allowWatchBookmarks"] == "true"
    assert 240 <= int(followed.last["timeoutSeconds"]) <= 360


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(followed: Followed, server: ApiServer) -> None:
    """An owner of pods decides how large they are: the memory for a page is bounded in octets, not in objects."""
    large = {**pod("a", 1), "annotations": "x" * (MOST_BYTES + 1)}
    pages = (page(large), page(pod("a", 1), version=10, more="token"), page(large), page(pod("b", 2), version=10))
    assert followed.step(lists=pages) == 0.0
    assert [(asked.query["limit"], asked.query.get("continue")) for asked in server.asked] == [
        ("250", None),
        ("62", None),
        ("124", "token"),
        ("31", "token"),
    ]
    assert followed.informer.items() == {"factory/a": "red", "factory/b": "red"}


def test_one_object_that_is_too_large_is_an_error_and_no_endless_loop(followed: Followed, server: ApiServer) -> None:
    """Etcd bounds an object far below that, so it is no API server of ours that says so."""
    large = {**pod("a", 1), "annotations": "x" * (MOST_BYTES + 1)}
    followed.step(lists=tuple(page(large) for _ in range(5)))
    assert [asked.query["limit"] for asked in server.asked] == ["250", "62", "15", "3", "1"]
    assert "more than" in str(followed.informer.last_error)


def test_an_object_that_cannot_be_read_is_reported_and_ends_nothing(
    synced: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are followed."""
    broken = {"metadata": pod("b", 11)["metadata"]}
    synced.step(watch=Say(lines=(event("ADDED", broken), event("ADDED", pod("c", 12)))))
    assert synced.informer.items() == {"factory/a": "red", "factory/c": "red"}
    assert "factory/b cannot be read and is ignored" in caplog.text


def test_an_unfinished_list_is_no_state(followed: Followed) -> None:
    """A token that has expired between two pages means starting over; half a list would look like deletions."""
    followed.step(lists=(page(pod("a", 1), more="token"), Say(gone(), status=410)))
    assert (followed.informer.synced, followed.informer.items(), followed.changes) == (False, {}, [])
    followed.step(lists=(page(pod("a", 1)),))
    assert (followed.informer.synced, followed.informer.items()) == (True, {"factory/a": "red"})


def test_events_change_what_is_kept(synced: Followed) -> None:
    """Each difference is reported once, in order; what is equal to us is nothing."""
    events = (
        event("ADDED", pod("b", 11)),
        event("MODIFIED", pod("b", 12)),
        event("MODIFIED", pod("b", 13, "blue")),
        event("DELETED", pod("a", 14)),
    )
    synced.step(watch=Say(lines=events))
    assert synced.changes == [("factory/b", "red"), ("factory/b", "blue"), ("factory/a", None)]
    assert synced.informer.items() == {"factory/b": "blue"}


def test_what_is_of_no_interest_is_not_there(synced: Followed) -> None:
    """An object that stops being of interest is a deletion, and its own deletion is nothing."""
    synced.step(watch=Say(lines=(event("MODIFIED", pod("a", 11, "grey")), event("DELETED", pod("a", 12, "grey")))))
    assert (synced.changes, synced.informer.items()) == ([("factory/a", None)], {})
    synced.step(watch=Say(lines=(event("ADDED", pod("b", 13, "grey")),)))
    assert (synced.changes, synced.informer.items()) == ([], {})


def test_objects_without_a_namespace_have_a_name_only(followed: Followed) -> None:
    """Nodes are such."""
    followed.step(lists=(page(pod("node-1", 1, namespace=None)),))
    assert followed.informer.items() == {"node-1": "red"}


def test_a_watch_goes_on_where_the_last_one_ended(synced: Followed) -> None:
    """Bookmarks advance the version though nothing changed, so that a quiet informer need not list again."""
    synced.step(
        watch=Say(lines=(event("ADDED", pod("b", 11)), event("BOOKMARK", {"metadata": {"resourceVersion": "99"}})))
    )
    synced.step(watch=Say(lines=()))
    assert (synced.last["resourceVersion"], synced.informer.items()) == ("99", {"factory/a": "red", "factory/b": "red"})


@pytest.mark.parametrize(
    "forgotten",
    [
        Say(gone(), status=410),
        Say(lines=(event("ERROR", gone()),)),
        Say({"reason": "Timeout", "message": "Timeout: Too large resource version: 99, current: 7"}, status=504),
    ],
    ids=["HTTP", "event", "etcd restored"],
)
def test_a_forgotten_version_means_a_list_that_tells_the_difference(synced: Followed, forgotten: Say) -> None:
    """What vanished meanwhile is a deletion, what is equal is nothing, and readers never see a gap."""
    synced.step(watch=Say(lines=(event("ADDED", pod("b", 11)), event("ADDED", pod("c", 12)))))
    synced.step(watch=forgotten)
    assert synced.informer.items() == {"factory/a": "red", "factory/b": "red", "factory/c": "red"}
    synced.step(lists=(page(pod("a", 5), pod("b", 20, "blue"), pod("d", 21), version=30),))
    assert sorted(synced.changes, key=str) == [("factory/b", "blue"), ("factory/c", None), ("factory/d", "red")]
    synced.step(watch=Say(lines=()))
    assert synced.last["resourceVersion"] == "30"


def test_a_stop_before_the_watch_is_open_ends_it_too(synced: Followed, server: ApiServer) -> None:
    """It may come at any moment."""
    synced.stop.set()
    synced.step(watch=Say(lines=(event("ADDED", pod("b", 11)),), stay=True))
    assert synced.informer.items() == {"factory/a": "red"}
    assert not server.released.is_set()


def test_run_follows_and_ends_at_once(api: Api, server: ApiServer) -> None:
    """The loop is nothing but steps, and a stop does not wait for the server's next word."""
    followed = Followed(api, server)
    followed.lists = iter((page(pod("a", 5)),))
    followed.watches = iter((Say(lines=(event("ADDED", pod("b", 11)),), stay=True),))
    thread = threading.Thread(target=followed.informer.run, args=(followed.stop,))
    thread.start()
    assert followed.informer.wait_synced(10.0)
    wait_for(lambda: len(followed.informer.items()) == 2, what="the event")
    followed.stop.set()
    thread.join(10.0)
    assert not thread.is_alive()
    assert not server.released.is_set()
