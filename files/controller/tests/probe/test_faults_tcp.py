"""A TCP path that is refused, reset or hangs is found again, and its probes are lost meanwhile."""

from __future__ import annotations

import socket
import struct

from probe.running import Running, count_reaches, probing, reflecting
from support import wait_for

LINGER_0 = struct.pack("ii", 1, 0)  # closing sends a reset


def test_connection_is_kept(reflector: Running) -> None:
    """All probes of a path go over one connection."""
    with probing(f"a=tcp://{reflector.endpoints[1]}", options=("--rate-hz=100",)) as probe:
        count_reaches(probe, "received", 50)
        assert reflector.counter("detnet_reflector_connections") == 1
        assert probe.counter("detnet_probe_link_failures_total") == 0


def test_refused_connection_is_tried_again_until_it_is_there() -> None:
    """Nobody listens: lost probes on schedule; somebody does: replies."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    with probing(f"a=tcp://{endpoint}", options=("--rate-hz=50",)) as probe:
        count_reaches(probe, "lost", 50)
        count_reaches(probe, "link_failures", 3)
        with reflecting(f"--tcp={endpoint}"):
            count_reaches(probe, "received", 20)


def test_reset_and_garbage_are_survived() -> None:
    """A peer that resets one connection and sends garbage on the next is connected to again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        with probing(f"a=tcp://127.0.0.1:{listener.getsockname()[1]}", options=("--rate-hz=50",)) as probe:
            first, _ = listener.accept()
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            first.close()
            second, _ = listener.accept()
            with second:
                second.send(bytes(44))
                count_reaches(probe, "malformed", 1)
                third, _ = listener.accept()
                third.close()
            assert probe.stop() == 0


def test_peer_that_hangs_is_left() -> None:
    """Without an answer for two seconds the connection is made anew, and every probe meanwhile is lost."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        with probing(f"a=tcp://127.0.0.1:{listener.getsockname()[1]}", options=("--rate-hz=50",)) as probe:
            mute, _ = listener.accept()
            again, _ = listener.accept()
            with mute, again:
                count_reaches(probe, "lost", 70)
                wait_for(lambda: "the reflector cannot be reached" in probe.log, what="a log line")
                assert probe.counter("detnet_probe_received_total") == 0
