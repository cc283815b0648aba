"""Builds the programs from Debian's packages, once: bookworm's are the last that hold all of Kubernetes' source."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from control_plane.binaries import CACHE, PROGRAMS
from control_plane.debian import BuildError, Packages, run

RELEASE = "bookworm"
VERSION = "1.20.2"
GO = "golang-1.19"
# The vendored reflect2 1.0.1 crashes when it is built with Go >= 1.18 (https://github.com/modern-go/reflect2/issues/24).
REFLECT2 = "golang-github-modern-go-reflect2-dev"
NODE_PROGRAMS = ("kube-scheduler", "kube-proxy", "kubelet", "kubeadm")
OPENAPI = "pkg/generated/openapi"


def build(*, node_programs: bool = False) -> Path:
    """Make the programs that ``.cache/kubernetes/<version>/bin`` lacks and return that folder.

    Raises:
        BuildError: a step failed.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    target = CACHE / VERSION / "bin"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once: the second waits and finds everything there
        wanted = PROGRAMS + NODE_PROGRAMS if node_programs else PROGRAMS
        missing = [program for program in wanted if not (target / program).exists()]
        if missing:
            work = CACHE / "build"
            shutil.rmtree(work, ignore_errors=True)
            target.mkdir(parents=True, exist_ok=True)
            _make(missing, work, target)
            shutil.rmtree(work)
    return target


def _make(programs: Sequence[str], work: Path, target: Path) -> None:
    packages, root = Packages(RELEASE, work / "apt"), work / "root"
    with _step(f"fetching Debian {RELEASE}'s lists"):
        packages.update()
    with _step("unpacking etcd and Go"):
        packages.unpack(["etcd-server", f"{GO}-go", f"{GO}-src", REFLECT2], root)
        (root / "usr/bin/etcd").replace(target / "etcd")
    with _step("unpacking Kubernetes' source"):
        tree = _source_tree(packages, work, root)
    go = _Go(root / "usr/lib" / GO.replace("golang", "go"), work, tree)
    with _step("generating its API description (about 1 minute)"):
        go.build("./vendor/k8s.io/kube-openapi/cmd/openapi-gen", work / "openapi-gen")
        go.run(str(work / "openapi-gen"), *_openapi_arguments(tree, work))
    hint = " (minutes; the others reuse most of it)"
    for program in (program for program in programs if program != "etcd"):
        with _step(f"building {program}{hint}"):
            go.build(f"./cmd/{program}", work / program)
            (work / program).replace(target / program)
        hint = ""


class _Go:
    """Go as unpacked below our folder, building one tree in GOPATH mode: everything is vendored, nothing is fetched."""

    def __init__(self, goroot: Path, work: Path, tree: Path) -> None:
        self._go, self._tree = goroot / "bin" / "go", tree
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GO")},
            "GOROOT": str(goroot),
            "GOPATH": str(work / "gopath"),
            "GOCACHE": str(work / "gocache"),
            "GO111MODULE": "off",
            "CGO_ENABLED": "0",
            "PATH": f"{goroot / 'bin'}:{os.environ['PATH']}",
        }

    def build(self, package: str, output: Path) -> None:
        stamp = {"gitVersion": f"v{VERSION}", "gitMajor": "1", "gitMinor": VERSION.split(".")[1]}
        places = [f"k8s.io/kubernetes/vendor/k8s.io/{place}" for place in ("component-base", "client-go/pkg")]
        flags = [f"-X {place}/version.{name}={value}" for place in places for name, value in stamp.items()]
        self.run(str(self._go), "build", "-ldflags", " ".join(["-s -w", *flags]), "-o", str(output), package)

    def run(self, *command: str) -> None:
        run(command, self._tree, self._environment)


def _source_tree(packages: Packages, work: Path, root: Path) -> Path:
    packages.unpack_source("kubernetes", work / "source")
    tree, unpacked = work / "gopath/src/k8s.io/kubernetes", work / "source" / f"kubernetes-{VERSION}"
    if not unpacked.exists():
        raise BuildError(f"Debian {RELEASE} no longer has the source of Kubernetes {VERSION}: set KUBEBUILDER_ASSETS")
    tree.parent.mkdir(parents=True)
    unpacked.rename(tree)
    reflect2 = "github.com/modern-go/reflect2"
    shutil.rmtree(tree / "vendor" / reflect2)
    shutil.copytree(root / "usr/share/gocode/src" / reflect2, tree / "vendor" / reflect2)
    return tree


def _openapi_arguments(tree: Path, work: Path) -> list[str]:
    """What ``make generated_files`` passes; all other generated files are part of the source."""
    folders = set()
    for top in ("pkg", "cmd", "plugin", "staging/src/k8s.io"):
        for file in (tree / top).rglob("*.go"):
            folder = str(file.parent.relative_to(tree)).replace("staging/src", "vendor")
            examples = "k8s.io/code-generator/" in folder or "k8s.io/sample-apiserver/" in folder
            if not examples and not file.name.endswith("_test.go") and b"+k8s:openapi-gen=" in file.read_bytes():
                folders.add(f"k8s.io/kubernetes/{folder}")
    return [
        "--logtostderr",
        f"--input-dirs={','.join(sorted(folders))}",
        f"--output-package=k8s.io/kubernetes/{OPENAPI}",
        "--output-file-base=zz_generated.openapi",
        "--go-header-file=vendor/k8s.io/code-generator/hack/boilerplate.go.txt",
        f"--report-filename={work / 'openapi-violations'}",
    ]


@contextmanager
def _step(what: str) -> Iterator[None]:
    print(f"control-plane: {what} ...", end=" ", flush=True)
    started_s = time.monotonic()
    yield
    print(f"{time.monotonic() - started_s:.0f} s", flush=True)
