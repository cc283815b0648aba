"""The controller notifies systemd of its state over a real datagram socket."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detnet.model.errors import UserError
from detnet.telemetry.sd_notify import Notifier, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, Notifier]]:
    """A service manager's end of the socket, and a notifier that knows it."""
    shown = str(tmp_path / "notify") if request.param == "path" else f"@detnet-test-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(shown.replace("@", "\0", 1) if shown.startswith("@") else shown)
        server.settimeout(5.0)
        yield server, Notifier({"NOTIFY_SOCKET": shown})


def fields(server: socket.socket) -> dict[str, str]:
    """Receive one notification."""
    return dict(line.split("=", 1) for line in server.recv(4096).decode().splitlines())


def test_every_state_arrives_as_systemd_spells_it(manager: tuple[socket.socket, Notifier]) -> None:
    """Path and abstract sockets alike."""
    server, notifier = manager
    notifier.ready("up")
    assert fields(server) == {"READY": "1", "STATUS": "up"}
    notifier.cycle_finished("hold 50 Mbit/s")
    assert fields(server) == {"WATCHDOG": "1", "STATUS": "hold 50 Mbit/s"}
    notifier.stopping()
    assert fields(server) == {"STOPPING": "1"}


def test_a_reload_carries_the_monotonic_time(manager: tuple[socket.socket, Notifier]) -> None:
    """With it systemd distinguishes this reload from an earlier one: CLOCK_MONOTONIC, in microseconds."""
    server, notifier = manager
    before_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.reloading()
    sent = fields(server)
    assert sent["RELOADING"] == "1"
    assert before_us <= int(sent["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_status_cannot_forge_a_field(manager: tuple[socket.socket, Notifier]) -> None:
    """A reason with a line break stays one status."""
    server, notifier = manager
    notifier.cycle_finished("cut\nSTOPPING=1")
    assert fields(server) == {"WATCHDOG": "1", "STATUS": "cut STOPPING=1"}


def test_without_systemd_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    """No socket is named, so there is nothing to do and nothing to complain about."""
    Notifier({}).ready("up")
    assert not caplog.records


def test_a_manager_that_is_gone_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The loop goes on, and the log says when it began and when it ended."""
    address = str(tmp_path / "notify")
    notifier = Notifier({"NOTIFY_SOCKET": address})
    for _ in range(3):
        notifier.cycle_finished("hold")
    assert [record.message for record in caplog.records] == [
        f"notifying systemd at {address!r} failed: No such file or directory"
    ]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(address)
        notifier.cycle_finished("hold")
    assert caplog.records[-1].message == "systemd is notified again (seen 3 times)"


def test_a_manager_that_does_not_read_cannot_hold_the_loop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its queue fills; from then on a notification is given up instead of waited for."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(address)
        notifier = Notifier({"NOTIFY_SOCKET": address})
        for _ in range(1000):
            notifier.cycle_finished("x" * 100)
            if caplog.records:
                break
    assert "notifying systemd at" in caplog.text


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_time(environ: dict[str, str], expected: float | None) -> None:
    """Half of what systemd allows, and only if the watchdog is meant for this process."""
    assert watchdog_interval_s(environ) == expected


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "soon"])
def test_a_watchdog_without_a_time_is_refused(text: str) -> None:
    """Guessing would end in restarts without a reason."""
    with pytest.raises(UserError, match=r"WATCHDOG_USEC=.*expected a positive number of microseconds"):
        watchdog_interval_s({"WATCHDOG_USEC": text})
