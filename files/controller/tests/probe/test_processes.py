"""Parent and measuring process end together, by whatever cause, and say why."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from probe.running import DETNET, Running, count_reaches, probing
from support import wait_for


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([*DETNET, *arguments], capture_output=True, text=True, timeout=20, check=False)


def test_death_of_the_measuring_process_is_an_error(reflector: Running) -> None:
    """A killed child ends the parent with one sentence."""
    with probing(f"a=udp://{reflector.endpoints[0]}") as probe:
        count_reaches(probe, "received", 1)
        os.kill(probe.child(), signal.SIGKILL)
        assert probe.wait() == 1
        assert probe.log.splitlines()[-1] == "detnet: the measuring process has died (exit code -9)"


def test_measuring_process_ends_with_its_parent(reflector: Running) -> None:
    """A killed parent leaves no child behind."""
    with probing(f"a=udp://{reflector.endpoints[0]}") as probe:
        count_reaches(probe, "received", 1)
        child = probe.child()
        probe.process.kill()
        wait_for(lambda: not Path(f"/proc/{child}/cmdline").exists() or _is_zombie(child), what="child gone")


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_both_commands_cleanly(reflector: Running, number: signal.Signals) -> None:
    """A signal is an orderly end: exit code 0, no complaint, no child."""
    with probing(f"a=udp://{reflector.endpoints[0]}") as probe:
        count_reaches(probe, "received", 1)
        child = probe.child()
        for each in (probe, reflector):
            os.killpg(each.process.pid, number)  # as a terminal or a service manager does
            assert (each.wait(), "Traceback" in each.log) == (0, False)
        assert not Path(f"/proc/{child}").exists()


def test_record_holds_every_sample(reflector: Running, tmp_path: Path) -> None:
    """A run of two seconds at 100 Hz and 50 Hz leaves a line for each probe, sent in order on the monotonic clock."""
    udp, tcp = reflector.endpoints[:2]
    record = tmp_path / "samples.jsonl"
    paths = (f"--path=u=udp://{udp}?rate_hz=100", f"--path=t=tcp://{tcp}?rate_hz=50")
    done = run("probe", *paths, "--duration-s=2", "--same-host", f"--json={record}")
    assert (done.returncode, done.stdout) == (0, "")
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    for name, rate_hz in (("u", 100), ("t", 50)):
        mine = [line for line in lines if line["path"] == name]
        assert 1.7 * rate_hz <= len(mine) <= 1.81 * rate_hz + 1  # a link gets 0.2 s to open before the first probe
        assert all(line["rtt_ms"] > 0 and line["late_ms"] >= 0 for line in mine)
        assert [line["sent_at_s"] for line in mine] == sorted(line["sent_at_s"] for line in mine)


def test_record_grows_while_measuring(reflector: Running, tmp_path: Path) -> None:
    """Readers can follow the record; nobody has to wait for the end."""
    record = tmp_path / "samples.jsonl"
    with probing(f"a=udp://{reflector.endpoints[0]}", options=(f"--json={record}",)):
        wait_for(lambda: len(record.read_text().splitlines()) > 3, what="lines while running")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--json=/dev/full",), "cannot write the samples to /dev/full: No space left on device"),
        (("--json=/nowhere/x",), "cannot write the samples to /nowhere/x: No such file or directory"),
        (("--metrics=203.0.113.1:80",), "cannot serve metrics and health on 203.0.113.1 port 80: .*"),
        (("--path=a=udp://127.0.0.1:862",), "path name a is used twice"),
    ],
)
def test_what_cannot_work_is_one_sentence(reflector: Running, options: tuple[str, ...], sentence: str) -> None:
    """A full disk, a missing folder, a foreign address: exit code 1 and one line."""
    done = run("probe", f"--path=a=udp://{reflector.endpoints[0]}", "--duration-s=5", "--same-host", *options)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.search(f"^detnet: {sentence}$", done.stderr, re.MULTILINE)
