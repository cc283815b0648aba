"""What works together, what is out of support, and what cannot be read."""

from __future__ import annotations

import pytest
from ansible_collections.detnet.qos.plugins.filter.version_findings import version_findings
from ansible_collections.detnet.qos.plugins.plugin_utils.versions import judge

SUPPORT = {
    "kubernetes": {
        "1.30": {"end": "2025-07-15", "containerd": ["1.7.13", "2.0.0"]},
        "1.36": {"end": "2027-06-28", "containerd": ["2.2.0", "2.3.0"]},
        "1.37": {"latest": "1.37.10"},
    },
    "cilium": {"1.18": {"kubernetes": ["1.30"], "fixed": "1.18.8", "weakness": "CVE-1"}},
}


def sentences(kubernetes: str, containerd: str, cilium: str, *, today: str, refuse_old: bool = False) -> list[str]:
    """What is said about a choice."""
    versions = {"kubernetes": kubernetes, "containerd": containerd, "cilium": cilium}
    return [str(each) for each in judge(versions, SUPPORT, today=today, refuse_old=refuse_old)]


@pytest.mark.parametrize("containerd", ["1.7.13", "1.7.28", "2.0.0", "2.3.4"])
def test_a_runtime_that_is_new_enough_is_not_mentioned(containerd: str) -> None:
    """Of a line in the table from its least release on, of a newer line any."""
    assert sentences("1.30.14", containerd, "1.20.3", today="2025-07-15") == []


@pytest.mark.parametrize("containerd", ["1.6.36", "1.7.12", "1.7.9"])
def test_a_runtime_that_is_too_old_is_told_with_what_would_do(containerd: str) -> None:
    """Compared as numbers: 9 is less than 13."""
    (told,) = sentences("1.30.14", containerd, "1.20.3", today="2025-01-01")
    assert told.startswith(f'profile_containerd is "{containerd}"')
    assert "needs containerd 1.7.13 or 2.0.0" in told


def test_an_old_line_that_the_table_does_not_name_is_too_old() -> None:
    """Kubernetes 1.36 has no containerd 1.x in its row."""
    assert len(sentences("1.36.2", "1.7.33", "1.20.3", today="2026-01-01")) == 1


@pytest.mark.parametrize(("today", "told"), [("2025-07-15", 0), ("2025-07-16", 1)])
def test_support_ends_with_its_last_day(today: str, told: int) -> None:
    """On that day a version still gets fixes."""
    assert len(sentences("1.30.14", "2.0.0", "1.20.3", today=today)) == told


def test_being_out_of_support_is_a_warning_unless_refused() -> None:
    """The word decides between both lists."""
    versions = {"kubernetes": "1.30.14", "containerd": "2.0.0", "cilium": "1.20.3"}
    warned = version_findings(versions, SUPPORT, today="2026-01-01")
    refused = version_findings(versions, SUPPORT, today="2026-01-01", out_of_support="refuse")
    assert (warned["problems"], refused["warnings"]) == ([], [])
    assert warned["warnings"] == refused["problems"]
    assert "OUT OF SUPPORT since 2025-07-15" in warned["warnings"][0]


def test_an_untested_pair_and_a_weakness_are_told() -> None:
    """Both are possible, and neither should be."""
    told = sentences("1.36.2", "2.3.4", "1.18.3", today="2026-01-01")
    assert [("with Kubernetes 1.30 and not with 1.36" in told[0]), "CVE-1, which 1.18.8 mends" in told[1]] == [
        True,
        True,
    ]


@pytest.mark.parametrize(("kubernetes", "told"), [("1.37.9", 1), ("1.37.10", 0), ("1.37.11", 0)])
def test_a_patch_behind_the_newest_that_the_table_knows_is_told(kubernetes: str, told: int) -> None:
    """Compared as numbers: 9 is less than 10."""
    versions = {"kubernetes": kubernetes, "containerd": "2.3.4", "cilium": "1.20.3"}
    findings = version_findings(versions, SUPPORT, today="2026-01-01", out_of_support="refuse")
    sentence = f'profile_kubernetes is "{kubernetes}": 1.37.10 is out, with fixes of the same line.'
    assert findings == {"problems": [], "warnings": [sentence][:told]}


def test_what_is_no_version_is_the_only_finding() -> None:
    """A number that YAML read from 1.30 cannot be judged further."""
    assert sentences("1.3", "2.3.4", "1.20.3", today="2026-01-01") == [
        'profile_kubernetes is "1.3": expected a version such as 1.30.14, in quotation marks.'
    ]
