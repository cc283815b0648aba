"""Probers with TLS and a token are scraped with both, by the name of their certificate; no other job has the token."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from kubernetes_client.certificates import self_signed
from monitoring.role import Objects, render
from monitoring.serving import ask
from probe.running import probing, reflecting
from support import free_port, wait_for

_SECRETS = {"monitoring_probe_ca_secret": "probe-ca", "monitoring_probe_token_secret": "probe-token"}


def _jobs(objects: Objects) -> dict[str, dict[str, Any]]:
    """Return the scrape jobs by name."""
    texts = [text for one in objects for name, text in one.get("data", {}).items() if name.endswith(".yml")]
    configurations = [yaml.safe_load(text) for text in texts if "scrape_configs" in text]
    return {job["job_name"]: job for one in configurations for job in one["scrape_configs"]}


@pytest.mark.needs("promtool")
def test_a_prometheus_of_ours_gets_both_from_secrets(tmp_path: Path) -> None:
    """They are mounted where its configuration reads them; reflectors have a job without either."""
    objects = render(tmp_path, **_SECRETS)
    for one in objects:
        kubernetes_validate.validate(one, "1.37", strict=True)
    jobs = _jobs(objects)
    prober, reflector = jobs["detnet-probe"], jobs["detnet-reflector"]
    assert prober["scheme"] == "https"
    assert not {"scheme", "tls_config", "authorization"} & reflector.keys()
    assert [job["relabel_configs"][0]["regex"] for job in (prober, reflector)] == [
        "(?:detnet-prober)?",
        "(?:detnet-reflector)?",
    ]
    (pod,) = (
        one["spec"]["template"]["spec"]
        for one in objects
        if (one["kind"], one["metadata"]["name"]) == ("Deployment", "detnet-prometheus")
    )
    secrets = {volume["name"]: volume["secret"] for volume in pod["volumes"] if "secret" in volume}
    mounts = {mount["mountPath"]: secrets.get(mount["name"]) for mount in pod["containers"][0]["volumeMounts"]}
    for file, secret in (
        (prober["tls_config"]["ca_file"], "probe-ca"),
        (prober["authorization"]["credentials_file"], "probe-token"),
    ):
        assert mounts[str(Path(file).parent)] == {"secretName": secret, "defaultMode": 0o440}
    for job in jobs.values():
        job.pop("kubernetes_sd_configs")  # Debian builds Prometheus without it
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": list(jobs.values())}))
    command = ["promtool", "check", "config", "--syntax-only", "prometheus.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operator_gets_both_from_secrets(tmp_path: Path) -> None:
    """The monitor of probers names them, that of reflectors does not."""
    objects = render(tmp_path, monitoring_prometheus="kube-prometheus-stack", **_SECRETS)
    monitors = {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "PodMonitor"}
    (prober,), (reflector,) = (monitors[name]["podMetricsEndpoints"] for name in ("detnet-probe", "detnet-reflector"))
    assert prober["scheme"] == "https"
    assert prober["tlsConfig"] == {"ca": {"secret": {"name": "probe-ca", "key": "ca.crt"}}}
    assert prober["authorization"] == {"credentials": {"name": "probe-token", "key": "token"}}
    assert prober["relabelings"][0]["targetLabel"] == "__address__"
    assert not {"scheme", "tlsConfig", "authorization"} & reflector.keys()


@pytest.mark.needs("prometheus")
def test_a_real_prometheus_scrapes_a_guarded_prober(tmp_path: Path) -> None:
    """With the rendered job as it is, but for discovery, which needs a cluster."""
    pem, token = self_signed(tmp_path / "server.pem"), tmp_path / "token"
    token.write_text("s3cr3t-one\n")
    options = (f"--tls-cert-file={pem}", f"--tls-key-file={pem}", f"--bearer-token-file={token}")
    with (
        reflecting("--udp=127.0.0.1:0") as reflector,
        probing(f"a=udp://{reflector.endpoints[0]}?rate_hz=50", options=options) as prober,
    ):
        jobs = _jobs(
            render(
                tmp_path,
                monitoring_prometheus="existing",
                monitoring_probe_pods=[],
                monitoring_probe_targets=[str(prober.endpoints[-1])],
                monitoring_probe_ca_file=str(pem),
                monitoring_probe_token_file=str(token),
                monitoring_scrape_interval="1s",
            )
        )
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [jobs["detnet-probe"]]}))
        address = f"127.0.0.1:{free_port()}"
        command = [
            "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={address}",
        ]
        with (
            (tmp_path / "log").open("wb") as log,
            subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log) as running,
        ):
            try:
                wait_for(
                    lambda: ask(f"http://{address}", 'detnet_probe_rtt_seconds_count{job="detnet-probe"} > 0'),
                    within_s=30.0,
                    what="a scrape of the prober",
                )
            finally:
                running.terminate()
