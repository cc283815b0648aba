"""The bottleneck on the real kernel: it lets its capacity through, queues as deep as it should, and changes live."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_NAMESPACES = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")


@pytest.mark.root
@pytest.mark.parametrize(("capacity_bps", "buffer_ms"), [(20_000_000, 10.0), (50_000_000, 100.0), (100_000_000, 50.0)])
def test_the_bottleneck_shapes_queues_and_changes_under_load(capacity_bps: int, buffer_ms: float) -> None:
    """Under 1.5-fold load the capacity comes through and packets wait for a full buffer, before and after a drop."""
    flood = [sys.executable, str(Path(__file__).with_name("flood.py")), str(capacity_bps), str(buffer_ms)]
    done = subprocess.run([*_NAMESPACES, *flood], capture_output=True, text=True, timeout=60, check=True)
    seen = json.loads(done.stdout)
    assert seen["full"]["rate_bps"] == pytest.approx(capacity_bps, rel=0.07)
    assert seen["full"]["queued_ms"] == pytest.approx(buffer_ms, rel=0.35)
    assert seen["dropped"]["rate_bps"] == pytest.approx(0.4 * capacity_bps, rel=0.07)
    assert seen["dropped"]["queued_ms"] == pytest.approx(buffer_ms / 0.4, rel=0.35)
