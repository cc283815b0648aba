"""A controller outside the cluster has short-lived tokens, exchanged under the running process."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from control_plane import ControlPlane
from control_plane.credentials import write_kubeconfig
from detnet.cli import group
from detnet.kubernetes.client.api import Api, ApiRefused, ClusterAccess, connect
from support import wait_for

ACCOUNT, SECRET = "token-taker", "token-bond"


@pytest.fixture
def bond(real: Api, namespace: str) -> str:
    """The path of the Secret that tokens are bound to, beside a service account."""
    accounts, secrets = (f"/api/v1/namespaces/{namespace}/{kind}" for kind in ("serviceaccounts", "secrets"))
    real.request("POST", accounts, body={"metadata": {"name": ACCOUNT}})
    real.request("POST", secrets, body={"metadata": {"name": SECRET}})
    return f"{secrets}/{SECRET}"


def ask(plane: ControlPlane, namespace: str, out: Path, *more: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said or raised."""
    known = ["--kubeconfig", str(plane.kubeconfig), "--namespace", namespace, "--service-account", ACCOUNT]
    result = CliRunner().invoke(group, ["token", *known, "--out", str(out), *more])
    return result.exit_code, result.output + str(result.exception or "")


def test_a_token_proves_the_account_until_its_secret_goes(
    control_plane: ControlPlane, real: Api, namespace: str, bond: str, tmp_path: Path
) -> None:
    """The API server takes the token for the account's, and no longer when the Secret is deleted."""
    out = tmp_path / "token"
    assert ask(control_plane, namespace, out, "--secret", SECRET)[0] == 0
    plane = control_plane
    mine = write_kubeconfig(tmp_path / "kubeconfig", plane.url, plane.ca_file, out.read_text().strip())
    as_account = connect(ClusterAccess(mine))

    def status() -> int:
        try:
            as_account.request("GET", f"/api/v1/namespaces/{namespace}/pods")
        except ApiRefused as error:
            return error.status
        return 200

    assert status() == 403  # known, and without rights
    real.request("DELETE", bond)
    wait_for(lambda: status() == 401, what="the API server's memory of the token ends")  # 10 s
    as_account.close()


def test_a_token_is_exchanged_whole_and_not_for_everybody(
    control_plane: ControlPlane, namespace: str, bond: str, tmp_path: Path
) -> None:
    """The second token takes the first one's place by a new file, which others cannot read; nothing else is left."""
    out = tmp_path / "token"
    assert ask(control_plane, namespace, out)[0] == 0
    first = out.read_text()
    with out.open(encoding="utf-8") as reader:
        assert ask(control_plane, namespace, out, "--lifetime-s", "7200")[0] == 0
        assert reader.read() == first != out.read_text()
    assert stat.S_IMODE(out.stat().st_mode) & 0o007 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_what_cannot_be_had_is_reported(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    """An account that is not there, and a file that cannot be written; the old token stays in both cases."""
    out = tmp_path / "token"
    out.write_text("old")
    code, said = ask(control_plane, namespace, out)
    assert (code, out.read_text()) == (1, "old")
    assert f'serviceaccounts "{ACCOUNT}" not found' in said
    known = (control_plane, namespace, tmp_path / "nowhere" / "token", "--service-account", "default")
    assert re.search(r"cannot write the token to .*: No such file or directory", ask(*known)[1])
