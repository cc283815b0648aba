"""Whatever answers over UDP, or does not: counted, logged once, survived."""

from __future__ import annotations

import socket
import time

import pytest

from detnet.probe.packet import ERROR_UNKNOWN, ReflectorPacket, SenderPacket, from_ns
from probe.running import Running, count_reaches, logged, probing, reflecting, udp_peer
from support import wait_for


def answer(octets: bytes, *, residence_ns: int = 1000, ssid: int = 0) -> bytes:
    """Return the answer of a reflector that held the packet for ``residence_ns``; ``ssid`` falsifies the session."""
    request = SenderPacket.decode(octets)
    now_ns = time.time_ns()
    return ReflectorPacket(
        request.sequence,
        from_ns(now_ns),
        ERROR_UNKNOWN,
        (request.ssid + ssid) & 0xFFFF,
        from_ns(now_ns - residence_ns),
        request.sequence,
        request.timestamp,
        request.error_estimate,
        64,
    ).encode()


def test_dead_reflector_is_loss_on_schedule_and_its_return_is_seen(reflector: Running) -> None:
    """Probes of a dead reflector are lost samples; when it is back on its port, replies come again."""
    endpoint = reflector.endpoints[0]
    with probing(f"a=udp://{endpoint}", options=("--rate-hz=100", "--timeout-ms=100")) as probe:
        count_reaches(probe, "received", 20)
        assert reflector.stop() == 0
        count_reaches(probe, "lost", 50)
        wait_for(lambda: logged(probe, "path a: the reflector cannot be reached") == 1, what="one log line")
        assert [rtt for _, rtt in probe.samples()["paths"]["a"]["samples"]][-5:] == [None] * 5
        received = probe.counter("detnet_probe_received_total")
        with reflecting(f"--udp={endpoint}"):
            count_reaches(probe, "received", received + 20)
            wait_for(
                lambda: logged(probe, r"no longer: path a: probes are lost \(seen \d+ times\)") == 1,
                what="its end",
                within_s=15,
            )
        assert logged(probe, "path a: probes are lost") == 1


def test_unknown_name_is_survived_beside_a_good_path(reflector: Running) -> None:
    """A name that does not resolve loses its own probes and delays no other path's."""
    paths = ("bad=udp://no-such-host.invalid:862", f"good=udp://{reflector.endpoints[0]}")
    with probing(*paths, options=("--rate-hz=50",)) as probe:
        count_reaches(probe, "received", 50, path="good")
        count_reaches(probe, "lost", 50, path="bad")
        count_reaches(probe, "link_failures", 1, path="bad")
        assert probe.counter("detnet_probe_lost_total", path="good") == 0
        assert probe.stop() == 0


def test_garbage_and_forgeries_are_no_samples() -> None:
    """Packets that are no answer, or answer what we never sent, are counted and the honest answer still counts."""

    def vandal(octets: bytes) -> list[bytes]:
        return [b"malformed", bytes(44), answer(octets, ssid=1), answer(octets)]

    with udp_peer(vandal) as port, probing(f"a=udp://127.0.0.1:{port}", options=("--rate-hz=100",)) as probe:
        count_reaches(probe, "received", 50)
        count_reaches(probe, "malformed", 100)
        count_reaches(probe, "unsolicited", 50)
        assert probe.counter("detnet_probe_lost_total") == 0
        assert [logged(probe, f"path a: {what}") for what in ("packets that are no .*", "answers to no probe .*")] == [
            1,
            1,
        ]


def test_answer_from_a_wrong_peer_is_forged() -> None:
    """A perfect answer counts only when it comes from where the probe went to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, socket.socket(type=socket.SOCK_DGRAM) as stranger:
        peer.bind(("127.0.0.1", 0))
        stranger.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        port = peer.getsockname()[1]
        with probing(f"a=udp://127.0.0.1:{port}", options=("--rate-hz=50", "--timeout-ms=200")) as probe:
            for _ in range(20):
                octets, address = peer.recvfrom(2048)
                stranger.sendto(answer(octets), address)
            count_reaches(probe, "unsolicited", 20)
            count_reaches(probe, "lost", 20)
            assert probe.counter("detnet_probe_received_total") == 0


def test_copies_are_duplicates_and_count_once() -> None:
    """An answer that comes three times is one sample and two duplicates."""
    with (
        udp_peer(lambda octets: [answer(octets)] * 3) as port,
        probing(f"a=udp://127.0.0.1:{port}", options=("--rate-hz=100",)) as probe,
    ):
        count_reaches(probe, "duplicate", 100)
        duplicates = probe.counter("detnet_probe_duplicate_total")
        assert duplicates <= 2 * probe.counter("detnet_probe_received_total")


def test_late_answers_are_lost_samples() -> None:
    """Answers after the timeout are counted as late; their samples were lost already and stay so."""
    held: list[bytes] = []

    def slow(octets: bytes) -> list[bytes]:
        held.append(octets)
        return [answer(held[-8])] if len(held) >= 8 else []

    with (
        udp_peer(slow) as port,
        probing(f"a=udp://127.0.0.1:{port}", options=("--rate-hz=100", "--timeout-ms=40")) as probe,
    ):
        count_reaches(probe, "late", 20)
        assert probe.counter("detnet_probe_received_total") == 0
        assert {rtt for _, rtt in probe.samples()["paths"]["a"]["samples"]} == {None}


@pytest.mark.parametrize("residence_ns", [-(10**6), 10**9], ids=["back", "forward"])
def test_reflector_whose_clock_is_set_gives_no_sample(residence_ns: int) -> None:
    """A residence that cannot be is a clock step: the round trip is discarded, not handed out as a figure."""
    with (
        udp_peer(lambda octets: [answer(octets, residence_ns=residence_ns)]) as port,
        probing(f"a=udp://127.0.0.1:{port}", options=("--rate-hz=100",)) as probe,
    ):
        count_reaches(probe, "clock_step", 20)
        assert probe.samples()["paths"]["a"]["samples"] == []
