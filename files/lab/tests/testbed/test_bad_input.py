"""What a user can get wrong: one clear sentence and a non-zero exit, before anything is made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from detnet.model.errors import UserError
from detnet_lab.cli.lab import command
from detnet_lab.testbed.launch import checked_spec
from detnet_lab.testbed.run_folder import RunFolder
from testbed.cli import DETNET, start

_TOOLS = ("nginx", "nsenter", "setpriv", "unshare", "prometheus")


def _ask(
    scenario: str = "quiet",
    policy: str = "aimd",
    duration_s: float | None = None,
    capacity: str = "100M",
    **enforcement: str,
) -> None:
    checked_spec(scenario, policy, duration_s, capacity, 50.0, prometheus=True, **enforcement)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"policy": "magic"}, r"--policy magic: expected one of .*aimd, .*static, none"),
        ({"capacity": "fast"}, r"--capacity: "),
        ({"capacity": "10m"}, r"--capacity: "),
        ({"duration_s": 1.0}, r"--duration 1: expected 5 to 3600 seconds"),
        ({"duration_s": float("nan")}, r"--duration nan: expected"),
        ({"enforcer": "fq"}, r"--enforcer fq: expected one of tc, edt"),
        ({"enforcer": "edt", "burst": "small"}, r"--burst small: expected one of whole, cured"),
        ({"burst": "cured"}, r"--burst cured: tc splits bursts itself, .* give --enforcer edt"),
        ({"scenario": "agent-restart"}, r"scenario agent-restart: its fault of the agent needs .* --enforcer edt"),
        ({"scenario": "on-off", "duration_s": 5.0}, r"scenario on-off: in 5 s one of its phases is shorter"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(asked: dict[str, object], message: str) -> None:
    """Each option says what was expected of it."""
    with pytest.raises(UserError, match=message):
        _ask(**asked)  # type: ignore[arg-type]


def test_missing_root_and_missing_programs_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root it says so; without a program it names the Debian package."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UserError, match="needs root"):
        _ask()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    for tool in _TOOLS:
        (tmp_path / tool).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"programs that are missing: apt-get install iperf3$"):
        _ask()


def test_a_folder_in_use_and_a_file_in_its_place_are_refused(tmp_path: Path) -> None:
    """A second run cannot take the first one's folder, and a file is no folder."""
    with RunFolder(tmp_path / "out"), pytest.raises(UserError, match=r"another run writes to .*/out"):
        RunFolder(tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write to .*/file: File exists"):
        RunFolder(tmp_path / "file")


def test_following_nothing_ends_with_a_sentence(tmp_path: Path) -> None:
    """A follower does not wait for ever."""
    result = CliRunner().invoke(command, ["follow", "--wait", "0.1", "--out", str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert "no run has started" in str(result.exception)


@pytest.mark.root
def test_a_workload_that_dies_is_named_with_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends with 1 and says which program ended and why."""
    fake = tmp_path / "bin" / "iperf3"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n")
    fake.chmod(0o755)
    if shutil.which("nginx") is None:
        pytest.skip("needs the program nginx")
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    with start(tmp_path / "out", "--no-prometheus", "--duration", "10") as run:
        _, complaint = run.communicate(timeout=60)
    assert run.returncode == 1
    assert complaint == "detnet: telemetry-archive ended during the run with code 3: no such luck\n"


@pytest.mark.root
@pytest.mark.needs("iperf3")
@pytest.mark.needs("nginx")
def test_a_full_disk_is_told_and_leaves_no_half_record(tmp_path: Path) -> None:
    """When the record does not fit, the run ends with 1 and one sentence, and there is no run.json."""
    run = [*DETNET, "lab", "run", "--no-prometheus", "--scenario", "quiet", "--duration", "5", "--out", str(tmp_path)]
    script = 'mount -t tmpfs -o size=16k full "$0" && "$@"; code=$?; ls "$0"; exit $code'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, str(tmp_path), *run],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "detnet: cannot write the run's record: No space left on device\n"
    assert done.stdout.splitlines()[-1] == "live.log"
