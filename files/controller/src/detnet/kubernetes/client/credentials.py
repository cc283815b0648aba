"""From a kubeconfig or a pod's service account to credentials that stay valid.

The client's own loader reads both. Its ways of staying valid are not used (read in version 37.0.2): a kubeconfig's
``tokenFile`` is read once; a pod's token is read again after a minute of *wall clock*; and a credential plugin runs
inside a request, without a bound, once in every thread. Here a token file is read for each request, and a plugin is
run beside the requests (``detnet.kubernetes.client.session``).
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import ssl
from dataclasses import dataclass
from pathlib import Path

import urllib3
from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import KubeConfigLoader

from detnet.kubernetes.client.api import ClusterAccess
from detnet.kubernetes.client.kubeconfig import Chosen, choose
from detnet.model.errors import ConfigError
from detnet.sources.credentials import read_secret
from detnet.telemetry.state_changes import StateChangeLogger

logger = logging.getLogger(__name__)

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONNECTIONS = 32  # kept for reuse; more at once work, but are made anew each time


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the client needs, and for how long it holds: infinite for what has no end or is read at each use."""

    configuration: Configuration
    lifetime_s: float = math.inf


def load(access: ClusterAccess) -> Loaded:
    """Return the credentials of ``access``; runs the kubeconfig's credential plugin, if it has one.

    Raises:
        ConfigError: something is missing or cannot be used.
    """
    configuration = Configuration()
    lifetime_s = math.inf
    if access.in_cluster:
        _from_pod(configuration)
        where = f"the service account in {_SERVICE_ACCOUNT}"
    else:
        chosen = choose(access)
        lifetime_s = _from_kubeconfig(chosen, configuration)
        where = chosen.named
    configuration.keep_alive = True
    configuration.retries = urllib3.Retry(0)
    configuration.connection_pool_maxsize = _CONNECTIONS
    _check_tls(configuration, where)
    return Loaded(configuration, lifetime_s)


def _from_pod(configuration: Configuration) -> None:
    token = _SERVICE_ACCOUNT / "token"
    loader = InClusterConfigLoader(str(token), str(_SERVICE_ACCOUNT / "ca.crt"), try_refresh_token=False)
    try:
        loader.load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise ConfigError(f"this is no pod with a service account ({error}): give a kubeconfig instead") from error
    _read_for_each_request(token, configuration)


def _from_kubeconfig(chosen: Chosen, configuration: Configuration) -> float:
    """Fill in what the library's loader finds; return how long that holds."""
    try:
        loader = KubeConfigLoader(chosen.merged, active_context=chosen.context, config_base_path=None)
        loader.load_and_set(configuration)
    except (ConfigException, OSError, ValueError) as error:
        raise ConfigError(f"{chosen.named} cannot be used: {error}") from error
    configuration.refresh_api_key_hook = None
    user = chosen.user
    if "tokenFile" in user:
        _read_for_each_request(chosen.folder / user["tokenFile"], configuration)
    if "exec" in user and not configuration.api_key and configuration.cert_file is None:
        raise ConfigError(
            f"the credential plugin {user['exec'].get('command')!r} of user {chosen.user_name!r} in {chosen.named} "
            "gave no credentials: run it by hand to see why"
        )
    expiry: dt.datetime | None = getattr(loader, "expiry", None)
    if expiry is None:
        return math.inf
    return (expiry - dt.datetime.now(tz=dt.UTC)).total_seconds()  # the one look at the wall clock


def _read_for_each_request(path: Path, configuration: Configuration) -> None:
    """Let ``configuration`` take the bearer token from the file at each use, so that rotating it needs no restart.

    While the file cannot be read or is empty, the last token serves: it may well be valid still, and client-go does
    the same (``transport/token_source.go``).
    """
    state_changes = StateChangeLogger(logger)

    def read(into: Configuration) -> None:
        try:
            into.api_key["BearerToken"] = f"Bearer {read_secret(path)}"
        except ConfigError as error:
            state_changes.begin("token", f"{error}; keeping the last token")
        else:
            state_changes.end("token", f"the token file {path} can be read again")

    configuration.api_key["BearerToken"] = f"Bearer {read_secret(path)}"
    configuration.refresh_api_key_hook = read  # type: ignore[assignment] # its type is inferred from None


def _check_tls(configuration: Configuration, where: str) -> None:
    """Fail now and in words, not at the first request and in OpenSSL's."""
    context = ssl.create_default_context()
    ca, certificate, key = configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            raise ConfigError(f"cannot use the CA of {where}, read from {ca}: {_why(error)}") from error
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:
            pair = f"the client certificate and key of {where}, read from {certificate} and {key}"
            raise ConfigError(f"cannot use {pair}: {_why(error)}") from error


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return error.strerror or str(error)
