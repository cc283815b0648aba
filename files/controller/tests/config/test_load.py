"""Where a value comes from, which source wins, and how mistakes are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from detnet.config.load import load
from detnet.config.models import Staleness
from detnet.control.policy_registry import Pace
from detnet.model.errors import ConfigError
from detnet.runtime.build import build_rules


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "detnet.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_documents_defaults_hold_without_any_configuration() -> None:
    """The names and numbers of the first documents are the defaults."""
    settings = load(None, {}).settings
    (objective,), (target,) = settings.effective_objectives, settings.effective_targets
    assert (objective.workload, objective.jitter, objective.latency) == ("robot-factory-deployment", 0.002, 0.010)
    assert (target.name, build_rules(settings).guard.minimum_bps, build_rules(settings).guard.maximum_bps) == (
        "telemetry-upload-deployment",
        10_000_000,
        1_000_000_000,
    )
    assert settings.source.prometheus.url == "http://prometheus-server:9090"


def test_documented_names_are_read_with_the_unit_that_they_carry() -> None:
    """TARGET_JITTER_MS=3 is 3 ms; MAX_BANDWIDTH_MBPS=200 is 200 Mbit/s."""
    environ = {
        "TARGET_APPLICATION": "robot",
        "TARGET_JITTER_MS": "3",
        "TARGET_LATENCY_MS": "12.5",
        "MIN_BANDWIDTH_MBPS": "5",
        "MAX_BANDWIDTH_MBPS": "200",
        "DEPLOYMENT_NAME": "upload",
        "COOLDOWN_PERIOD_SEC": "12",
        "CONTROL_INTERVAL_SEC": "2",
        "UPDATE_THRESHOLD_MBPS": "3",
        "INCREASE_STEP_MBPS": "7",
        "PROMETHEUS_URL": "http://example.test:9090",
        "LOG_LEVEL": "DEBUG",
        "DETNET_POLICY__NAME": "steps",
    }
    settings = load(None, environ).settings
    (objective,) = settings.effective_objectives
    assert (objective.workload, objective.jitter, objective.latency) == ("robot", 0.003, 0.0125)
    assert (build_rules(settings).guard.minimum_bps, build_rules(settings).guard.maximum_bps) == (
        5_000_000,
        200_000_000,
    )
    assert settings.effective_targets[0].name == "upload"
    assert settings.pace == Pace(12.0, 2.0, 3_000_000)
    assert settings.policy.increase is not None
    assert settings.policy.increase.bps == 7_000_000
    assert (settings.source.prometheus.url, settings.log.level) == ("http://example.test:9090", "DEBUG")


@pytest.mark.parametrize("name", ["steps", "graded", "aimd"])
def test_the_documents_policies_keep_the_documents_patience(name: str) -> None:
    """Cooldown 30 s, interval 5 s, threshold 5 Mbit/s, unless the user says otherwise."""
    assert load(None, {"DETNET_POLICY__NAME": name}).settings.pace == Pace(30.0, 5.0, 5_000_000)


def test_patience_follows_the_source() -> None:
    """What Prometheus scrapes every 2 s is not stale after 1.5 s."""
    assert load(None, {}).settings.staleness == Staleness(1.5, 3.0, 30.0)
    environ = {"DETNET_SOURCE__KIND": "prometheus", "DETNET_SOURCE__PROMETHEUS__SCRAPE_INTERVAL": "2s"}
    assert load(None, environ).settings.staleness == Staleness(8.0, 16.0, 30.0)


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_file(tmp_path: Path) -> None:
    """Four sources, one order."""
    path = _file(tmp_path, "loop: {cooldown: 1s, recovery: 1s, settle: 1s}\n")
    dotenv = tmp_path / ".env"
    dotenv.write_text("DETNET_LOOP__RECOVERY=2s\nDETNET_LOOP__COOLDOWN=2s\n", encoding="utf-8")
    loaded = load(path, {"DETNET_LOOP__COOLDOWN": "3s"}, dotenv)
    loop = loaded.settings.loop
    assert (loop.settle, loop.recovery, loop.cooldown) == (1.0, 2.0, 3.0)
    assert loaded.origins["loop.cooldown"] == "DETNET_LOOP__COOLDOWN (environment)"
    assert loaded.origins["loop.recovery"] == f"DETNET_LOOP__RECOVERY ({dotenv})"


def test_a_v1_name_counts_only_where_the_file_says_nothing(tmp_path: Path) -> None:
    """A shell has NAMESPACE for its own reasons; that must not decide whose caps are released."""
    path = _file(tmp_path, "actuator: {kubernetes: {namespaces: [plant-a]}}\nsource: {}\n")
    dotenv = tmp_path / ".env"
    dotenv.write_text("COOLDOWN_PERIOD_SEC=2\nNAMESPACE=other\n", encoding="utf-8")
    environ = {"NAMESPACE": "monitoring", "COOLDOWN_PERIOD_SEC": "3", "PROMETHEUS_URL": "http://one.test"}
    loaded = load(path, environ, dotenv)
    assert loaded.settings.actuator.kubernetes.namespaces == ("plant-a",)
    assert (loaded.settings.loop.cooldown, loaded.settings.source.prometheus.url) == (3.0, "http://one.test")
    assert loaded.origins["actuator.kubernetes.namespaces"] == str(path)
    assert loaded.warnings == (
        f"NAMESPACE ({dotenv}) was not used: {path} sets actuator.kubernetes.namespaces",
        f"NAMESPACE (environment) was not used: {path} sets actuator.kubernetes.namespaces",
    )
    ours = {"NAMESPACE": "monitoring", "DETNET_ACTUATOR__KUBERNETES__NAMESPACES": "plant-b"}
    assert load(path, ours).settings.actuator.kubernetes.namespaces == ("plant-b",)


@pytest.mark.parametrize(
    ("text", "level"), [("debug", "DEBUG"), ("warn", "WARNING"), ("Info", "INFO"), ("ERROR", "ERROR")]
)
def test_a_level_is_written_in_any_case(text: str, level: str) -> None:
    """As everywhere else that reads LOG_LEVEL."""
    assert load(None, {"LOG_LEVEL": text}).settings.log.level == level
    with pytest.raises(ConfigError, match=r"log\.level, from LOG_LEVEL"):
        load(None, {"LOG_LEVEL": "loud"})


def test_what_kubernetes_sets_for_a_service_of_our_name_is_ignored_and_told_once() -> None:
    """Every pod beside a Service named detnet or detnet-gateway has these; a start must not fail on them."""
    links = {
        "DETNET_PORT": "tcp://10.0.0.1:80",
        "DETNET_GATEWAY_PORT": "tcp://10.0.0.1:80",
        "DETNET_GATEWAY_PORT_80_TCP": "tcp://10.0.0.1:80",
        "DETNET_GATEWAY_PORT_80_TCP_ADDR": "10.0.0.1",
        "DETNET_GATEWAY_PORT_80_TCP_PORT": "80",
        "DETNET_GATEWAY_PORT_80_TCP_PROTO": "tcp",
        "DETNET_GATEWAY_SERVICE_HOST": "10.0.0.1",
        "DETNET_GATEWAY_SERVICE_PORT": "80",
        "DETNET_GATEWAY_SERVICE_PORT_HTTP": "80",
    }
    loaded = load(None, {**links, "DETNET_LOOP__SETTLE": "2s"})
    assert loaded.settings.loop.settle == 2.0
    (warning,) = loaded.warnings
    assert all(name in warning for name in links)
    for typo in ("DETNET_HTTP_PORT", "DETNET_HTTP__PORT", "DETNET_LOOP_SETTLE"):
        with pytest.raises(ConfigError, match="there is no such setting"):
            load(None, {typo: "80"})


def test_the_variable_of_the_option_config_is_no_setting() -> None:
    """``DETNET_CONFIG`` names the file."""
    assert load(None, {"DETNET_CONFIG": "/etc/detnet.yaml"}).warnings == ()


def test_a_list_in_the_environment_that_is_no_yaml_is_named() -> None:
    """As a file's mistake is."""
    with pytest.raises(ConfigError, match=r"DETNET_TARGETS \(environment\) is not YAML"):
        load(None, {"DETNET_TARGETS": "[{name: upload"})


def test_a_dotenv_value_is_taken_as_it_stands(tmp_path: Path) -> None:
    """EnvironmentFile= of systemd does not expand ${HOME}; neither do we."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("PROMETHEUS_URL=http://${HOME}.test:9090\n", encoding="utf-8")
    assert load(None, {}, dotenv).settings.source.prometheus.url == "http://${HOME}.test:9090"


def test_a_typo_in_the_environment_is_reported() -> None:
    """A misspelt variable would otherwise be the one silent mistake."""
    (warning,) = load(None, {"TARGET_JITER_MS": "3"}).warnings
    assert "TARGET_JITER_MS" in warning
    assert "did you mean TARGET_JITTER_MS?" in warning


def test_a_flat_name_without_effect_is_reported(tmp_path: Path) -> None:
    """An objective that says its own limit makes TARGET_JITTER_MS void, and the user must know."""
    path = _file(tmp_path, "objectives: [{workload: robot, jitter: 2ms}]\n")
    (warning,) = load(path, {"TARGET_JITTER_MS": "5"}).warnings
    assert "TARGET_JITTER_MS (environment) has no effect" in warning


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    """One run of config check is enough."""
    path = _file(
        tmp_path,
        "objectives: [{workload: robot, jitter: 2}]\ntargets: [{name: a, max: 10m}]\nloop: {cooldwn: 30s}\n",
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {"DETNET_LOOP__SETTLE": "soon"})
    text = str(caught.value)
    assert "4 mistakes" in text
    assert f"objectives.0.jitter, from {path}: 2 has no unit" in text
    assert "write 10M for Mbit/s" in text
    assert "did you mean loop.cooldown?" in text
    assert "loop.settle, from DETNET_LOOP__SETTLE (environment): 'soon' is not a duration" in text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("loop: [", "line 1"),
        ("loop: {cooldown: 1s}\nloop: {settle: 1s}\n", "the key 'loop' is given twice"),
        ("- a\n", "must be a mapping"),
        ("targets: [{name: a, min: 50M, max: 10M}]", "min 50M above max 10M"),
        ("targets: [{name: a, min: -5M}]", "cap lies between"),
        ("targets: [{name: a}, {name: a}]", "more than one target is named a"),
        ("objectives: [{workload: robot}]", "has no limit"),
        ("loop: {fresh_for: 9s, decay_after: 3s}", "loop.decay_after is 3 s, expected at least 9 s"),
        ("loop: {safe: 5M}", "outside the targets' range 10M to 1G"),
        ("actuator: {kind: tc}", "needs 'device'"),
        ("actuator: {kind: tc, device: eth0}\ntargets: [{name: a}]", "needs 'match'"),
        ("policy: {name: magic}", "'steps', 'graded', 'aimd' or 'learned'"),
    ],
)
def test_each_mistake_has_its_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """What is wrong and what was expected, in one sentence."""
    with pytest.raises(ConfigError) as caught:
        load(_file(tmp_path, text), {})
    assert sentence in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text."""
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "absent.yaml", {})
    with pytest.raises(ConfigError, match="there is no file"):
        load(None, {}, tmp_path / "absent.env")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"loop: \xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(binary, {})
