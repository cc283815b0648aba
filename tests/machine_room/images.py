"""The images that a cluster's pods run: the names that kubeadm asks for, with the programs of its release in them."""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from control_plane.releases import REPOSITORY
from machine_room import programs
from machine_room.archive import Image, Layer, layer, read, write
from machine_room.nodes import CACHE
from systemd_hosts import tree
from systemd_hosts.places import run

WORKLOAD, WEB = "localhost/workload:1", "localhost/web:1"
FILES = Path(__file__).with_name("files")
CONTROLLER = REPOSITORY / "files/controller"
REQUIREMENTS = REPOSITORY / "roles/program/files/requirements.txt"
# One file system for every image that is more than static programs: pods can be looked into with its tools.
TOOLS = ("busybox-static", "conntrack", "curl", "iperf3", "iptables", "iputils-ping", "nftables", "nginx-light")
# Before an upgrade kubeadm asks for the version of pause, as of the original, and waits for the answer.
PAUSED = ("/bin/busybox", "sh", "-c", '[ "$0" = -v ] || exec /bin/busybox sleep infinity')
UNUSED = ("boot", "usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache", "var/lib/apt", "var/log")


def make(version: str, built: Path, folder: Path) -> None:
    """Write ``control-plane.tar``, which only its node needs, ``nodes.tar``, and beside each the names in it."""
    base = base_layer()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="images-") as work:
        names = _Names.of(version, built / "kubeadm")
        maker = _Maker(Path(work))
        etcd_tools = programs.etcd_tools(names.version("etcd"))
        etcd = {"etcd": built / "etcd", **{tool.name: tool for tool in etcd_tools.iterdir()}}
        kubernetes = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        of_control_plane = [maker.image(names.full(name), {name: built / name}) for name in kubernetes]
        _write([*of_control_plane, maker.image(names.full("etcd"), etcd)], folder / "control-plane.tar")
        coredns = {"/coredns": programs.coredns(names.version("coredns")) / "coredns"}
        web = maker.layer("web", {"/etc/nginx/nginx.conf": FILES / "nginx.conf"})
        of_nodes = [
            maker.image(names.full("pause"), {"/bin/busybox": _base() / "bin/busybox"}, PAUSED),
            maker.image(names.full("coredns"), coredns, ("/coredns",)),
            maker.image(names.full("kube-proxy"), {"kube-proxy": built / "kube-proxy"}, lower=(base,)),
            Image(WORKLOAD, (base,), ("sleep", "infinity")),
            Image(WEB, (base, web), ("nginx", "-g", "daemon off;")),
        ]
        _write(of_nodes, folder / "nodes.tar")


@dataclass(frozen=True, slots=True)
class _Names:
    """What kubeadm of a release calls its images, such as ``registry.k8s.io/coredns/coredns:v1.14.2``."""

    known: Sequence[str]

    @classmethod
    def of(cls, version: str, kubeadm: Path) -> _Names:
        command = [str(kubeadm), "config", "images", "list", f"--kubernetes-version=v{version}"]
        return cls(run(*command).split())

    def full(self, name: str) -> str:
        return next(known for known in self.known if f"/{name}:" in known)

    def version(self, name: str) -> str:
        """Without the packager's own number, as in ``etcd:3.6.8-0``."""
        return self.full(name).rpartition(":")[2].removeprefix("v").partition("-")[0]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes layers in a folder; a program without a path is put on ``PATH``."""

    work: Path

    def layer(self, name: str, files: Mapping[str, Path]) -> Layer:
        content = self.work / name
        for place, source in files.items():
            file = content / (place.removeprefix("/") if place.startswith("/") else f"usr/local/bin/{place}")
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, file)
        return layer(content, content.with_suffix(".tar"))

    def image(
        self, name: str, files: Mapping[str, Path], entrypoint: tuple[str, ...] = (), lower: tuple[Layer, ...] = ()
    ) -> Image:
        short = name.rpartition("/")[2].partition(":")[0]
        return Image(name, (*lower, self.layer(short, files)), entrypoint)


def _write(images: Sequence[Image], archive: Path) -> None:
    write(images, archive)
    archive.with_suffix(".yml").write_text(yaml.safe_dump([image.name for image in images]))


def base_layer() -> Layer:
    """Debian with ``TOOLS``, made once."""
    base = _base()
    file = CACHE / "layers" / f"{base.name}.tar"
    if file.exists():
        return read(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    return layer(base, file, UNUSED)


def detnet_recipe() -> list[str]:
    """What the image of the controller and the probe is made of."""
    sources = sorted(path for path in (CONTROLLER / "src").rglob("*") if path.suffix in {".py", ".yaml", ".typed"})
    return [REQUIREMENTS.read_text(), *(path.read_text() for path in sources), Path(__file__).read_text()]


def make_detnet(folder: Path) -> None:
    """Write ``detnet.tar``: the wheel of this checkout and what it needs, on the file system of the others."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="detnet-") as work:
        content = Path(work, "content")
        target = content / "usr/local/lib/python3.11/dist-packages"  # Python of the tree, whatever runs this
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run(*pip, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={work}", str(CONTROLLER))
        wheel = next(Path(work).glob("detnet_qos-*.whl"))
        foreign = ["--python-version=3.11", "--only-binary=:all:", f"--target={target}"]
        run(*pip, "install", *foreign, "--require-hashes", f"--requirement={REQUIREMENTS}")
        run(*pip, "install", *foreign, "--no-deps", str(wheel))
        starter = content / "usr/local/bin/detnet"
        starter.parent.mkdir(parents=True)
        starter.write_text("#!/usr/bin/python3\nimport sys\nfrom detnet.cli import main\nsys.exit(main())\n")
        starter.chmod(0o755)
        upper = layer(content, Path(work, "detnet.tar"))
        write([Image(detnet_name(), (base_layer(), upper), ("detnet",))], folder / "detnet.tar")


def detnet_name() -> str:
    """The roles' default name for the image of this version."""
    project = tomllib.loads((CONTROLLER / "pyproject.toml").read_text())["project"]
    return f"localhost/detnet-qos:{project['version']}"


def _base() -> Path:
    return tree.build(TOOLS)
