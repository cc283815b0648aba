"""Text from elsewhere, before it is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.client.api import ApiRefused
from detnet.model.errors import one_line
from detnet.sources.errors import ErrorKind, SourceError

hostile = st.text() | st.sampled_from(
    ["a\nWARNING forged", "\x1b[2J\x1b]0;title\x07", "\u202egnp.exe", "x" * 4_000_000]
)


@given(hostile, st.integers(10, 1000))
def test_it_is_one_printable_line_of_bounded_length(text: str, most: int) -> None:
    """Whoever chose it."""
    shown = one_line(text, most)
    assert len(shown) <= most
    assert shown.isprintable()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), max_size=200))
def test_words_stay_as_they_are(text: str) -> None:
    """In any language."""
    assert one_line(text) == text


@given(hostile)
def test_errors_of_the_edges_carry_no_more(text: str) -> None:
    """What a server said is in their sentences."""
    for error in (ApiRefused(422, "Invalid", text), SourceError(ErrorKind.QUERY_ERROR, text)):
        assert len(str(error)) <= 600
        assert str(error).isprintable()
