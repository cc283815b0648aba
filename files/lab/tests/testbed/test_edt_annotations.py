"""The annotations between controller and agent: what was asked for, as a whole, whatever is enforced."""

from __future__ import annotations

from pathlib import Path

import pytest

from detnet.actuators.base import ActuationError
from detnet.model.rate import Rate
from detnet_lab.testbed.edt.annotations import AnnotationActuator, Annotations
from detnet_lab.testbed.edt.pod_cap import PodCap


def _actuator(tmp_path: Path) -> AnnotationActuator:
    pods = {name: PodCap(f"no-such-{name}") for name in ("upload", "dashboard")}
    return AnnotationActuator(Annotations(tmp_path / "annotations.json"), pods)


def test_caps_outlive_the_controller_that_wrote_them(tmp_path: Path) -> None:
    """A second one reads them back; what nobody wrote is no cap; a release removes all."""
    _actuator(tmp_path).apply({"upload": Rate.parse("1500k")})
    _actuator(tmp_path).apply({"dashboard": Rate.parse("2M")})
    assert _actuator(tmp_path).read() == {"upload": Rate(1_500_000), "dashboard": Rate(2_000_000)}
    _actuator(tmp_path).release()
    assert _actuator(tmp_path).read() == {"upload": None, "dashboard": None}


def test_a_target_that_is_no_pod_fails_and_the_others_are_written(tmp_path: Path) -> None:
    """As every actuator does."""
    with pytest.raises(ActuationError, match="target 'stranger': is not a pod of the lab") as caught:
        _actuator(tmp_path).apply({"upload": Rate.parse("5M"), "stranger": Rate.parse("5M")})
    assert caught.value.applied == {"upload": Rate.parse("5M")}
    assert _actuator(tmp_path).read()["upload"] == Rate.parse("5M")
