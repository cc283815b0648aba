"""The first process of a run's namespaces (see ``isolation``): ``python -m detnet_lab.testbed RECORD_FD``."""

from __future__ import annotations

import os
import sys

from detnet.model.errors import UserError
from detnet_lab.testbed.isolation import ENTERED
from detnet_lab.testbed.runner import Stopped, run
from detnet_lab.testbed.testbed_scenario import RunSpec


def _read_line() -> str:
    """Read the specification by the byte: the rest of stdin is waited for with select and must not be read ahead."""
    text = b""
    while not text.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            raise Stopped
        text += byte
    return text.decode()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run and return the exit code."""
    _say(ENTERED)
    try:
        with os.fdopen(int(sys.argv[1]), "wb") as record:
            run(RunSpec.from_json(_read_line()), record, _say)
    except Stopped:
        return 130
    except UserError as error:
        sys.stderr.write(f"detnet: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
