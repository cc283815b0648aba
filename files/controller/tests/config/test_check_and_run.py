"""Whatever ``config check`` passes, ``run`` starts with: both ask the same validator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detnet import cli
from detnet.config.load import load
from detnet.config.models import Settings
from detnet.model.errors import ConfigError, UserError
from detnet.runtime.build import build_loop, check
from detnet.runtime.build_kubernetes import _counters, _plan_of
from detnet.runtime.cluster_controller import ClusterRecorder
from support import wait_for

DETNET = (sys.executable, "-c", "from detnet.cli import main; main()")


def _tc(match: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"actuator": {"kind": "tc", "device": "eth0"}, "targets": [{"name": "upload", "match": match}], **more}


def _load(document: dict[str, Any]) -> Settings:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "detnet.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return load(path, {}).settings


@pytest.mark.parametrize(
    ("match", "sentence"),
    [
        ({"protocol": "6"}, "protocol is '6'"),
        ({"source": "10.1.2.30/24"}, "has host bits set"),
        ({"dscp": "EF"}, "dscp is 'EF'"),
        ({}, "names no field"),
        ({"port": 1}, "'port' is not one of"),
    ],
)
def test_a_match_that_run_refuses_is_refused_by_check(match: dict[str, Any], sentence: str) -> None:
    """In the same words, with its place."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "detnet.yaml"
        path.write_text(yaml.safe_dump(_tc(match)), encoding="utf-8")
        asked = CliRunner().invoke(cli.group, ["config", "check", "--config", str(path)])
    assert isinstance(asked.exception, ConfigError)
    assert "targets.upload.match" in str(asked.exception)
    assert sentence in str(asked.exception)


def _few(choices: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Up to two of these keys: with more of them almost no document would pass."""
    chosen = st.sets(st.sampled_from(sorted(choices)), max_size=2)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: choices[key] for key in sorted(keys)}))


_PREFIXES = st.sampled_from(["10.0.0.0/8", "10.1.2.30", "fd00::/8", "10.1.2.30/24", 7, None])
_PORTS = st.sampled_from([1, 65535, "80", 0, True])
_MATCHES = _few(
    {
        "source": _PREFIXES,
        "destination": _PREFIXES,
        "protocol": st.sampled_from(["tcp", "UDP", 6, 255, "6", 0]),
        "source_port": _PORTS,
        "destination_port": _PORTS,
        "dscp": st.sampled_from([0, 46, "EF", 64]),
    }
)
_DURATIONS = st.sampled_from(["0s", "1us", "100ms", "1s", "15s", "10min", "9999h", "9" * 400 + "s", "soon"])
_SHARES = st.sampled_from(["0%", "1%", "100%", "101%"])
_RATES = st.sampled_from(["1M", "10M", "100M", "1G", "900G", "0", "10m", "1e9"])
_URLS = st.sampled_from(["http://127.0.0.1:9090", "https://h", "ftp://h", "http://h:99999", "http://[::1", "h:1", ""])
_NAMES = st.sampled_from(["a", "b", "c", "a b"])
_LOOP = _few(
    {
        **dict.fromkeys(
            ("interval", "window", "fresh_for", "decay_after", "safe_after", "decay_time_constant", "settle"),
            _DURATIONS,
        ),
        **dict.fromkeys(("cooldown", "recovery", "raise_every", "exonerate_after"), _DURATIONS),
        **dict.fromkeys(("raise_ratio", "exonerated_share"), _SHARES),
        **dict.fromkeys(("least_raise", "safe"), _RATES),
        "least_samples": st.integers(-1, 20),
    },
)
_SERVER = _few(
    {
        "url": _URLS,
        "timeout": _DURATIONS,
        "bearer_token_file": st.just("/run/token"),
        "headers": st.dictionaries(st.sampled_from(["X-Scope-OrgID", "Host", "X A"]), st.sampled_from(["a", "", "\n"])),
        "tls": st.fixed_dictionaries({}, optional={"cert_file": st.just("/c"), "key_file": st.just("/k")}),
    },
)
_PROMQL = st.fixed_dictionaries(
    {"measured_by": st.sampled_from(["up", 'up{a="b"}', "rate(up[1m])", ""])},
    optional={"latency": st.fixed_dictionaries({"expression": st.just("1"), "unit": st.sampled_from(["ms", "ratio"])})},
)
_NAMES_OF_VARIABLES = st.sampled_from(
    ["DETNET_", "DETNET_LOOP", "DETNET_LOOP__WINDOW", "DETNET_TARGETS", "DETNET_X__Y", "NAMESPACE", "LOG_LEVEL"]
)
_TEXTS = st.sampled_from(["", "1s", "[{", "[{name: a}]", "{a: b, a: c}", "null", "{? [a]: b}", "\u00e9", "debug"])
_DOCUMENTS = _few(
    {
        "objectives": st.lists(
            st.fixed_dictionaries(
                {"workload": _NAMES, "jitter": _DURATIONS},
                optional={
                    "loss": _SHARES,
                    "hubble": st.dictionaries(st.sampled_from(["app", "a-b"]), st.just("a"), max_size=1),
                    "promql": _PROMQL,
                },
            ),
            max_size=2,
        ),
        "targets": st.lists(
            st.fixed_dictionaries({"name": _NAMES, "match": _MATCHES}, optional={"min": _RATES, "max": _RATES}),
            max_size=2,
        ),
        "source": st.fixed_dictionaries(
            {"kind": st.sampled_from(["probe", "prometheus"])},
            optional={"period": _DURATIONS, "probe": _SERVER, "prometheus": _SERVER},
        ),
        "actuator": st.fixed_dictionaries(
            {"kind": st.sampled_from(["dry-run", "tc", "kubernetes"]), "device": st.just("eth0")},
            optional={
                "kubernetes": st.fixed_dictionaries({}, optional={"counters": _SERVER, "annotation": _NAMES}),
                "leader": st.fixed_dictionaries({}, optional={"lease_duration": _DURATIONS}),
            },
        ),
        "policy": st.fixed_dictionaries(
            {"name": st.sampled_from(["steps", "graded", "aimd", "learned"])},
            optional={"increase": _RATES, "decrease": _SHARES, "dead_band": _SHARES},
        ),
        "loop": _LOOP,
        "http": st.fixed_dictionaries({"listen": st.sampled_from([None, ":1", "a", "[::1]:9", "h:99999"])}),
    },
)


@settings(max_examples=400)
@given(_DOCUMENTS | _MATCHES.map(_tc))
@example(_tc({"protocol": "6"}))
@example(_tc({"source": "10.1.2.30/24"}))
@example(_tc({"dscp": "EF"}))
def test_whatever_check_passes_can_be_built(document: dict[str, Any]) -> None:
    """And what it refuses is refused in a sentence; nothing ends in a traceback."""
    try:
        loaded = _load(document)
        check(loaded)
    except UserError:
        return
    if loaded.actuator.kind == "kubernetes":
        _plan_of(loaded)
        _counters(loaded)
    else:
        build_loop(loaded, cast("ClusterRecorder", None)).close()  # nothing is recorded before a first pass


@settings(max_examples=200)
@given(st.dictionaries(_NAMES_OF_VARIABLES, _TEXTS, max_size=3))
def test_no_environment_ends_in_a_traceback(environ: dict[str, str]) -> None:
    """A mistake in a variable is a mistake with a name."""
    with suppress(UserError):
        check(load(None, environ).settings)


def test_release_and_run_say_which_variable_was_not_used(tmp_path: Path) -> None:
    """The real commands: a NAMESPACE in the shell is not the file's."""
    path = tmp_path / "detnet.yaml"
    document = {"actuator": {"kubernetes": {"namespaces": ["plant-a"]}}, "http": {"listen": None}}
    path.write_text(json.dumps(document), encoding="utf-8")
    environ = {**os.environ, "NAMESPACE": "monitoring", "DETNET_CONFIG": str(path)}
    said = f"NAMESPACE (environment) was not used: {path} sets actuator.kubernetes.namespaces"
    released = subprocess.run([*DETNET, "release"], env=environ, capture_output=True, text=True, check=True, timeout=30)
    assert f"warning: {said}" in released.stderr
    with subprocess.Popen([*DETNET, "run"], env=environ, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        first = json.loads(running.stderr.readline())
        wait_for(lambda: running.poll() is None, what="it runs")
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
    assert (first["level"], first["message"]) == ("warning", said)
