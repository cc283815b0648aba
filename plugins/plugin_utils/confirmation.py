# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a cluster, which an operator has to give before a part of it is destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import yaml


def endpoint(kubeconfig: str) -> str:
    """Return the API server that a host's kubeconfig names, such as ``192.0.2.11:6443``.

    Raises:
        ValueError: the text is no kubeconfig with a context.
    """
    try:
        content = yaml.safe_load(kubeconfig)
        wanted = content["current-context"]
        chosen = next(each["context"]["cluster"] for each in content["contexts"] if each["name"] == wanted)
        server = next(each["cluster"]["server"] for each in content["clusters"] if each["name"] == chosen)
    except (yaml.YAMLError, TypeError, KeyError, StopIteration) as error:
        raise ValueError("it names no API server; expected a kubeconfig with a context") from error
    return endpoint_of(server)


def endpoint_of(server: str) -> str:
    """Return an API server's address without its scheme, such as ``192.0.2.11:6443``."""
    url = urlsplit(server)
    return url.netloc + url.path.rstrip("/")


def endpoint_of_inventory(hostvars: Mapping[str, Mapping[str, Any]], members: Sequence[str]) -> str:
    """Return the control-plane endpoint by the variables of the first of ``members``, as the role works it out."""
    host = members[0]
    known = hostvars[host]
    if known.get("control_plane_endpoint"):
        return str(known["control_plane_endpoint"])
    facts = known.get("ansible_facts", {}).get("default_ipv4", {})
    places = (known.get("control_plane_address"), known.get("node_address"), facts.get("address"))
    address = next((each for each in places if each), known.get("ansible_host", host))
    return f"{address}:{known.get('control_plane_port', 6443)}"


def refusal(*, destroys: str, where: str, cluster: str, given: str) -> str:
    """Return what is said to an operator who has not named the cluster."""
    said = f"detnet_confirm is {given}; expected" if given else "To confirm, name the cluster:"
    return (
        f"This destroys {destroys} ({where}, cluster {cluster}); nothing was changed. "
        f"{said} --extra-vars detnet_confirm={cluster}"
    )
