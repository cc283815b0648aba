"""What can be derived from the pace of the source is; what was set and cannot hold is named with what would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from detnet.config.load import load
from detnet.config.models import Settings
from detnet.model.errors import ConfigError
from detnet.runtime.build import check


def _settings(tmp_path: Path, source: Mapping[str, Any], **loop: str) -> Settings:
    path = tmp_path / "detnet.yaml"
    path.write_text(yaml.safe_dump({"source": source, "loop": loop}), encoding="utf-8")
    settings = load(path, {}).settings
    check(settings)
    return settings


def _prometheus(interval: str, **more: str) -> dict[str, Any]:
    return {"kind": "prometheus", "prometheus": {"url": "http://p:9090", "scrape_interval": interval, **more}}


@pytest.mark.parametrize(
    ("interval", "scrape_s"),
    [("1s", 1), ("3.5s", 3.5), ("4s", 4), ("5s", 5), ("10s", 10), ("15s", 15), ("30s", 30), ("1min", 60)],
)
def test_a_scrape_interval_alone_is_enough(tmp_path: Path, interval: str, scrape_s: float) -> None:
    """Nothing below ``loop`` and no window: three scrapes and a poll, twice that, and no less than half a minute."""
    settings = _settings(tmp_path, _prometheus(interval))
    times = settings.staleness
    assert times.fresh_for_s == max(1.5, 4 * scrape_s)
    assert times.decay_after_s == 2 * times.fresh_for_s
    assert times.safe_after_s == max(30.0, times.decay_after_s)
    assert settings.source.prometheus.window_s == max(10.0, 6 * scrape_s)


@pytest.mark.parametrize("interval", ["4s", "5s", "10s", "15s", "30s"])
def test_a_window_of_a_minute_holds_two_scrapes(tmp_path: Path, interval: str) -> None:
    """As somebody writes it who knows Prometheus."""
    assert _settings(tmp_path, _prometheus(interval, window="60s")).source.prometheus.window_s == 60.0


@pytest.mark.parametrize(
    ("source", "loop", "sentence"),
    [
        (_prometheus("1min", window="60s"), {}, "source.prometheus.window is 60 s, expected at least 120 s"),
        (_prometheus("15s"), {"safe_after": "30s"}, "loop.safe_after is 30 s, expected at least 120 s"),
        (_prometheus("15s"), {"decay_after": "1s"}, "loop.decay_after is 1 s, expected at least 60 s (loop.fresh_for)"),
        (_prometheus("15s"), {"fresh_for": "20s"}, "loop.fresh_for is 20 s, expected at least 30 s"),
        ({"kind": "probe", "period": "2s"}, {"fresh_for": "1s"}, "loop.fresh_for is 1 s, expected at least 2 s"),
        ({"kind": "probe", "probe": {"timeout": "2s"}}, {}, "source.probe.timeout is 2 s, expected at most 1.5 s"),
        (_prometheus("1s", timeout="5s"), {}, "source.prometheus.timeout is 5 s, expected at most 4 s"),
    ],
)
def test_what_cannot_hold_is_named_with_the_least_that_works(
    tmp_path: Path, source: Mapping[str, Any], loop: dict[str, str], sentence: str
) -> None:
    """The key, its value and what would do."""
    with pytest.raises(ConfigError) as caught:
        _settings(tmp_path, source, **loop)
    assert sentence in str(caught.value)


def test_every_time_that_cannot_hold_is_named_at_once(tmp_path: Path) -> None:
    """One run of ``config check`` is enough."""
    with pytest.raises(ConfigError) as caught:
        _settings(tmp_path, _prometheus("15s", window="20s"), fresh_for="1s", safe_after="1s")
    assert all(key in str(caught.value) for key in ("source.prometheus.window", "loop.fresh_for", "loop.safe_after"))


@given(
    st.floats(0.1, 300.0),
    st.sampled_from(["fresh_for", "decay_after", "safe_after"]),
    st.floats(0.1, 4000.0),
    st.sampled_from([None, "1s", "700ms"]),
)
def test_the_least_that_is_named_works(scrape_s: float, key: str, value_s: float, period: str | None) -> None:
    """Whatever one time is set to: it is accepted, or the value that the message names is."""
    source = {**_prometheus(f"{scrape_s:.3f}s"), **({"period": period} if period else {})}
    with TemporaryDirectory() as folder:
        said = ""
        try:
            _settings(Path(folder), source, **{key: f"{value_s:.3f}s"})
        except ConfigError as error:
            said = str(error)
        if said:
            assert said.startswith(f"loop.{key} is ")
            least = said.split("expected at least ")[1].split(" s")[0]
            _settings(Path(folder), source, **{key: f"{least}s"})
