"""The commands of the controller: run it, take its caps off, ask what it would do, and its configuration and token.

Each imports what it needs when it is called, so that ``detnet --help`` stays fast.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from detnet.config.load import Loaded
    from detnet.config.models import Settings

F = TypeVar("F", bound=Callable[..., object])


def config_options(function: F) -> F:
    """Add ``--config`` and ``--env-file``."""
    function = click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        help="Read variables from this file too; the environment wins over it.",
    )(function)
    return click.option(
        "-c",
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        envvar="DETNET_CONFIG",
        help="The YAML configuration; without it, the environment and the defaults.",
    )(function)


def _load(config_file: Path | None, env_file: Path | None) -> Loaded:
    """Return the configuration; what a person should look at goes to stderr."""
    from detnet.config.load import load  # noqa: PLC0415

    loaded = load(config_file, dotenv_path=env_file)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return loaded


@click.command("run")
@config_options
@click.option("--observe", is_flag=True, help="Decide and record, but change no cap (shadow mode).")
def run(config_file: Path | None, env_file: Path | None, *, observe: bool) -> None:
    """Run the control loop until SIGTERM; SIGHUP reads the configuration again.

    The caps in force when it stops stay in force: an ended controller must not open the link. Remove them with
    'detnet release'.
    """
    from detnet.runtime.service import serve  # noqa: PLC0415

    serve(config_file, env_file, observe=observe)


@click.command("release")
@config_options
def release(config_file: Path | None, env_file: Path | None) -> None:
    """Remove our caps and restore what was there before us.

    Stop 'detnet run' first: a running controller would put them back.
    """
    settings = _load(config_file, env_file).settings
    click.echo(_release_cluster(settings) if settings.actuator.kind == "kubernetes" else _release_host(settings))


def _release_host(settings: Settings) -> str:
    from detnet.actuators.base import ActuationError  # noqa: PLC0415
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.runtime.build import build_actuator  # noqa: PLC0415

    actuator = build_actuator(settings)
    try:
        before = actuator.read()
        actuator.release()
    except ActuationError as error:
        raise UserError(str(error)) from error
    finally:
        actuator.close()
    capped = [f"{name} (was {cap})" for name, cap in before.items() if cap is not None]
    return f"released: {', '.join(capped)}" if capped else "nothing to release: no cap of ours was in force"


def _release_cluster(settings: Settings) -> str:
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.runtime.build_kubernetes import release_cluster  # noqa: PLC0415

    released = release_cluster(settings, lambda cluster: click.echo(f"the cluster is {cluster}"))
    restored = f"{released.pods} pods and {released.templates} pod templates are as they were before"
    if released.left:
        raise UserError(f"{restored}; these still carry something of ours: {'; '.join(released.left)}")
    return (
        f"released: {restored}" if released.pods or released.templates else "nothing to release: no pod carries our cap"
    )


@click.command("decide")
@config_options
@click.option("--latency", multiple=True, metavar="WORKLOAD=TIME", help="p95 latency, such as robot-control=3.2ms.")
@click.option("--jitter", multiple=True, metavar="WORKLOAD=TIME", help="p95 delay over the uncongested path.")
@click.option("--loss", multiple=True, metavar="WORKLOAD=SHARE", help="Lost probes, such as robot-control=0.5%.")
@click.option("--budget", metavar="RATE", help="What best effort may send now, such as 80M; default: the maximum.")
@click.option("--sending", metavar="RATE", help="What best effort sends now, where it is counted.")
@click.option("--live", is_flag=True, help="Measure with the configured source instead of giving numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print the decision with all its terms as JSON.")
def decide(  # noqa: PLR0913 - one parameter for each option
    *,
    config_file: Path | None,
    env_file: Path | None,
    latency: tuple[str, ...],
    jitter: tuple[str, ...],
    loss: tuple[str, ...],
    budget: str | None,
    sending: str | None,
    live: bool,
    as_json: bool,
) -> None:
    """Make one decision with the controller's own core and print it; no cap is changed.

    Example: detnet decide --jitter robot-factory-deployment=3.5ms --budget 400M
    """
    from detnet.runtime.one_shot import ManualOptions, decide_once  # noqa: PLC0415
    from detnet.telemetry.json_lines import encode  # noqa: PLC0415
    from detnet.telemetry.passes import decision_entry  # noqa: PLC0415

    given = ManualOptions(latency=latency, jitter=jitter, loss=loss, budget=budget, sending=sending, live=live)
    decision, caps = decide_once(_load(config_file, env_file).settings, given)
    if as_json:
        click.echo(encode({**decision_entry(decision), "caps_bps": caps}), nl=False)
        return
    click.echo(decision.reason)
    for finding in decision.findings:
        click.echo(f"  {finding.verdict.value:<10}  {finding}")
    for name, cap in caps.items():
        click.echo(f"  cap         {name} {cap.quantity}")


@click.group("config")
def config() -> None:
    """Check and explain a configuration."""


@config.command("check")
@config_options
@click.option(
    "--capacity", metavar="RATE", help="Of the bottleneck, such as 100M: tells which objectives a burst breaks."
)
def check(config_file: Path | None, env_file: Path | None, *, capacity: str | None) -> None:
    """Report every mistake at once; without one, what the configuration promises and where each value came from."""
    from detnet.cli.burst import burst_warnings  # noqa: PLC0415
    from detnet.config.explain import explain  # noqa: PLC0415
    from detnet.runtime.build import check as check_parts  # noqa: PLC0415

    loaded = _load(config_file, env_file)
    check_parts(loaded.settings)
    for warning in burst_warnings(loaded.settings, capacity):
        click.echo(f"warning: {warning}", err=True)
    click.echo(explain(loaded))


@config.command("schema")
def schema() -> None:
    """Print the JSON schema of the configuration file, for editors."""
    import json  # noqa: PLC0415

    from detnet.config.models import Settings  # noqa: PLC0415

    click.echo(json.dumps(Settings.model_json_schema(), indent=2))


@click.command("token")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Who asks; as for kubectl when left out.")
@click.option("--namespace", default="detnet-system", show_default=True, help="Of the service account.")
@click.option("--service-account", "account", default="detnet-controller", show_default=True, help="Whose token.")
@click.option("--secret", help="A Secret of the namespace that the token is bound to: without it, it is worth nothing.")
@click.option("--lifetime-s", type=click.IntRange(min=600), default=3600, show_default=True, help="How long it holds.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to exchange.")
def token(  # noqa: PLR0913 - one parameter per option
    *, kubeconfig: Path | None, namespace: str, account: str, secret: str | None, lifetime_s: int, out: Path
) -> None:
    """Ask the API server for a token and put it in the place of an older one.

    A kubeconfig with 'tokenFile' reads it at each request, so that a running controller needs no restart.
    """
    # Inside a cluster the kubelet asks for a pod's token in time; this is the same request for everybody else
    # (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/).
    from detnet.kubernetes.client.api import ClusterAccess, connect  # noqa: PLC0415
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.telemetry.disk import replace_file  # noqa: PLC0415

    spec: dict[str, Any] = {"expirationSeconds": lifetime_s}
    if secret is not None:
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Secret", "name": secret}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    api = connect(ClusterAccess(kubeconfig))
    click.echo(f"the cluster is {api.cluster}")
    try:
        token = api.request("POST", path, body=body)["status"]["token"]
    finally:
        api.close()
    try:
        replace_file(out, f"{token}\n".encode(), mode=0o640)
    except OSError as error:
        raise UserError(f"cannot write the token to {out}: {error.strerror or error}") from error
    click.echo(f"{out} holds a token of {namespace}/{account} for at most {lifetime_s} s")
