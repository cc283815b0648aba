"""Name resolution that never blocks the measuring loop."""

from __future__ import annotations

import socket
import threading

from detnet.probe.sockets import Address


class Lookup:
    """One name resolution; a name that is no address is resolved in a thread, because getaddrinfo(3) may take long."""

    def __init__(self, host: str, port: int, kind: int) -> None:
        self.addresses: list[tuple[int, Address]] = []
        self.failure = 0
        self.done = False
        try:
            self._resolve(host, port, kind, socket.AI_NUMERICHOST)
        except socket.gaierror:
            threading.Thread(target=self._work, args=(host, port, kind), daemon=True).start()

    def _work(self, host: str, port: int, kind: int) -> None:
        try:
            self._resolve(host, port, kind, 0)
        except (OSError, UnicodeError) as error:  # gaierror is an OSError; UnicodeError: no valid host name
            self.failure = getattr(error, "errno", None) or socket.EAI_NONAME
            self.done = True

    def _resolve(self, host: str, port: int, kind: int, flags: int) -> None:
        found = socket.getaddrinfo(host, port, type=kind, flags=flags)
        self.addresses = [(family, address) for family, _, _, _, address in found]
        self.done = True
