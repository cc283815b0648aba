"""``detnet token``: a short-lived token for a controller outside the cluster."""

from __future__ import annotations

from pathlib import Path

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
    from detnet.kubernetes.client.api import ClusterAccess  # noqa: PLC0415 - keeps 'detnet --help' fast
    from detnet.kubernetes.client.connect import connect  # noqa: PLC0415
    from detnet.kubernetes.client.token_request import exchange, request_token  # noqa: PLC0415

    api = connect(ClusterAccess(kubeconfig))
    try:
        token = request_token(api, namespace, account, lifetime_s=lifetime_s, secret=secret)
    finally:
        api.close()
    exchange(out, token)
    click.echo(f"{out} holds a token of {namespace}/{account} for at most {lifetime_s} s")
