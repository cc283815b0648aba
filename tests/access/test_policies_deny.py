"""The admission policies refuse the controller everything that it has no business with."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from access.objects import deployment, pod
from access.policies import denials
from detnet.model.annotations import EGRESS, NO_PRIOR, PRIOR, PRIOR_PRIORITY, PRIORITY, STATUS
from detnet.model.rate import FLOOR_BPS, Rate, RateError

Objects = list[dict[str, Any]]
Place = tuple[str | int, ...]
FOREIGN = "example.org/owner"
LARGEST_BPS = 10**10
CAPPED = {EGRESS: "10M", PRIOR: NO_PRIOR, FOREIGN: "jane"}
MOVING = {("metadata", name) for name in ("resourceVersion", "generation", "managedFields", "annotations")}


def places(value: object, at: Place = ()) -> Iterator[Place]:
    """Every place in an object that a request may change, but for annotations and what the API server counts."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        if (*at, key) not in MOVING and not (at[-1:] == ("metadata",) and key == "annotations"):
            yield (*at, key)
            yield from places(below, (*at, key))


def changed(original: dict[str, Any], place: Place, how: str) -> dict[str, Any]:
    """Return the object with another value there, with none, or with one more beside it."""
    result = copy.deepcopy(original)
    inside: Any = result
    for key in place[:-1]:
        inside = inside[key]
    if how == "remove":
        del inside[place[-1]]
    elif how == "add" and isinstance(inside, list):
        inside.append("more")
    else:
        inside["more" if how == "add" else place[-1]] = "other"
    return result


class Rules:
    """The policies, wherever the rules of an annotation apply."""

    def __init__(self, strict: Objects, generous: Objects) -> None:
        self._strict, self._generous = strict, generous

    def messages(
        self, before: dict[str, str], after: dict[str, str], *, generous_only: bool = False
    ) -> list[list[str]]:
        """Return what is told of this change on a pod, and where more is allowed on a pod and in a template."""
        places = [
            (self._generous, pod(before), pod(after)),
            (self._generous, deployment(template=before), deployment(template=after)),
            *([] if generous_only else [(self._strict, pod(before), pod(after))]),
        ]
        return [denials(*place) for place in places]


@pytest.fixture(scope="session")
def rules(strict: Objects, generous: Objects) -> Rules:
    """The policies with the least and with the most that can be allowed."""
    return Rules(strict, generous)


@pytest.mark.parametrize("how", ["change", "remove", "add"])
@pytest.mark.parametrize("make", [pod, deployment])
def test_no_other_field(strict: Objects, generous: Objects, make: Any, how: str) -> None:
    """Whichever field of a pod or workload is changed, removed or added, beside a good cap or not, is refused."""
    original = make(CAPPED)
    for place in places(original):
        if place == ("kind",) and how != "add":
            continue  # another kind has policies of its own
        for objects in (strict, generous):
            assert denials(objects, original, changed(original, place, how)), place


@given(st.sampled_from([{FOREIGN: "joe"}, {FOREIGN: None}, {"example.org/new": "x"}, {"qos.detnet.io/pause": "true"}]))
def test_no_foreign_annotation(strict: Objects, patch: dict[str, str | None]) -> None:
    """Annotations of others, and those by which people steer us, are refused by name."""
    after = {name: value for name, value in {**CAPPED, **patch}.items() if value is not None}
    for make in (pod, deployment):
        (told,) = denials(strict, make(CAPPED), make(after))
        assert f"annotation {next(iter(patch))}" in told


@pytest.mark.parametrize("key", [EGRESS, PRIOR, PRIORITY])
def test_no_template(strict: Objects, key: str) -> None:
    """Pod templates are refused unless they were allowed: they restart the pods."""
    (told,) = denials(strict, deployment(), deployment(template={key: "10M"}))
    assert f"template annotation {key}" in told


@given(st.one_of(st.text(), st.from_regex(r"[0-9.eE+-]{1,6}[kKMGTmunPEi]{0,2}"), st.integers(0).map(str)))
def test_no_cap_that_is_none_or_out_of_range(rules: Rules, text: str) -> None:
    """Whatever is not a rate between 1M and 10G as we write it is refused: the CNI would take it for unlimited."""
    try:
        usable = FLOOR_BPS <= Rate.parse(text).bps <= LARGEST_BPS
    except RateError:
        usable = False
    assume(not usable)
    for (message,) in rules.messages({}, {EGRESS: text, PRIOR: NO_PRIOR}):
        assert "from 1M to 10G" in message


@pytest.mark.parametrize(
    "text", ["10m", "0", "-1M", "999k", "10001M", "11G", "1.5M", "1e6", "1Mi", "10M ", "10M\n", " 10M", ""]
)
def test_no_trap(rules: Rules, text: str) -> None:
    """The texts that people fall for, one by one, also in the place of a good cap."""
    for before in ({}, {EGRESS: "10M", PRIOR: NO_PRIOR}):
        assert [] not in rules.messages(before, {EGRESS: text, PRIOR: NO_PRIOR})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {EGRESS: "10M"}),
        ({EGRESS: "5M"}, {EGRESS: "10M"}),
        ({EGRESS: "5M"}, {}),
        ({}, {PRIOR: NO_PRIOR}),
        ({EGRESS: "5M"}, {EGRESS: "10M", PRIOR: NO_PRIOR}),
        ({EGRESS: "5M"}, {EGRESS: "10M", PRIOR: "6M"}),
        ({EGRESS: "10M", PRIOR: "5M"}, {EGRESS: "10M", PRIOR: NO_PRIOR}),
        ({EGRESS: "10M", PRIOR: "5M"}, {EGRESS: "10M"}),
        ({EGRESS: "10M", PRIOR: "5M"}, {}),
        ({EGRESS: "10M", PRIOR: NO_PRIOR}, {EGRESS: "10M"}),
        ({EGRESS: "10M", PRIOR: NO_PRIOR}, {PRIOR: NO_PRIOR}),
    ],
)
def test_no_false_memory(rules: Rules, before: dict[str, str], after: dict[str, str]) -> None:
    """What stood there before is remembered truly, kept, and put back when it is forgotten."""
    assert [] not in rules.messages(before, after)


@pytest.mark.parametrize("before", [{}, {STATUS: "short"}])
def test_no_novel_as_a_status(strict: Objects, generous: Objects, before: dict[str, str]) -> None:
    """The status is a sentence."""
    for objects in (strict, generous):
        for make in (pod, deployment):
            assert denials(objects, make(before), make({STATUS: "x" * 257})) != []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(({}, {PRIORITY: value, PRIOR_PRIORITY: NO_PRIOR}) for value in ("burstable", "7", "")),
        ({PRIORITY: "guaranteed", PRIOR_PRIORITY: NO_PRIOR}, {PRIORITY: "7", PRIOR_PRIORITY: NO_PRIOR}),
        ({}, {PRIORITY: "guaranteed"}),
        ({PRIORITY: "burstable"}, {PRIORITY: "guaranteed"}),
        ({PRIORITY: "burstable"}, {PRIORITY: "guaranteed", PRIOR_PRIORITY: NO_PRIOR}),
        ({PRIORITY: "burstable"}, {}),
        ({}, {PRIOR_PRIORITY: NO_PRIOR}),
        ({PRIORITY: "guaranteed", PRIOR_PRIORITY: "burstable"}, {PRIORITY: "guaranteed"}),
    ],
)
def test_no_other_priority(rules: Rules, before: dict[str, str], after: dict[str, str]) -> None:
    """Only the priorities that were allowed are written, and only beside a true memory of what was there."""
    assert [] not in rules.messages(before, after, generous_only=True)
