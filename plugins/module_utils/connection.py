"""Which cluster a task means: by the options of kubernetes.core, which its users know, else as kubectl finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .kubernetes.access.identity import basic
from .kubernetes.access.kubeconfig import (
    Chosen,
    ClusterAccess,
    Impersonation,
    Pem,
    User,
    check_server,
    choose,
    choose_of,
    find,
    in_pod,
    merge,
    usual_paths,
)
from .kubernetes.access.transport import without_proxy
from .model.errors import UserError

_PROXY_HEADERS = {
    "proxy_basic_auth": {"type": "str", "no_log": True},
    "basic_auth": {"type": "str", "no_log": True},
    "user_agent": {"type": "str"},
}
CONNECTION_SPEC: Mapping[str, Any] = {
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "proxy_headers": {"type": "dict", "options": _PROXY_HEADERS},
    "persist_config": {"type": "bool"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}
_OPTIONS = "the task's options"
_CURE = ", or set validate_certs to false, which shows your credentials to whoever answers there"


def connection(options: Mapping[str, Any]) -> tuple[Chosen, ClusterAccess]:
    """Return the cluster that a task's options mean, with what the environment says where they are silent.

    Raises:
        UserError: they lead nowhere.
        ImportError: a kubeconfig must be read, and PyYAML is missing.
    """
    given = {name: _given(options, name) for name in CONNECTION_SPEC}
    access = ClusterAccess(None, given["context"], insecure=given["validate_certs"] is False, cure=_CURE)
    chosen = _with_server(_base(given, access), given)
    return replace(chosen, user=_with_user(chosen.user, given)), access


def otherwise_for_kubernetes_core(options: Mapping[str, Any], chosen: Chosen) -> str | None:
    """Return why the modules of kubernetes.core, with the same options, would act elsewhere or as somebody else.

    They load a kubeconfig by the Python client, whose answer is not kubectl's.
    """
    given = {name: _given(options, name) for name in CONNECTION_SPEC}
    if chosen.user.impersonation is not None and not given["impersonate_user"]:
        return f"they would not act as {chosen.user.impersonation.user}: name that user in K8S_AUTH_IMPERSONATE_USER"
    if isinstance(given["kubeconfig"], dict) or given["host"]:
        return None
    named = given["kubeconfig"]
    paths = [Path(each).expanduser() for each in named.split(os.pathsep)] if named else usual_paths()[0]
    if sum(path.is_file() for path in paths) > 1:
        return "of several kubeconfigs their last one wins, and not the first: name one"
    if in_pod() and not named and not given["context"] and chosen.context:
        return "in a pod they take its service account: name the kubeconfig"
    return None


def _given(options: Mapping[str, Any], name: str) -> Any:
    """Return an option, else its variable: ``K8S_AUTH_`` and its name or that of its alias."""
    if options.get(name) is not None:
        return options[name]
    if name == "proxy_headers":
        return {each: os.environ.get(f"K8S_AUTH_PROXY_HEADERS_{each.upper()}") for each in _PROXY_HEADERS}
    names = (name, *CONNECTION_SPEC[name].get("aliases", ()))
    text = next(
        (os.environ[f"K8S_AUTH_{each.upper()}"] for each in names if os.environ.get(f"K8S_AUTH_{each.upper()}")), None
    )
    match CONNECTION_SPEC[name]["type"]:
        case "bool" if text is not None:
            return text.lower() not in {"0", "false", "no"}
        case "list" if text is not None:
            return [each for each in text.split(",") if each]
    return text


def _base(given: Mapping[str, Any], access: ClusterAccess) -> Chosen:
    """Return what the options are put over: nothing if they say all, else what a kubeconfig or the pod says."""
    pairs = (("api_key",), ("username", "password"), ("client_cert", "client_key"))
    whole = given["host"] and any(all(given[name] for name in pair) for pair in pairs)
    nothing = Chosen(_OPTIONS, "", "default", given["host"] or "")
    match given["kubeconfig"]:
        case _ if whole:
            return nothing
        case {} as content if content:
            name = "the kubeconfig in the task"
            return choose_of(merge(name, [(Path.cwd(), name, content)]), access.context)
        case str(paths) if paths:
            return choose_of(
                find([Path(each).expanduser() for each in paths.split(os.pathsep) if each]), access.context
            )
    if given["host"] and not access.context and not any(path.exists() for path in usual_paths()[0]):
        return nothing
    return choose(access)


def _with_server(chosen: Chosen, given: Mapping[str, Any]) -> Chosen:
    if given["host"]:
        host = str(given["host"]).rstrip("/")
        check_server(host, "the option host")
        # As for kubectl: the name was that of the other server.
        chosen = replace(chosen, server=host, tls_server_name="")
    if given["ca_cert"]:
        chosen = replace(chosen, ca=Pem(Path(given["ca_cert"])), unchecked=False)
    if given["validate_certs"] is not None:
        unchecked = not given["validate_certs"]
        chosen = replace(chosen, unchecked=unchecked, ca=None if unchecked else chosen.ca)
    if given["proxy"]:
        chosen = replace(chosen, proxy_url=given["proxy"], proxy_headers=_proxy_headers(given["proxy_headers"]))
    if chosen.proxy_url and without_proxy(chosen.server, given["no_proxy"] or ""):
        chosen = replace(chosen, proxy_url="", proxy_headers={})
    return chosen


def _proxy_headers(given: Mapping[str, str | None]) -> dict[str, str]:
    headers = {
        "Proxy-Authorization": basic(given.get("proxy_basic_auth") or ""),
        "Authorization": basic(given.get("basic_auth") or ""),
        "User-Agent": given.get("user_agent") or "",
    }
    return {name: value for name, value in headers.items() if value not in {"", basic("")}}


def _with_user(user: User, given: Mapping[str, Any]) -> User:
    if given["api_key"]:
        user = replace(user, token=given["api_key"], token_file=None, username="", password="")
    elif given["username"] or given["password"]:
        user = replace(
            user, token="", token_file=None, username=given["username"] or "", password=given["password"] or ""
        )
    if bool(given["client_cert"]) != bool(given["client_key"]):
        raise UserError("client_cert and client_key belong together: give both, which may be one file")
    if given["client_cert"]:
        user = replace(user, certificate=Pem(Path(given["client_cert"])), key=Pem(Path(given["client_key"])))
    if given["impersonate_groups"] and not given["impersonate_user"]:
        raise UserError("impersonate_groups needs impersonate_user: say as whom")
    if given["impersonate_user"]:
        acting = Impersonation(given["impersonate_user"], groups=tuple(given["impersonate_groups"] or ()))
        user = replace(user, impersonation=acting)
    return user
