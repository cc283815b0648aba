"""The built collection works where it is installed: nothing of the checkout is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CORE = sorted(path.name for path in (ROOT / "plugins/module_utils/model").glob("*.py"))


def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Return what a command printed; its own words are the failure's message."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _tracked() -> list[str]:
    listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    return [name for name in listed.split("\0") if name and os.path.lexists(ROOT / name)]


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection from what git knows."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in _tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    _run(BIN / "ansible-galaxy", "collection", "build", "--output-path", built, cwd=source)
    return next(built.glob("detnet-qos-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it into an empty path and return that path."""
    path = tmp_path_factory.mktemp("installed")
    _run(BIN / "ansible-galaxy", "collection", "install", "--offline", "-p", path, tarball, cwd=path)
    return path


def test_the_tarball_holds_no_tool_of_the_checkout(tarball: Path) -> None:
    """Users get roles, plugins, playbooks and documents; tests and build tools stay in the repository."""
    with tarfile.open(tarball) as archive:
        tops = {name.split("/")[0] for name in archive.getnames()}
    assert {"roles", "plugins", "playbooks", "files", "meta", "README.md", "LICENSE", "CHANGELOG.md"} <= tops
    assert tops.isdisjoint({".git", ".venv", ".cache", ".ci", "scripts", "requirements", "tests", "out", "Makefile"})


def test_the_links_of_the_core_survive_the_installation(installed: Path) -> None:
    """Each is still a link and still resolves, so the controller can be built from an installed collection."""
    core = installed / "ansible_collections/detnet/qos/files/controller/src/detnet/model"
    links = sorted(core.glob("*.py"))
    assert [link.name for link in links] == CORE
    assert all(link.is_symlink() and link.resolve(strict=True).is_file() for link in links)


def test_the_installed_core_imports_without_the_checkout(installed: Path) -> None:
    """The import a module makes works from the installed path alone."""
    code = (
        "from ansible_collections.detnet.qos.plugins.module_utils.model.rate import Rate; print(Rate.parse('100M').bps)"
    )
    assert _run(sys.executable, "-c", code, cwd=installed, PYTHONPATH=str(installed)).strip() == "100000000"


def test_ansible_lists_its_roles_and_playbooks(installed: Path) -> None:
    """``ansible-doc`` finds every role with its arguments, and a playbook runs by its qualified name."""
    paths = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    listed = json.loads(_run(BIN / "ansible-doc", "-t", "role", "-l", "-j", "detnet.qos", cwd=installed, **paths))
    assert set(listed) == {f"detnet.qos.{path.name}" for path in (ROOT / "roles").iterdir() if path.is_dir()}
    inventory = ROOT / "inventories/lab/hosts.yml"
    _run(BIN / "ansible-playbook", "-i", inventory, "--syntax-check", "detnet.qos.lab", cwd=installed, **paths)


def test_a_module_of_the_installed_collection_is_documented_and_runs(installed: Path) -> None:
    """All that it imports is in the tarball; what it says first needs no cluster."""
    paths = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    modules = [f"detnet.qos.{path.stem}" for path in sorted((ROOT / "plugins/modules").glob("*.py"))]
    documented = json.loads(_run(BIN / "ansible-doc", "-j", *modules, cwd=installed, **paths))
    talking = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]["k8s"]
    assert all("kubeconfig" in documented[f"detnet.qos.{name}"]["doc"]["options"] for name in talking)
    arguments = {"ANSIBLE_MODULE_ARGS": {"namespace": "robot-factory"}}
    (installed / "arguments.json").write_text(json.dumps(arguments), encoding="utf-8")
    module = "ansible_collections.detnet.qos.plugins.modules.bandwidth"
    command = [sys.executable, "-m", module, str(installed / "arguments.json")]
    told = subprocess.run(
        command,
        cwd=installed,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(told.stdout)["msg"] == "one of the following is required: name, label_selector"
