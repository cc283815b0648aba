"""The live view: plain lines that read the same in a terminal, a log and a file."""

from __future__ import annotations

from collections.abc import Sequence

from detnet.control.windows import percentile
from detnet_lab.testbed.run_recorder import Recorder
from detnet_lab.testbed.testbed_scenario import OBJECTIVE_MS, RunSpec

_WINDOW_S = 2.0
_SPARE = "-"
ENFORCED = {
    ("tc", "whole"): "tc, which splits bursts",
    ("edt", "whole"): "a stand-in for EDT: bursts of up to 64 KB at line rate",
    ("edt", "cured"): "a stand-in for EDT, in pods with net.ipv4.tcp_tso_rtt_log=0",
}
_COLUMNS = "{:>5}  {:<10} {:>14} {:>6} {:>13} {:>13}  {}"


def header(spec: RunSpec) -> list[str]:
    """Return what stands above the lines."""
    link, scenario = spec.link, spec.scenario
    alone = ", by IPv6 alone" if spec.ip_family == "ipv6" else ""
    return [
        f"{scenario.title}: {scenario.name}, {scenario.duration_s:.0f} s, policy {spec.policy}",
        f"all meets at a link of {_mbps(link.capacity_bps)} Mbit/s with a buffer of {link.buffer_ms:g} ms{alone}",
        f"best effort is limited by {ENFORCED[spec.enforcer, spec.burst]}",
        f"robot-control must stay within {OBJECTIVE_MS:g} ms over the idle path (p95 of a second)",
        "",
        _COLUMNS.format("time", "phase", "p95 over idle", "lost", "caps, Mbit/s", "best effort", "decision"),
    ]


def line(recorder: Recorder, now_s: float, phase: str) -> str:
    """Return the state of the last two seconds; rates in Mbit/s."""
    now = recorder.at(now_s)
    samples = [rtt for sent_s, rtt in recorder.rtts_ms["robot-control"][-400:] if now - _WINDOW_S < sent_s]
    replies = sorted(rtt for rtt in samples if rtt is not None)
    over = percentile(replies, 0.95) - _base_ms(recorder) if replies else None
    mark = "!" if over is None or over > OBJECTIVE_MS else " "
    latency = f"{over:+.2f} ms {mark}" if over is not None else f"no reply {mark}"
    lost = f"{1 - len(replies) / len(samples):.1%}" if samples else _SPARE
    caps = "/".join(_mbps(points[-1][1] if points else None) for points in recorder.cap_bps.values())
    goodput = sum(_recent(points, now) for points in recorder.goodput_bps.values())
    left = recorder.capacity_bps[-1][1] - _recent(recorder.critical_bps, now)
    share = f"{_mbps(goodput)} of {_mbps(left)}"
    reason = recorder.decisions[-1]["reason"] if recorder.decisions else _SPARE
    return _COLUMNS.format(f"{now:.0f} s", phase, latency, lost, caps, share, reason)


def _base_ms(recorder: Recorder) -> float:
    first_s = recorder.spec.scenario.phases[0].duration_s
    quiet = sorted(rtt for sent_s, rtt in recorder.rtts_ms["robot-control"] if rtt is not None and sent_s < first_s)
    return percentile(quiet, 0.5) if quiet else 0.0


def _recent(points: Sequence[tuple[float, float]], now: float) -> float:
    recent = [value for at_s, value in points[-20:] if now - _WINDOW_S <= at_s]
    return sum(recent) / len(recent) if recent else 0.0


def _mbps(value_bps: float | None) -> str:
    return _SPARE if value_bps is None else f"{value_bps / 1e6:.0f}"
