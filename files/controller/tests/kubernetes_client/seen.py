"""What a client shows to a cluster: API servers and a proxy that write down who asked them, and how."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detnet.kubernetes.access.identity import load
from detnet.kubernetes.access.kubeconfig import ClusterAccess, choose
from detnet.kubernetes.access.transport import Pool
from detnet.model.errors import UserError

_WHO = ("authorization", "impersonate")


@dataclass(frozen=True)
class Seen:
    """One request, as the server saw it: everything that says where it went and who sent it."""

    server: str
    path: str
    name: str | None
    certificate: str | None
    headers: tuple[tuple[str, str], ...]
    proxied: bool


@dataclass
class World:
    """The servers by name, and all that they have seen; ``ca`` vouches for them."""

    folder: Path
    ca: Path
    urls: dict[str, str] = field(default_factory=dict)
    proxy: str = ""
    seen: list[Seen] = field(default_factory=list)
    tunnels: set[int] = field(default_factory=set)

    def by_kubectl(self, kubectl: Path, files: str | None, context: str | None, *, flag: bool) -> Seen | None:
        """Return what kubectl shows, ``None`` where it refuses."""
        command: list[str | Path] = [kubectl, "--cache-dir", self.folder / "cache", "get", "--raw", "/version"]
        self.said = self._kubectl(command, files, context, flag=flag).stderr
        return self._last()

    def meant_by_kubectl(self, kubectl: Path, files: str | None, context: str | None) -> tuple[str, str] | None:
        """Return the server and the namespace that kubectl takes from the files, ``None`` where it refuses them."""
        command: list[str | Path] = [kubectl, "config", "view", "--minify", "--raw", "--flatten", "--output", "json"]
        done = self._kubectl(command, files, context, flag=False)
        if done.returncode != 0:
            return None
        view = json.loads(done.stdout)
        (cluster,), (here,) = view["clusters"], view["contexts"]
        return cluster["cluster"]["server"], here["context"].get("namespace") or "default"

    def _kubectl(
        self, command: list[str | Path], files: str | None, context: str | None, *, flag: bool
    ) -> subprocess.CompletedProcess[str]:
        if context is not None:
            command += ["--context", context]
        environment = {**os.environ, "HOME": str(self.folder / "home")}
        environment.pop("KUBECONFIG", None)
        if flag:
            command += ["--kubeconfig", str(files)]
        elif files is not None:
            environment["KUBECONFIG"] = files
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def by_us(self, access: ClusterAccess) -> Seen | None:
        """Return what our client shows; why it refuses is in ``said``."""
        self.said = ""
        try:
            chosen = choose(access)
            pool = Pool(load(chosen, access), "test")
            with pool.answer("GET", "/version", until_s=time.monotonic() + 5.0) as answer:
                answer.read(1000)
            pool.clear()
        except (UserError, OSError) as error:
            self.said = str(error)
        return self._last()

    def _last(self) -> Seen | None:
        last = self.seen[-1] if self.seen else None
        self.seen.clear()
        return last


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world: World, name: str, certificate: Path | None, clients: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world, self.name, self.asked_name = world, name, None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(clients)
            context.sni_callback = self._named
            self.socket = context.wrap_socket(self.socket, server_side=True)
        world.urls[name] = f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.server_port}"

    def _named(self, _socket: object, name: str | None, _context: object) -> None:
        self.asked_name = name

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that do not trust this server."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent."""

    def do_GET(self) -> None:
        shown = self.connection.getpeercert(binary_form=True) if isinstance(self.connection, ssl.SSLSocket) else None
        who = sorted((name.lower(), value) for name, value in self.headers.items() if name.lower().startswith(_WHO))
        world = self.server.world
        world.seen.append(
            Seen(
                self.server.name,
                self.path,
                self.server.asked_name,
                hashlib.sha256(shown).hexdigest() if shown else None,
                tuple(who),
                self.client_address[1] in world.tunnels,
            )
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


class _Proxy(http.server.BaseHTTPRequestHandler):
    """An HTTP proxy that opens tunnels."""

    world: World

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent."""

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), 5.0) as server:
            self.world.tunnels.add(server.getsockname()[1])
            self.send_response(200)
            self.end_headers()
            pipe(self.connection, server)


def pipe(first: socket.socket, second: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    other = {first: second, second: first}
    while True:
        for ready in select.select([first, second], [], [], 10.0)[0] or [None]:
            data = ready.recv(65536) if ready is not None else b""
            if not data:
                return
            other[ready].sendall(data)


@contextmanager
def running(folder: Path, make: Callable[..., Path], names: Mapping[str, bool]) -> Iterator[World]:
    """Run a server for each of ``names`` (with TLS or without) and a proxy; ``make`` writes certificates."""
    certificate, clients = make(folder / "server.pem"), folder / "clients.pem"
    clients.write_bytes(b"".join(make(folder / f"client{each}.pem").read_bytes() for each in "12"))
    (folder / "home").mkdir()
    world = World(folder, certificate)
    servers: list[http.server.HTTPServer] = [
        _Server(world, name, certificate if tls else None, clients) for name, tls in names.items()
    ]
    servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("_", (_Proxy,), {"world": world})))
    world.proxy = f"http://127.0.0.1:{servers[-1].server_port}"
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield world
    finally:
        for server in servers:
            server.shutdown()
            with contextlib.suppress(OSError):
                server.server_close()
