"""A module asks the cluster that kubectl would ask, as the same user, and says which one that was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubernetes_client import seen
from kubernetes_client.certificates import self_signed
from kubernetes_client.seen import World
from modules.running import PACKAGE, Collection


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two API servers with TLS, and one without."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with seen.running(tmp_path, self_signed, {"test": True, "production": True, "plain": False}) as world:
        yield world


def _config(world: World, name: str, user: dict[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    """A kubeconfig whose context, cluster and user are called the same in all of them but for the context."""
    entry = {"server": world.urls[name], "certificate-authority": str(world.ca), **cluster}
    return {
        "current-context": f"plant-{name}",
        "contexts": [{"name": f"plant-{name}", "context": {"cluster": "plant", "user": "admin"}}],
        "clusters": [{"name": "plant", "cluster": {key: value for key, value in entry.items() if value is not None}}],
        "users": [{"name": "admin", "user": user or {"token": name}}],
    }


def _file(world: World, name: str, **more: Any) -> str:
    path = world.folder / f"{name}.yml"
    path.write_text(json.dumps(_config(world, name, **more)))
    return str(path)


def _asked(collection: Collection, world: World, **options: object) -> tuple[dict[str, Any], str, dict[str, str]]:
    """Return what the module says, which server it asked, and how it proved who it is."""
    result = collection.module("api_info", path="/version", **options)
    assert result["failed"] is False, result["msg"]
    (request,) = world.seen
    world.seen.clear()
    return result, request.server, dict(request.headers)


def _refused(collection: Collection, world: World, **options: object) -> str:
    result = collection.module("api_info", path="/version", **options)
    assert result["failed"] is True
    assert "exception" not in result
    assert world.seen == []
    return str(result["msg"])


def test_of_several_files_the_first_names_the_cluster(collection: Collection, world: World) -> None:
    """In the option, in its variable and in kubectl's; the result says which it was."""
    files = f"{_file(world, 'test')}:{_file(world, 'production')}"
    result, server, who = _asked(collection, world, kubeconfig=files)
    assert (server, who) == ("test", {"authorization": "Bearer test"})
    told = {"context": "plant-test", "server": world.urls["test"], "found_in": f"the kubeconfig {files}"}
    told["kubernetes_core"] = "of several kubeconfigs their last one wins, and not the first: name one"
    assert result["cluster"] == told
    for variable in ("K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
        assert _asked(collection, world, variables={variable: files})[0]["cluster"] == told


def test_a_kubeconfig_acts_as_it_says(collection: Collection, world: World) -> None:
    """The Python client drops ``as``: the administrator acted, silently. A task may name somebody else."""
    path = _file(world, "test", user={"token": "t", "as": "system:serviceaccount:cell-1:nobody"})
    result, _server, who = _asked(collection, world, kubeconfig=path)
    assert who["impersonate-user"] == "system:serviceaccount:cell-1:nobody" == result["cluster"]["acting_as"]
    assert "name that user in K8S_AUTH_IMPERSONATE_USER" in result["cluster"]["kubernetes_core"]
    who = _asked(collection, world, kubeconfig=path, impersonate_user="ann", impersonate_groups=["a"])[2]
    assert who == {"authorization": "Bearer t", "impersonate-user": "ann", "impersonate-group": "a"}


def test_the_content_of_a_kubeconfig_will_do(collection: Collection, world: World) -> None:
    """Such as a vault's."""
    result, server, _who = _asked(collection, world, kubeconfig=_config(world, "production"))
    assert server == "production"
    assert "kubernetes_core" not in result["cluster"]


def test_options_take_the_place_of_the_kubeconfigs(collection: Collection, world: World) -> None:
    """Each by itself; a host with credentials needs no kubeconfig, and a variable is an option."""
    path = _file(world, "test")
    ca, host = str(world.ca), world.urls["production"]
    assert _asked(collection, world, kubeconfig=path, host=host)[1:] == ("production", {"authorization": "Bearer test"})
    assert _asked(collection, world, kubeconfig=path, api_key="key-7")[2] == {"authorization": "Bearer key-7"}
    by_name = {"username": "ann", "password": "pass-7"}
    basic = _asked(collection, world, kubeconfig=path, **by_name)[2]
    assert basic == {"authorization": "Basic YW5uOnBhc3MtNw=="}
    alone = _asked(collection, world, host=host, ca_cert=ca, api_key="key-7")
    assert alone[1:] == ("production", {"authorization": "Bearer key-7"})
    assert alone[0]["cluster"] == {"context": "", "server": host, "found_in": "the task's options"}
    by_variable = _asked(collection, world, host=host, ca_cert=ca, variables={"K8S_AUTH_API_KEY": "key-8"})
    assert by_variable[2] == {"authorization": "Bearer key-8"}


def test_credentials_are_not_shown_to_whoever_answers(collection: Collection, world: World) -> None:
    """A server that nobody checks, or one without TLS, is asked only by name, with a warning."""
    path = _file(world, "test", **{"certificate-authority": None, "insecure-skip-tls-verify": True})
    told = _refused(collection, world, kubeconfig=path)
    assert "skips the check of the server's certificate (insecure-skip-tls-verify)" in told
    assert "or set validate_certs to false" in told
    result, server, _who = _asked(collection, world, kubeconfig=path, validate_certs=False)
    assert server == "test"
    (warning,) = result["warnings"]
    assert "skips the check of the server's certificate" in warning
    plain = _refused(collection, world, host="http://192.0.2.1:8080", api_key="key-7")
    assert "shows credentials to whoever is on the way to http://192.0.2.1:8080" in plain
    assert _asked(collection, world, host=world.urls["plain"], api_key="key-7")[1] == "plain"  # stays on this machine


def test_half_of_a_pair_is_refused(collection: Collection, world: World) -> None:
    """It would be ignored otherwise."""
    path = _file(world, "test")
    assert "belong together" in _refused(collection, world, kubeconfig=path, client_cert=str(world.ca))
    assert "say as whom" in _refused(collection, world, kubeconfig=path, impersonate_groups=["a"])


def test_a_module_runs_without_the_python_client(collection: Collection, world: World) -> None:
    """Nor does it look for kubernetes.core; where they are installed they are not touched."""
    blocked = "kubernetes", "urllib3", "ansible_collections.kubernetes"
    code = f"import runpy, sys\nsys.modules.update(dict.fromkeys({blocked!r}))\n"
    code += f"runpy.run_module({PACKAGE + '.api_info'!r}, run_name='__main__')"
    passed = {"ANSIBLE_MODULE_ARGS": {"path": "/version", "kubeconfig": _file(world, "test")}}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(passed),
        env={**os.environ, "PYTHONPATH": str(collection.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["answer"] == {}, done.stdout + done.stderr


def test_a_failure_names_the_cluster_as_well(collection: Collection, world: World) -> None:
    """Above all then it matters where it was."""
    path = _file(world, "test", **{"certificate-authority": None})
    result = collection.module("api_info", path="/version", kubeconfig=path)
    assert result["failed"] is True
    assert "shows a certificate that is not valid here" in result["msg"]
    assert result["cluster"]["context"] == "plant-test"
