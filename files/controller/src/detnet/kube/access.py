"""From a kubeconfig or a pod's service account to credentials that stay valid.

The client's own loader reads both. Its ways of staying valid are not used (read in version 37.0.2): a kubeconfig's
``tokenFile`` is read once; a pod's token is read again after a minute of *wall clock*; and a credential plugin runs
inside a request, without a bound, once in every thread. Here a token file is read for each request, and a plugin is
run beside the requests (``detnet.kube.session``).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

from detnet.episodes import Episodes
from detnet.errors import ConfigError
from detnet.kube.api import ClusterAccess

logger = logging.getLogger(__name__)

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONNECTIONS = 32  # kept for reuse; more at once work, but are made anew each time


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the client needs; ``lifetime_s`` is how long a plugin's credentials hold, ``None`` for no known end."""

    configuration: Configuration
    lifetime_s: float | None = None


def load(access: ClusterAccess) -> Loaded:
    """Return the credentials of ``access``; runs the kubeconfig's credential plugin, if it has one.

    Raises:
        ConfigError: something is missing or cannot be used.
    """
    configuration = Configuration()
    lifetime_s = None
    if access.in_cluster:
        _from_pod(configuration)
    else:
        lifetime_s = _from_kubeconfig(access, configuration)
    configuration.keep_alive = True
    configuration.retries = urllib3.Retry(0)
    configuration.connection_pool_maxsize = _CONNECTIONS
    _check_tls(configuration)
    return Loaded(configuration, lifetime_s)


def _from_pod(configuration: Configuration) -> None:
    token = _SERVICE_ACCOUNT / "token"
    loader = InClusterConfigLoader(str(token), str(_SERVICE_ACCOUNT / "ca.crt"), try_refresh_token=False)
    try:
        loader.load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise ConfigError(f"this is no pod with a service account ({error}): give a kubeconfig instead") from error
    _read_for_each_request(token, configuration)


def _from_kubeconfig(access: ClusterAccess, configuration: Configuration) -> float | None:
    paths = _paths(access)
    merged = _merged(paths)
    named = os.pathsep.join(str(path) for path in paths)
    context = _context(merged.value, access.context, named)
    cluster = _entry(merged.value, "clusters", context.value["context"].get("cluster"), named)
    if not cluster.value["cluster"].get("server"):
        raise ConfigError(f"the cluster {cluster.value['name']!r} in the kubeconfig {named} has no server")
    user = context.value["context"].get("user")
    user = None if user is None else _entry(merged.value, "users", user, named)
    loader = KubeConfigLoader(config_dict=merged, active_context=context.value["name"], config_base_path=None)
    try:
        loader.load_and_set(configuration)
    except (ConfigException, OSError, ValueError) as error:
        raise ConfigError(f"the kubeconfig {named} cannot be used: {error}") from error
    configuration.refresh_api_key_hook = None
    if user is None:
        return None
    who = user.value["user"] or {}
    if "tokenFile" in who:
        _read_for_each_request(Path(user.path).parent / who["tokenFile"], configuration)
    if "exec" in who and not configuration.api_key and configuration.cert_file is None:
        raise ConfigError(
            f"the credential plugin {who['exec'].get('command')!r} of user {user.value['name']!r} in the kubeconfig "
            f"{named} gave no credentials: run it by hand to see why"
        )
    return _lifetime_s(loader)


def _paths(access: ClusterAccess) -> list[Path]:
    if access.kubeconfig is not None:
        wanted = [access.kubeconfig]
    else:
        named = os.environ.get("KUBECONFIG") or "~/.kube/config"
        wanted = [Path(path) for path in named.split(os.pathsep) if path]
    found = [path for path in (path.expanduser() for path in wanted) if path.exists()]
    if not found:
        raise ConfigError(f"there is no kubeconfig at {os.pathsep.join(map(str, wanted))}")
    return found


def _merged(paths: list[Path]) -> Any:
    for path in paths:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ConfigError(f"cannot read the kubeconfig {path}: {reason}") from error
        except yaml.YAMLError as error:
            raise ConfigError(f"the kubeconfig {path} is not YAML: {error}") from error
        if not _is_kubeconfig(content):
            raise ConfigError(f"{path} is not a kubeconfig: it lacks clusters, contexts or users")
    return KubeConfigMerger(os.pathsep.join(map(str, paths))).config


def _is_kubeconfig(content: object) -> bool:
    """Return whether ``content`` is a mapping with named entries, each of which holds a mapping of its kind."""
    if not isinstance(content, dict):
        return False
    for section, kind in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
        entries = content.get(section) or []
        if not isinstance(entries, list):
            return False
        for entry in entries:
            if not isinstance(entry, dict) or "name" not in entry or not isinstance(entry.get(kind) or {}, dict):
                return False
    return True


def _context(config: dict[str, Any], wanted: str | None, named: str) -> Any:
    name = wanted or config.get("current-context")
    if not name:
        raise ConfigError(f"the kubeconfig {named} has no current context: name one of {_names(config, 'contexts')}")
    return _entry(config, "contexts", name, named)


def _entry(config: dict[str, Any], section: str, name: str | None, named: str) -> Any:
    for node in config[section]:
        if node.value["name"] == name:
            return node
    raise ConfigError(f"the kubeconfig {named} has no {section[:-1]} {name!r}: it has {_names(config, section)}")


def _names(config: dict[str, Any], section: str) -> str:
    return ", ".join(repr(node.value["name"]) for node in config[section]) or "none"


def _lifetime_s(loader: KubeConfigLoader) -> float | None:
    """Return how long the credentials hold from now; the end is a wall time, so this is the one look at that clock."""
    expiry = getattr(loader, "expiry", None)
    if expiry is None:
        return None
    return float((expiry - dt.datetime.now(tz=dt.UTC)).total_seconds())


def _read_for_each_request(token: Path, configuration: Configuration) -> None:
    """Let ``configuration`` take the bearer token from the file at each use, so that rotating it needs no restart.

    While the file cannot be read or is empty, the last token serves: it may well be valid still, and client-go does
    the same (``transport/token_source.go``).
    """
    episodes = Episodes(logger)

    def read(into: Configuration) -> None:
        try:
            text = token.read_text(encoding="ascii").strip()
            if not text.isprintable() or not text:
                raise ValueError("it must be one line of printable text")  # noqa: TRY301 - one way out for both
        except (OSError, ValueError) as error:
            episodes.begin("token", f"cannot read the token file {token}, going on with the last token: {error}")
        else:
            episodes.end("token", f"the token file {token} can be read again")
            into.api_key["BearerToken"] = f"Bearer {text}"

    read(configuration)
    if "BearerToken" not in configuration.api_key:
        raise ConfigError(f"the token file {token} holds no token")
    configuration.refresh_api_key_hook = read  # type: ignore[assignment] # its type is inferred from None


def _check_tls(configuration: Configuration) -> None:
    """Fail now and in words, not at the first request and in OpenSSL's."""
    context = ssl.create_default_context()
    if configuration.ssl_ca_cert is not None:
        try:
            context.load_verify_locations(configuration.ssl_ca_cert)
        except OSError as error:
            raise ConfigError(f"cannot use the CA file {configuration.ssl_ca_cert}: {_why(error)}") from error
    if configuration.cert_file is not None:
        try:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
        except OSError as error:
            pair = f"the client certificate {configuration.cert_file} with the key {configuration.key_file}"
            raise ConfigError(f"cannot use {pair}: {_why(error)}") from error


def _why(error: OSError) -> str:
    return (error.reason if isinstance(error, ssl.SSLError) else error.strerror) or str(error)
