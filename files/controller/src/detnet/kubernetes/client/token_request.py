"""Short-lived tokens of service accounts, for a controller outside the cluster.

Inside, the kubelet asks for a pod's token and exchanges it in time; this is the same request for everybody else
(https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from detnet.kubernetes.client.api import Api
from detnet.model.errors import UserError


def request_token(api: Api, namespace: str, account: str, *, lifetime_s: int, secret: str | None = None) -> str:
    """Return a new token of a service account; one bound to a Secret ends with it, whatever its lifetime.

    Raises:
        ApiError: the server refuses, or does not answer.
    """
    spec: dict[str, Any] = {"expirationSeconds": lifetime_s}
    if secret is not None:
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Secret", "name": secret}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return str(api.request("POST", path, body=body)["status"]["token"])


def exchange(path: Path, token: str) -> None:
    """Put a token in the place of an older one, so that a reader finds one or the other and never a part.

    Raises:
        UserError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)  # less what the umask takes
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{token}\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"cannot write the token to {path}: {error.strerror or error}") from error
