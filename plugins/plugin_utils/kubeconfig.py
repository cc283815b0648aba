# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kubeconfig is one, before anything is asked of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .finding import Finding, shown


def judge(path: str, context: str = "", *, insecure: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with the file that ``detnet_kubeconfig`` names, and with ``detnet_context``.

    ``insecure`` lets a connection in that shows the administrator's credentials to whoever answers, or is on the way.
    """
    said = shown("detnet_kubeconfig", path)
    try:
        content = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        yield Finding(
            said,
            f"the file cannot be read ({error.strerror}); copy it from the cluster, such as /etc/kubernetes/admin.conf",
        )
        return
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict) or not content.get("clusters") or not content.get("contexts"):
        yield Finding(said, "the file is no kubeconfig; expected one with clusters, users and contexts")
        return
    names = [each.get("name") for each in content["contexts"]]
    if context and context not in names:
        yield Finding(shown("detnet_context", context), f"{path} has no such context; it has {', '.join(names)}")
    if not context and not content.get("current-context"):
        yield Finding(said, f"it has no current context; set detnet_context to one of {', '.join(names)}")
    wanted = context or content.get("current-context")
    chosen = [each.get("context", {}).get("cluster") for each in content["contexts"] if each.get("name") == wanted]
    for each in content["clusters"]:
        if each.get("name") in chosen and not insecure:
            yield from _unchecked(said, each.get("cluster") or {})


def _unchecked(said: str, cluster: Mapping[str, Any]) -> Iterator[Finding]:
    cure = "or set detnet_kubeconfig_insecure to true, which shows your credentials to whoever answers there"
    if str(cluster.get("server", "")).lower().startswith("http:"):
        yield Finding(said, f"it names {cluster['server']}, without TLS; name the https:// address, {cure}")
    if cluster.get("insecure-skip-tls-verify"):
        yield Finding(said, f"it has insecure-skip-tls-verify; give it the cluster's CA instead, {cure}")
