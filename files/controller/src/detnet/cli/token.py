"""``detnet token``: a short-lived token for a controller outside the cluster.

Inside, the kubelet asks for a pod's token and exchanges it in time; this is the same request for everybody else
(https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("token")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Who asks; as for kubectl when left out.")
@click.option("--namespace", default="detnet-system", show_default=True, help="Of the service account.")
@click.option("--service-account", "account", default="detnet-controller", show_default=True, help="Whose token.")
@click.option("--secret", help="A Secret of the namespace that the token is bound to: without it, it is worth nothing.")
@click.option("--lifetime-s", type=click.IntRange(min=600), default=3600, show_default=True, help="How long it holds.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to exchange.")
def command(  # noqa: PLR0913 - one parameter per option
    *, kubeconfig: Path | None, namespace: str, account: str, secret: str | None, lifetime_s: int, out: Path
) -> None:
    """Ask the API server for a token and put it in the place of an older one.

    A kubeconfig with 'tokenFile' reads it at each request, so that a running controller needs no restart.
    """
    from detnet.kubernetes.client.api import ClusterAccess, connect  # noqa: PLC0415 - keeps 'detnet --help' fast
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.telemetry.disk import replace_file  # noqa: PLC0415

    spec: dict[str, Any] = {"expirationSeconds": lifetime_s}
    if secret is not None:
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Secret", "name": secret}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    api = connect(ClusterAccess(kubeconfig))
    try:
        token = api.request("POST", path, body=body)["status"]["token"]
    finally:
        api.close()
    try:
        replace_file(out, f"{token}\n".encode(), mode=0o640)
    except OSError as error:
        raise UserError(f"cannot write the token to {out}: {error.strerror or error}") from error
    click.echo(f"{out} holds a token of {namespace}/{account} for at most {lifetime_s} s")
