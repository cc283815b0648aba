"""Container images without a registry or a builder: layers out of folders, in an archive of the OCI's image layout."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from systemd_hosts.places import run

_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}
_TYPE = "application/vnd.oci.image"
_WHEN = "1970-01-01T00:00:00Z"  # the same content gives the same digest


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a file system, as an uncompressed tar file."""

    file: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Image:
    """What a registry would have under ``name``; the first layer is the lowest."""

    name: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()


def layer(folder: Path, file: Path, without: Sequence[str] = ()) -> Layer:
    """Pack a folder, except the paths ``without``."""
    excluded = [f"--exclude=./{path}" for path in without]
    same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"]
    unfinished = file.with_suffix(".unfinished")
    run("tar", "--create", f"--file={unfinished}", f"--directory={folder}", *same, "--anchored", *excluded, ".")
    unfinished.rename(file)
    return read(file)


def read(file: Path) -> Layer:
    """A layer that was packed before."""
    with file.open("rb") as content:
        return Layer(file, hashlib.file_digest(content, "sha256").hexdigest())


def write(images: Sequence[Image], archive: Path) -> None:
    """Write an archive that ``ctr images import`` and ``skopeo`` read, in which images share their common layers."""
    layout = archive.with_suffix(".layout")
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    manifests = [_manifest(image, blobs) for image in images]
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    run("tar", "--create", f"--file={archive}", f"--directory={layout}", ".")
    shutil.rmtree(layout)


def _manifest(image: Image, blobs: Path) -> dict[str, object]:
    system = {"architecture": _ARCHITECTURE[platform.machine()], "os": "linux"}
    layers = []
    for one in image.layers:
        if not (blobs / one.digest).exists():
            (blobs / one.digest).hardlink_to(one.file)
        size = one.file.stat().st_size
        layers.append({"mediaType": f"{_TYPE}.layer.v1.tar", "digest": f"sha256:{one.digest}", "size": size})
    configuration = {
        **system,
        "created": _WHEN,
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": list(image.entrypoint),
        },
        "rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": _blob(configuration, f"{_TYPE}.config.v1+json", blobs),
        "layers": layers,
    }
    # containerd takes the whole name from its own annotation; the standard one is for a tag in one repository.
    names = {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": image.name.rpartition(":")[2]}
    return {**_blob(manifest, f"{_TYPE}.manifest.v1+json", blobs), "platform": system, "annotations": names}


def _blob(content: Mapping[str, object], kind: str, blobs: Path) -> dict[str, object]:
    text = json.dumps(content).encode()
    digest = hashlib.sha256(text).hexdigest()
    (blobs / digest).write_bytes(text)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(text)}
