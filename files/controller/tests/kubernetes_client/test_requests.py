"""A request carries what was asked, and an answer comes back as an object or as a refusal in words."""

from __future__ import annotations

import pytest

from detnet.kubernetes.client.api import Api, ApiRefused, ApiUnreachable
from detnet.model.errors import UserError
from kubernetes_client.api_server import ApiServer, Say, always


def _refused(api: Api, server: ApiServer, say: Say) -> ApiRefused:
    server.answer = always(say)
    with pytest.raises(ApiRefused) as caught:
        api.request("GET", "/api/v1/pods")
    return caught.value


def test_a_request_carries_path_query_and_body(api: Api, server: ApiServer) -> None:
    """Nothing is lost or added on the way, whatever signs a label selector holds."""
    server.answer = always(Say({"kind": "Lease"}, status=201))
    query = {"labelSelector": "a in (b,c),d!=e f&g", "limit": "250"}
    assert api.request("POST", "/apis/x/v1/leases", query=query, body={"spec": {"n": [1]}}) == {"kind": "Lease"}
    asked = server.asked[0]
    assert (asked.method, asked.path, asked.query, asked.body) == (
        "POST",
        "/apis/x/v1/leases",
        query,
        {"spec": {"n": [1]}},
    )
    assert (asked.headers["content-type"], asked.headers["user-agent"]) == ("application/json", "detnet")


def test_a_patch_is_a_merge_patch_unless_said_otherwise(api: Api, server: ApiServer) -> None:
    """The library's default would be a strategic merge, which other kinds of objects do not know."""
    api.request("PATCH", "/x", body={"metadata": {"annotations": {"a": None}}})
    api.request("PATCH", "/x", body=[{"op": "test"}], content_type="application/json-patch+json")
    assert [asked.headers["content-type"] for asked in server.asked] == [
        "application/merge-patch+json",
        "application/json-patch+json",
    ]
    assert server.asked[0].body == {"metadata": {"annotations": {"a": None}}}


def test_a_refusal_says_what_the_server_said(api: Api, server: ApiServer) -> None:
    """The Status object's words reach the reader: who may not do what to which resource."""
    message = 'pods is forbidden: User "robot" cannot list resource "pods"'
    refused = _refused(api, server, Say({"reason": "Forbidden", "message": message}, status=403))
    assert (refused.status, refused.reason, refused.retry_after_s) == (403, "Forbidden", None)
    assert f"refused GET /api/v1/pods with HTTP 403: {message}" in str(refused)
    assert isinstance(refused, UserError)


def test_a_busy_server_is_not_asked_again_behind_our_back(api: Api, server: ApiServer) -> None:
    """What it asks for is handed on; waiting here would outlast the deadlines of those who call."""
    refused = _refused(api, server, Say(status=429, headers={"Retry-After": "30"}))
    assert (refused.status, refused.retry_after_s, len(server.asked)) == (429, 30.0, 1)


def test_an_answer_of_a_proxy_is_a_refusal_too(api: Api, server: ApiServer) -> None:
    """A gateway in between answers in a language of its own; its status is what counts."""
    refused = _refused(api, server, Say(["no Status object"], status=502))
    assert (refused.status, refused.reason) == (502, "")
    assert "HTTP 502: Bad Gateway" in str(refused)


@pytest.mark.parametrize("body", [[1], "text", 7])
def test_an_answer_that_is_no_object_is_no_answer(api: Api, server: ApiServer, body: object) -> None:
    """Whoever answers 200 to everything must not pass for an API server."""
    server.answer = always(Say(body))
    with pytest.raises(ApiUnreachable, match="no object"):
        api.request("GET", "/x")


def test_a_redirect_is_not_followed(api: Api, server: ApiServer) -> None:
    """Where the credentials go is written in the configuration alone."""
    server.answer = always(Say(status=302, headers={"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(ApiUnreachable, match="did not answer itself"):
        api.request("GET", "/x")
    assert len(server.asked) == 1
