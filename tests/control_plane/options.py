"""The command lines of the three programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from control_plane.credentials import Credentials

ISSUER = "https://kubernetes.default.svc"
# Only what tests rely on: fewer controllers start faster and write less into the audit log.
CONTROLLERS = (
    "cronjob", "daemonset", "deployment", "garbagecollector", "job", "namespace", "pvc-protection", "replicaset",
    "root-ca-cert-publisher", "serviceaccount", "serviceaccount-token", "statefulset",
)  # fmt: skip
AUDIT_POLICY: dict[str, object] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "Request",
            "resources": [
                {"group": "", "resources": ["pods", "pods/status", "pods/binding", "events"]},
                {"group": "apps"},
                {"group": "coordination.k8s.io"},
            ],
        },
        {"level": "Metadata"},
    ],
}


def etcd(folder: Path, port: int) -> list[str]:
    """Etcd that starts fast: without fsync (data outlive a killed process all the same), with a short lone election."""
    url = f"http://127.0.0.1:{port}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--heartbeat-interval=20",
        "--election-timeout=100",
    ]


def kube_apiserver(
    folder: Path, port: int, etcd_port: int, credentials: Credentials, extra: Mapping[str, str]
) -> list[str]:
    """RBAC, tokens, an audit log of JSON lines; ``extra`` adds options or replaces these."""
    policy = folder / "audit-policy.json"
    policy.write_text(json.dumps(AUDIT_POLICY))
    chosen = {
        "etcd-servers": f"http://127.0.0.1:{etcd_port}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "endpoint-reconciler-type": "none",  # it refuses to publish a loopback address
        "secure-port": str(port),
        "tls-cert-file": str(credentials.certificate),
        "tls-private-key-file": str(credentials.key),
        "token-auth-file": str(credentials.tokens_file),
        "authorization-mode": "RBAC",
        "anonymous-auth": "false",
        # It marks new nodes "not ready", and the controller that lifts the mark would wait for a kubelet.
        "disable-admission-plugins": "TaintNodesByCondition",
        "service-account-issuer": ISSUER,
        "service-account-key-file": str(credentials.service_account_key),
        "service-account-signing-key-file": str(credentials.service_account_key),
        "service-cluster-ip-range": "10.96.0.0/16",
        "allow-privileged": "true",
        "profiling": "false",
        "audit-policy-file": str(policy),
        "audit-log-path": str(audit_log(folder)),
        "audit-log-maxsize": "4096",  # MB; rotated at 100 by default, and the first part of a large test would be lost
        "cert-dir": str(folder / "credentials"),
        **extra,
    }
    return [f"--{name}={value}" for name, value in chosen.items()]


def kube_controller_manager(kubeconfig: Path, port: int, credentials: Credentials) -> list[str]:
    """The controllers above, without client-side throttling (20 requests/s by default)."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        f"--service-account-private-key-file={credentials.service_account_key}",
        f"--root-ca-file={credentials.ca_file}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={credentials.certificate}",
        f"--tls-private-key-file={credentials.key}",
        "--profiling=false",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
    ]


def audit_log(folder: Path) -> Path:
    """Where the API server of ``folder`` writes its audit events."""
    return folder / "audit.jsonl"
