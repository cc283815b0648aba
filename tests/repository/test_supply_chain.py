"""What is installed is what was locked: pip refuses another file of the same name, and never takes a newer one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCKED = ["roles/program/files/build.txt", "roles/program/files/requirements.txt", "roles/lab/files/requirements.txt"]


def forged(folder: Path, name: str, version: str) -> None:
    """Put a wheel that installs and does nothing where pip looks for packages."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: forger\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def locked_version(path: str, name: str) -> str:
    """The version of a package in a lock file."""
    found = re.search(rf"^{name}==(\S+)", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found is not None, f"{path} does not lock {name}"
    return found[1]


def played(folder: Path, role: str, entry: str, variables: dict[str, object]) -> str:
    """Play an entry point on this machine, with ``folder/index`` as the only source of packages; return all it said."""
    task = {"ansible.builtin.include_role": {"name": f"detnet.qos.{role}", "tasks_from": entry}}
    book = folder / "playbook.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    known = {"ansible_python_interpreter": sys.executable, **variables}
    command = [Path(sys.executable).with_name("ansible-playbook"), "--inventory=localhost,", "--connection=local", book]
    done = subprocess.run(
        [*command, f"--extra-vars={json.dumps(known)}"],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
            "ANSIBLE_NOCOLOR": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(folder / "index"),
            "PIP_NO_CACHE_DIR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of packages that an attacker fills."""
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def test_the_wheel_is_built_by_a_locked_setuptools(tmp_path: Path, index: Path) -> None:
    """Neither a newer one nor another file of the locked version gets to run."""
    forged(index, "setuptools", "9999.0")
    forged(index, "setuptools", locked_version("roles/program/files/build.txt", "setuptools"))
    (tmp_path / "build").mkdir()
    told = played(tmp_path, "program", "build", {"__program_build_dir": {"path": str(tmp_path / "build")}})
    assert "DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in told, told
    assert not list((tmp_path / "build").glob("*.whl"))


def test_the_lab_installs_what_is_locked(tmp_path: Path, index: Path) -> None:
    """On the host, by the role's own list."""
    name = "annotated-types"
    forged(index, "annotated_types", locked_version("roles/lab/files/requirements.txt", name))
    told = played(tmp_path, "lab", "install", {"lab_venv": str(tmp_path / "venv")})
    assert "DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in told, told
    assert not (tmp_path / "venv/bin/detnet").exists()


@pytest.mark.parametrize("path", LOCKED)
def test_a_lock_agrees_with_what_the_tests_ran_with(path: str) -> None:
    """Each is compiled with requirements/dev.txt as a constraint; one that was forgotten would differ."""
    tested = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements/dev.txt").read_text(), flags=re.MULTILINE))
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert locked
    assert {name: tested.get(name) for name in locked} == locked


def test_every_pip_of_a_role_checks_hashes_or_installs_nothing_else() -> None:
    """``lab_pip_packages`` is what the operator names; all else is locked, or is one of this collection's own files."""
    loose = []
    for path in sorted(ROOT.glob("roles/*/tasks/*.yml")):
        for task in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
            pip = task.get("ansible.builtin.pip")
            if pip and not re.search(r"--require-hashes|--no-index", pip.get("extra_args", "")):
                loose.append((path.parent.parent.name, pip["name"]))
    assert loose == [("lab", "{{ lab_pip_packages }}")]
