"""The ways into the project: a checkout as root, a checkout as a user with sudo, the built collection."""

from __future__ import annotations

import time

from fresh_machines.machine import USER, Machine
from fresh_machines.readme import CHECKOUT, commands, prerequisites
from fresh_machines.steps import Steps

BUNDLE, ASSETS, NAMESPACE, WORKLOAD = "/srv/detnet-qos.bundle", "/srv/kubernetes", "robot-factory", "nightly-backup"
NODES = ("node1", "node2", "node3")  # of inventories/three_node; the probe's paths name them
PICTURE_S = 180.0  # what the quick start promises, from the clone to the picture
_APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq"
_SHORT = "DURATION=20"
# A part of each kind: properties of the core, modules on an API server, whole playbooks. Unit tests run besides.
_TESTS = (
    "files/controller/tests/control",
    "tests/modules/test_adhoc.py",
    "tests/playbooks/test_missing_collections.py",
)
_INVENTORY = """
all: {hosts: {localhost: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}}}
lab: {hosts: {localhost: {}}}
"""
_REFUSED = "kubernetes.core >=6.0.0,<7.0.0 (not installed), nothing was changed: run"


def prepare(steps: Steps, machine: Machine) -> None:
    """Install what the README says must be there, and nothing else."""
    needs = " ".join(prerequisites((CHECKOUT / "README.md").read_text(encoding="utf-8")))
    steps.make(machine, f"{_APT} update && {_APT} install -y --no-install-recommends {needs}")


def as_root(steps: Steps, machine: Machine) -> None:
    """The quick start as it is written; then in the other order, in a second clone."""
    lab, test = commands((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    began_s = time.monotonic()
    _clone(steps, machine, "first")
    steps.make(machine, lab, folder="first")
    steps.make(machine, "test -s out/lab/report.png", folder="first")
    from_nothing_s = time.monotonic() - began_s
    print(f"{machine.host.name}: from the clone to out/lab/report.png", end=" ")
    steps.record(
        machine.host.name, f"from the clone to the picture, promised in {PICTURE_S:.0f} s", from_nothing_s, well=True
    )
    steps.make(machine, f"{test} {_only()}", folder="first")
    _clone(steps, machine, "second")
    steps.make(machine, f"{test} {_only()}", folder="second")
    steps.make(machine, f"{lab} {_SHORT}", folder="second")


def as_user(steps: Steps, machine: Machine) -> None:
    """A user is told what needs root, and has a checkout of his own after sudo."""
    lab, test = commands((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    folder = "third"
    _clone(steps, machine, "third", user=USER)
    told = "The lab needs Debian or Ubuntu and root"
    steps.make(machine, f"{lab} {_SHORT}", user=USER, folder=folder, says=told, refused=True)
    steps.make(machine, f"sudo {lab} {_SHORT}", user=USER, folder=folder)
    steps.make(machine, f"{test} {_only()}", user=USER, folder=folder)


def collection(steps: Steps, machine: Machine, kubeconfig: str) -> None:
    """The tarball in an empty path, beside ansible-core alone and then beside the declared dependencies."""
    _clone(steps, machine, "built")
    steps.make(machine, f"{_APT} install -y --no-install-recommends python3-venv")
    core = "python3 -m venv /opt/core && /opt/core/bin/pip install --quiet ansible-core"
    steps.make(machine, core)
    steps.make(machine, "/opt/core/bin/ansible-galaxy collection build --output-path /srv/built", folder="built")
    installing = "ansible-galaxy collection install --no-deps /srv/built/detnet-qos-*.tar.gz"
    steps.make(machine, f"/opt/core/bin/{installing}")
    (machine.host.root / "srv/elsewhere").mkdir()
    (machine.host.root / "srv/elsewhere/lab.yml").write_text(_INVENTORY)
    _beside_core_alone(steps, machine)
    full = "python3 -m venv /opt/full && /opt/full/bin/pip install --quiet ansible kubernetes"
    steps.make(machine, full)
    _on_a_cluster(steps, machine, kubeconfig)


def _beside_core_alone(steps: Steps, machine: Machine) -> None:
    lab = "-i lab.yml -e lab_duration_s=20"
    _ansible(steps, machine, "core", f"ansible-playbook {lab} detnet.qos.lab")
    _ansible(steps, machine, "core", "test -s /var/tmp/detnet-lab/report.png")
    _ansible(steps, machine, "core", f"ansible {lab} localhost -m ansible.builtin.include_role -a name=detnet.qos.lab")
    cluster = "~/.ansible/collections/ansible_collections/detnet/qos/inventories/three_node"
    _ansible(steps, machine, "core", f"ansible-playbook -i {cluster} detnet.qos.site", says=_REFUSED, refused=True)
    told = "there is no kubeconfig at"
    module = f"ansible localhost -m detnet.qos.bandwidth_info -a namespace={NAMESPACE}"
    _ansible(steps, machine, "core", module, says=told, refused=True)


def _on_a_cluster(steps: Steps, machine: Machine, kubeconfig: str) -> None:
    cluster = "-i ~/.ansible/collections/ansible_collections/detnet/qos/inventories/three_node"
    stack = f"--tags stack --skip-tags cilium,policies,monitoring --check -e detnet_kubeconfig={kubeconfig}"
    _ansible(steps, machine, "full", f"ansible-playbook {cluster} detnet.qos.site {stack}", says="failed=0")
    known = f"K8S_AUTH_KUBECONFIG={kubeconfig}"
    workload = f"name={WORKLOAD} namespace={NAMESPACE}"
    capping = f"ansible localhost -m detnet.qos.bandwidth -a '{workload} state=present rate=20M'"
    _ansible(steps, machine, "full", f"{known} {capping}", says="localhost | CHANGED")
    looking = f"ansible localhost -m detnet.qos.bandwidth_info -a '{workload}'"
    _ansible(steps, machine, "full", f"{known} {looking}", says='"allowed": "20M"')
    giving_back = f"ansible localhost -m detnet.qos.bandwidth -a '{workload} state=absent'"
    _ansible(steps, machine, "full", f"{known} {giving_back}", says="localhost | CHANGED")
    role = "ansible localhost --check -m ansible.builtin.include_role -a name=detnet.qos.controller_access"
    _ansible(steps, machine, "full", f"{known} {role}")


def _ansible(  # noqa: PLR0913 - a step's own arguments
    steps: Steps, machine: Machine, environment: str, script: str, *, says: str = "", refused: bool = False
) -> None:
    activated = f". /opt/{environment}/bin/activate && {script}"
    steps.make(machine, activated, folder="/srv/elsewhere", says=says, refused=refused)


def _clone(steps: Steps, machine: Machine, folder: str, *, user: str = "root") -> None:
    steps.make(machine, f"git clone --quiet {BUNDLE} {folder}", user=user)


def _only() -> str:
    return f"KUBEBUILDER_ASSETS={ASSETS} TESTS='{' '.join(_TESTS)}'"
