"""Credentials that a program brings: the exec plugins of a kubeconfig (client.authentication.k8s.io).

The program asks somebody over the network and may hang, so it gets ``LONGEST_S``, and no more than ``_MOST_BYTES`` are
read of what it says. It has no terminal: one that must ask a person is refused. Nothing that it says is ever shown.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import math
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...model.errors import ConfigError
from .kubeconfig import Chosen, Pem, Plugin

LONGEST_S = 30.0
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Brought:
    """A token, or a client certificate with its key, and for how many seconds from now that holds."""

    token: str = field(default="", repr=False)
    certificate: Pem | None = None
    key: Pem | None = None
    lifetime_s: float = math.inf


def run(plugin: Plugin, chosen: Chosen) -> Brought:
    """Run the program and return what it brings; takes up to ``LONGEST_S`` seconds.

    Raises:
        ConfigError: it cannot be started, does not end, or brings nothing that can be used.
    """
    where = f"the credential plugin {plugin.command!r} of user {chosen.user.name!r} in {chosen.named}"
    if plugin.interactive == "Always":
        raise ConfigError(f"{where} wants a terminal (interactiveMode Always), and there is none: use another user")
    said = _said(plugin, {**os.environ, **plugin.environment, "KUBERNETES_EXEC_INFO": _info(plugin, chosen)}, where)
    try:
        answer = json.loads(said)
        status = answer["status"]
        if answer.get("kind") != "ExecCredential" or answer.get("apiVersion") != plugin.version:
            raise ConfigError(f"{where} must answer with an ExecCredential of {plugin.version}: correct its apiVersion")
        return _brought(status, where)
    except (ValueError, LookupError, TypeError, AttributeError):
        # Not from the error, which would quote what was said.
        raise ConfigError(f"{where} gave no credentials: run it by hand to see why") from None


def _info(plugin: Plugin, chosen: Chosen) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.cluster_info:
        ca = base64.b64encode(chosen.ca.read()).decode() if chosen.ca is not None else ""
        cluster = {
            "server": chosen.server,
            "tls-server-name": chosen.tls_server_name,
            "insecure-skip-tls-verify": chosen.unchecked,
            "certificate-authority-data": ca,
            "proxy-url": chosen.proxy_url,
            "config": plugin.config,
        }
        spec["cluster"] = {name: value for name, value in cluster.items() if value}
    return json.dumps({"apiVersion": plugin.version, "kind": "ExecCredential", "spec": spec})


def _said(plugin: Plugin, environment: Mapping[str, str], where: str) -> bytes:
    try:
        program = subprocess.Popen(
            [plugin.command, *plugin.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what it starts ends with it
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{where} cannot be started: {reason}: install it, or correct its command") from error
    expired = threading.Event()

    def end() -> None:
        expired.set()
        _end(program)

    timer = threading.Timer(LONGEST_S, end)
    timer.daemon = True
    timer.start()
    try:
        with program:
            said = program.stdout.read(_MOST_BYTES + 1) if program.stdout is not None else b""
            if len(said) > _MOST_BYTES:
                _end(program)
    finally:
        timer.cancel()
    if expired.is_set():
        raise ConfigError(f"{where} did not end within {LONGEST_S:g} s: run it by hand to see why")
    if program.returncode != 0:
        raise ConfigError(f"{where} gave no credentials (exit code {program.returncode}): run it by hand to see why")
    return said


def _end(program: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)


def _brought(status: Mapping[str, Any], where: str) -> Brought:
    token = str(status.get("token") or "")
    certificate, key = (str(status.get(name) or "") for name in ("clientCertificateData", "clientKeyData"))
    if not token and not certificate and not key:
        raise ValueError
    if bool(certificate) != bool(key):
        raise ConfigError(f"{where} brought a certificate without its key, or a key alone: run it by hand to see why")
    end = status.get("expirationTimestamp")
    lifetime_s = math.inf
    if end is not None:  # the one look at the wall clock
        lifetime_s = (dt.datetime.fromisoformat(str(end)) - dt.datetime.now(tz=dt.UTC)).total_seconds()
    if not key:
        return Brought(token, lifetime_s=lifetime_s)
    return Brought(token, Pem(data=certificate.encode()), Pem(data=key.encode()), lifetime_s)
