"""What is not an answer of our probe never becomes a sample."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.samples_reply import PathReply, Reply, parse


def _body(
    pairs: str = "[[0.1, 1.0]]", *, cursor: str = "1", instance: str = '"a"', invalidated: str = "false"
) -> bytes:
    path = f'{{"samples": {pairs}, "invalidated": {invalidated}}}'
    return f'{{"instance": {instance}, "cursor": {cursor}, "paths": {{"p": {path}}}}}'.encode()


def test_a_good_answer_is_taken_apart() -> None:
    """Ages, round-trip times and losses come out as they went in."""
    assert parse(_body("[[2, null], [0.5, 3]]")) == Reply(
        "a", 1, {"p": PathReply(((2.0, None), (0.5, 3.0)), invalidated=False)}
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_told(body: bytes) -> None:
    """A wrong port usually answers in another language; deep nesting is no way to crash us."""
    with pytest.raises(SourceError) as caught:
        parse(body)
    assert caught.value.kind is ErrorKind.INVALID_JSON


@pytest.mark.parametrize(
    "body",
    [
        b"null", b"[]", b"{}", b'{"instance": "a", "cursor": 1, "paths": []}',
        _body("[[-0.1, 1.0]]"), _body("[[0.1, -1.0]]"), _body("[[NaN, 1.0]]"), _body("[[0.1, NaN]]"),
        _body("[[0.1, Infinity]]"), _body("[[1e999, 1.0]]"), _body(f"[[1{'0' * 400}, 1.0]]"), _body("[[true, 1.0]]"),
        _body('[["0.1", 1.0]]'), _body("[[0.1]]"), _body("[[0.1, 1.0, 2.0]]"), _body("[0.1]"), _body("null"),
        _body("{}"), _body(cursor="-1"), _body(cursor="1.5"), _body(cursor="true"), _body(instance='""'),
        _body(instance="null"), _body(invalidated="null"),
    ],
)  # fmt: skip
def test_one_wrong_value_spoils_the_whole_answer(body: bytes) -> None:
    """Negative, infinite, boolean, missing: none of them becomes a number."""
    with pytest.raises(SourceError) as caught:
        parse(body)
    assert caught.value.kind is ErrorKind.INVALID_ANSWER


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["instance", "cursor", "paths", "samples", "invalidated", "p"]), inner, max_size=6
        )
    ),
    max_leaves=30,
)


@given(_JSON | st.fixed_dictionaries({"instance": st.text(), "cursor": st.integers(), "paths": _JSON}))
def test_any_json_is_either_sound_samples_or_an_error(document: object) -> None:
    """There is no third outcome, and no sample outside of the possible."""
    try:
        reply = parse(json.dumps(document).encode())
    except SourceError:
        return
    for path in reply.paths.values():
        for age_s, rtt_ms in path.samples:
            assert 0.0 <= age_s < math.inf
            assert rtt_ms is None or 0.0 <= rtt_ms < math.inf
