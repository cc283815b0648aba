"""Archives of images are what container runtimes read, and say the same of the same content."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from machine_room.archive import Image, layer, write


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two images on one layer."""
    content = tmp_path / "content"
    (content / "etc").mkdir(parents=True)
    (content / "etc/hostname").write_text("here\n")
    (content / "unused").mkdir()
    base = layer(content, tmp_path / "base.tar", ["unused"])
    images = [Image("k8s.gcr.io/pause:3.2", (base,), ("/pause",)), Image("localhost/workload:1", (base,))]
    write(images, tmp_path / "images.tar")
    return tmp_path / "images.tar"


def _read(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        files = {member.name: opened.extractfile(member) for member in opened if member.isfile()}
        return {name.removeprefix("./"): file.read() for name, file in files.items() if file}


def test_every_blob_has_the_digest_that_its_name_says(archive: Path) -> None:
    """A runtime checks them all, and refuses the archive for one that differs."""
    blobs = {name: content for name, content in _read(archive).items() if name.startswith("blobs/")}
    assert len(blobs) == 5  # a layer for both, two configurations, two manifests
    for name, content in blobs.items():
        assert name == f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


def test_images_have_their_full_names_and_share_their_layer(archive: Path) -> None:
    """Containerd takes the name from its annotation; the layer is stored once."""
    files = _read(archive)
    manifests = json.loads(files["index.json"])["manifests"]
    names = [manifest["annotations"]["io.containerd.image.name"] for manifest in manifests]
    assert names == ["k8s.gcr.io/pause:3.2", "localhost/workload:1"]
    read = [json.loads(files[f"blobs/sha256/{one['digest'].removeprefix('sha256:')}"]) for one in manifests]
    assert read[0]["layers"] == read[1]["layers"]


def test_the_same_content_makes_the_same_layer(tmp_path: Path) -> None:
    """Neither the time nor what is left out changes the digest, so hosts that have the layer keep it."""
    digests = set()
    for number in range(2):
        content = tmp_path / str(number)
        (content / "var/cache").mkdir(parents=True)
        (content / "file").write_text("same")
        (content / "var/cache/lists").write_text(str(number))
        digests.add(layer(content, tmp_path / f"{number}.tar", ["var/cache"]).digest)
    assert len(digests) == 1
