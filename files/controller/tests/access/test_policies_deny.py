"""The admission policies refuse the controller everything that it has no business with, and nobody else anything."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from access.objects import deployment, pod
from access.policies import SOMEBODY, denials
from detnet.core.annotations import CRITICAL, EGRESS, NO_PRIOR, PRIOR, PRIORITY, STATUS
from detnet.core.rate import FLOOR_BPS, Rate, RateError

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
def test_no_cap_that_is_none_or_out_of_range(strict: Objects, text: str) -> None:
    """Whatever is not a rate between 1M and 10G as we write it is refused: the CNI would take it for unlimited."""
    try:
        usable = FLOOR_BPS <= Rate.parse(text).bps <= LARGEST_BPS
    except RateError:
        usable = False
    assume(not usable)
    (told,) = denials(strict, pod(), pod({EGRESS: text, PRIOR: NO_PRIOR}))
    assert "from 1M to 10G" in told


@pytest.mark.parametrize(
    "text", ["10m", "0", "-1M", "999k", "10001M", "11G", "1.5M", "1e6", "1Mi", "10M ", "10M\n", " 10M", ""]
)
def test_no_trap(strict: Objects, text: str) -> None:
    """The texts that people fall for, one by one."""
    assert denials(strict, pod(), pod({EGRESS: text, PRIOR: NO_PRIOR})) != []


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
def test_no_false_memory(strict: Objects, before: dict[str, str], after: dict[str, str]) -> None:
    """What stood there before is remembered truly, kept, and put back when it is forgotten."""
    assert denials(strict, pod(before), pod(after)) != []


def test_no_novel_as_a_status(strict: Objects) -> None:
    """The status is a sentence."""
    assert denials(strict, deployment(), deployment({STATUS: "x" * 257})) != []


@pytest.mark.parametrize("value", ["burstable", "7", ""])
def test_no_other_priority(generous: Objects, value: str) -> None:
    """Only the priorities that were allowed are written, and only beside a memory of what was there."""
    prior = {"qos.detnet.io/prior-priority": NO_PRIOR}
    assert denials(generous, pod(), pod({PRIORITY: value, **prior})) != []
    assert denials(generous, pod(), pod({PRIORITY: "guaranteed"})) != []


def test_no_cap_on_critical_pods(strict: Objects, generous: Objects) -> None:
    """A critical pod, or a template of critical pods, gets no cap, nor another than it has."""
    cap = {EGRESS: "10M", PRIOR: NO_PRIOR}
    for before in ({}, {EGRESS: "5M"}):
        assert denials(
            strict, pod(before, role=CRITICAL), pod({EGRESS: "10M", PRIOR: before.get(EGRESS, "")}, role=CRITICAL)
        )
    for roles in ({"role": CRITICAL}, {"template_role": CRITICAL}):
        assert denials(generous, deployment(**roles), deployment(template=cap, **roles))  # type: ignore[arg-type]


def test_others_are_left_alone(strict: Objects) -> None:
    """By default nobody but the controller is bound by any of it."""
    mine = pod({EGRESS: "whatever", FOREIGN: "x"}, role=CRITICAL)
    assert denials(strict, pod(), mine, user=SOMEBODY) == []
    assert denials(strict, None, mine, user=SOMEBODY) == []


def test_everybody_can_be_kept_from_capping_critical_pods(generous: Objects) -> None:
    """On demand nobody creates a critical pod or workload with a cap, or takes the label off in the same step."""
    capped = {EGRESS: "10M"}
    refused = [
        (None, pod(capped, role=CRITICAL)),
        (None, deployment(template=capped, template_role=CRITICAL)),
        (pod(role=CRITICAL), pod(capped, role=CRITICAL)),
        (pod(role=CRITICAL), pod(capped)),
        (deployment(template_role=CRITICAL), deployment(template=capped)),
    ]
    for old, new in refused:
        (told,) = denials(generous, old, new, user=SOMEBODY)
        assert "take the label off first" in told
    allowed = [(None, pod(role=CRITICAL)), (pod(capped, role=CRITICAL), pod(role=CRITICAL)), (None, pod(capped))]
    assert [denials(generous, old, new, user=SOMEBODY) for old, new in allowed] == [[], [], []]
