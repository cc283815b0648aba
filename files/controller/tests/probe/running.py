"""The real commands as processes, and peers that misbehave."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from support import wait_for

DETNET = (sys.executable, "-c", "from detnet.cli import main; main()")


class Running:
    """A ``detnet`` command that serves figures; ``log`` is its standard error so far."""

    def __init__(self, *arguments: str, prefix: Sequence[str] = ()) -> None:
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        command = [*prefix, *DETNET, *arguments, "--metrics", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._stderr, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        self.endpoints: list[str] = []
        for line in self.process.stdout:
            self.endpoints.append(line.split()[-1])
            if line.startswith("metrics on "):
                break
        else:
            raise AssertionError(f"did not start: {self.log}")

    @property
    def log(self) -> str:
        """Its standard error so far."""
        self._stderr.seek(0)
        return self._stderr.read()

    def get(self, route: str) -> str:
        """Return the body that the HTTP server answers; raises HTTPError on a status of 400 or more."""
        with urlopen(f"http://{self.endpoints[-1]}{route}", timeout=5) as answer:
            return str(answer.read().decode())

    def counter(self, name: str, **labels: str) -> float:
        """Return one figure of ``/metrics``."""
        for family in text_string_to_metric_families(self.get("/metrics")):
            for sample in family.samples:
                if sample.name == name and sample.labels.items() >= labels.items():
                    return sample.value
        raise AssertionError(f"no {name}{labels} in /metrics")

    def samples(self, after: int = 0) -> dict[str, Any]:
        """Return ``/samples``."""
        answer: dict[str, Any] = json.loads(self.get(f"/samples?after={after}"))
        return answer

    def child(self) -> int:
        """Return the process id of the measuring process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def stop(self) -> int:
        """End it by SIGTERM and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._stderr.close()


def probing(*paths: str, options: Sequence[str] = ()) -> Running:
    """Return a running ``detnet probe`` of those paths.

    Its lateness limit is generous: these tests run on busy machines and are not about punctuality. Its reflectors are
    on loopback.
    """
    return Running("probe", *(f"--path={path}" for path in paths), "--late-limit-ms", "10000", "--same-host", *options)


def reflecting(*options: str, prefix: Sequence[str] = ()) -> Running:
    """Return a running ``detnet reflect``."""
    return Running("reflect", *options, prefix=prefix)


@contextmanager
def udp_peer(answer: Callable[[bytes], list[bytes]]) -> Iterator[int]:
    """Answer each datagram on a loopback port by what ``answer`` makes of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(0.1)
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                try:
                    octets, address = peer.recvfrom(2048)
                except TimeoutError:
                    continue
                for reply in answer(octets):
                    peer.sendto(reply, address)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield int(peer.getsockname()[1])
        finally:
            over.set()
            thread.join()


def count_reaches(probe: Running, name: str, at_least: float, **labels: str) -> None:
    """Wait until a counter of ``/metrics`` has grown to ``at_least``."""
    full_name = f"detnet_probe_{name}_total"
    wait_for(lambda: probe.counter(full_name, **labels) >= at_least, what=f"{full_name}{labels} >= {at_least}")


def logged(probe: Running, pattern: str) -> int:
    """Return how many messages of the log match as a whole."""
    return len(re.findall(rf"^detnet probe: {pattern}$", probe.log, re.MULTILINE))
