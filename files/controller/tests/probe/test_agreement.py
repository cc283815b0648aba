"""Our round trips are those of irtt, an independent prober, on the same congested path at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

from detnet.control.windows import percentile
from probe.running import Running, reflecting

NEAR, FAR = f"detnet-t{os.getpid()}a", f"detnet-t{os.getpid()}b"
IN_NEAR, IN_FAR = ("ip", "netns", "exec", NEAR), ("ip", "netns", "exec", FAR)
NETWORK = f"""
ip netns add {NEAR}
ip netns add {FAR}
ip link add va netns {NEAR} type veth peer name vb netns {FAR}
ip -n {NEAR} addr add 192.0.2.1/24 dev va
ip -n {FAR} addr add 192.0.2.2/24 dev vb
ip -n {NEAR} link set va up
ip -n {FAR} link set vb up
ip -n {FAR} link set lo up
ip -n {NEAR} link set lo up
tc -n {NEAR} qdisc add dev va root tbf rate 100mbit burst 64kb latency 10ms
"""


@pytest.fixture
def bottleneck() -> Iterator[None]:
    """Two namespaces and a 100 Mbit/s link with a FIFO of some ms between them."""
    try:
        for command in NETWORK.strip().splitlines():
            subprocess.run(command.split(), check=True)
        yield
    finally:
        for namespace in (NEAR, FAR):
            subprocess.run(["ip", "netns", "del", namespace], check=False)


@contextmanager
def background(*command: str) -> Iterator[None]:
    """Keep a program running that has said its first line."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def measure(folder: Path) -> dict[float, tuple[float, float]] | None:
    """Measure 3 s with both probers at once and return irtt's and our p50 and p95, in ms.

    ``None`` when this machine was too busy to send on time: what starves the probers starves the flood as well.
    """
    ours, theirs = folder / "ours.jsonl", folder / "theirs.json"
    probe = ("probe", "--path=p=udp://192.0.2.2:862?rate_hz=100", f"--json={ours}", "--realtime", "--late-limit-ms=5")
    irtt = ("irtt", "client", "-i", "10ms", "-d", "3s", "--fill=none", "-Q", "-o", str(theirs), "192.0.2.2:2112")
    with Running(*probe, prefix=IN_NEAR) as running:
        subprocess.run([*IN_NEAR, "chrt", "-f", "10", *irtt], check=True, timeout=20)
        assert running.stop() == 0
    lines = [json.loads(line) for line in ours.read_text().splitlines()]
    mine = [line["rtt_ms"] for line in lines if line["usable"] and line["rtt_ms"] is not None]
    trips = json.loads(theirs.read_text())["round_trips"]
    reference = [trip["delay"]["rtt"] / 1e6 for trip in trips if "rtt" in trip["delay"]]
    if min(len(mine), len(reference)) < 150:
        return None
    return {share: (percentile(sorted(reference), share), percentile(sorted(mine), share)) for share in (0.5, 0.95)}


@pytest.mark.root
@pytest.mark.needs("irtt")
@pytest.mark.needs("iperf3")
@pytest.mark.needs("chrt")
def test_round_trips_agree_with_irtt_under_a_standing_queue(bottleneck: None, tmp_path: Path) -> None:
    """With the FIFO kept full, p50 agrees within 0.5 ms and a tenth, in the median of three rounds.

    The queue is ten times that. Our p95 may be lower, not higher: irtt stamps arrivals in user space, so the tail of a
    busy machine is in its figures and not in ours.
    """
    flood = ("iperf3", "-c", "192.0.2.2", "-u", "-b", "105M", "-l", "1200", "-t", "90", "--forceflush")
    with ExitStack() as stack:
        stack.enter_context(reflecting("--udp=192.0.2.2:862", "--realtime", prefix=IN_FAR))
        stack.enter_context(background(*IN_FAR, "chrt", "-f", "10", "irtt", "server", "-b", "192.0.2.2:2112"))
        stack.enter_context(background(*IN_FAR, "iperf3", "-s", "-1", "--forceflush"))
        stack.enter_context(background(*IN_NEAR, *flood))
        tries = (measure(tmp_path) for _ in range(12))
        rounds = list(islice((each for each in tries if each is not None), 3))
    assert len(rounds) == 3, "this machine was too busy to measure three times in twelve"
    figures = {share: [median(each[share][index] for each in rounds) for index in (0, 1)] for share in (0.5, 0.95)}
    for share, (expected, measured) in figures.items():
        sys.stdout.write(f"p{share * 100:g}: irtt {expected:.3f} ms, ours {measured:.3f} ms\n")
        assert expected > 3
    expected, measured = figures[0.5]
    assert measured == pytest.approx(expected, rel=0.1, abs=0.5)
    expected, measured = figures[0.95]
    assert 0.5 * expected <= measured <= 1.1 * expected + 0.5
