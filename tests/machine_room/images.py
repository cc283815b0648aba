"""The images that a cluster's pods run: Kubernetes' own names, with what this machine and Debian have in them."""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from control_plane.binaries import REPOSITORY
from control_plane.build import VERSION
from machine_room import debian
from machine_room.archive import Image, Layer, layer, read, write
from machine_room.nodes import CACHE
from systemd_hosts import tree
from systemd_hosts.places import run

REGISTRY = "k8s.gcr.io"
# What kubeadm config images list --kubernetes-version v1.20.2 says.
PAUSE, ETCD, COREDNS = "3.2", "3.4.13-0", "1.7.0"
WORKLOAD, WEB = "localhost/workload:1", "localhost/web:1"
FILES = Path(__file__).with_name("files")
CONTROLLER = REPOSITORY / "files/controller"
REQUIREMENTS = REPOSITORY / "roles/program/files/requirements.txt"
# One file system for every image that is more than a single static program: pods can be looked into with its tools.
TOOLS = ("busybox-static", "conntrack", "curl", "iperf3", "iptables", "iputils-ping", "nftables", "nginx-light")
# Before an upgrade kubeadm asks for the version of pause, as of the original, and waits for the answer.
PAUSED = ("/bin/busybox", "sh", "-c", '[ "$0" = -v ] || exec /bin/busybox sleep infinity')
UNUSED = ("boot", "usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache", "var/lib/apt", "var/log")


def make(programs: Path, folder: Path) -> None:
    """Write ``control-plane.tar``, which only its node needs, and ``nodes.tar``."""
    base = base_layer()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="images-") as work:
        tools = debian.unpack("etcd-client", Path(work, "etcd-client"))
        of_etcd = _files({"usr/local/bin/etcdctl": tools / "usr/bin/etcdctl"}, Path(work, "etcdctl"))
        etcd = _program(programs / "etcd", ETCD, Path(work), (base, of_etcd))
        write([*_of_control_plane(programs, VERSION, Path(work)), etcd], folder / "control-plane.tar")
        dns = _files({"coredns": FILES / "dns"}, Path(work, "coredns"))
        web = _files({"etc/nginx/nginx.conf": FILES / "nginx.conf"}, Path(work, "web"))
        busybox = _files({"bin/busybox": _base() / "bin/busybox"}, Path(work, "pause"))
        of_all = [
            Image(f"{REGISTRY}/pause:{PAUSE}", (busybox,), PAUSED),
            Image(f"{REGISTRY}/coredns:{COREDNS}", (base, dns), ("/usr/bin/python3", "/coredns")),
            _program(programs / "kube-proxy", f"v{VERSION}", Path(work), (base,)),
            Image(WORKLOAD, (base,), ("sleep", "infinity")),
            Image(WEB, (base, web), ("nginx", "-g", "daemon off;")),
        ]
        write(of_all, folder / "nodes.tar")


def make_next(programs: Path, folder: Path, version: str) -> None:
    """Write ``images.tar``: what an upgrade to another version changes; the rest stays."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="images-") as work:
        proxy = _program(programs / "kube-proxy", f"v{version}", Path(work), (base_layer(),))
        write([*_of_control_plane(programs, version, Path(work)), proxy], folder / "images.tar")


def _of_control_plane(programs: Path, version: str, work: Path) -> list[Image]:
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    return [_program(programs / name, f"v{version}", work) for name in names]


def _program(program: Path, tag: str, work: Path, lower: tuple[Layer, ...] = ()) -> Image:
    upper = _files({f"usr/local/bin/{program.name}": program}, work / program.name)
    return Image(f"{REGISTRY}/{program.name}:{tag}", (*lower, upper))


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


def _files(files: Mapping[str, Path], work: Path) -> Layer:
    for place, source in files.items():
        file = work / place
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, file)
    return layer(work, work.with_suffix(".tar"))
