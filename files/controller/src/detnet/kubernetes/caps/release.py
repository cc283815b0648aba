"""Put every pod and pod template back to what it was before us, also when no controller runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from detnet.actuators.base import ActuationError
from detnet.kubernetes.caps import planner
from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.work_queue import RateLimits
from detnet.kubernetes.caps.writer import MayWrite, Writer
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.objects.patches import PendingPatch
from detnet.model.annotations import EGRESS


@dataclass(frozen=True, slots=True)
class Released:
    """What was put back, by kind; ``left`` is what may still carry something of ours, with the reasons."""

    pods: int
    templates: int
    left: tuple[str, ...] = ()


def release(  # noqa: PLR0913 - where, who, and how long
    api: Api,
    namespaces: Sequence[str],
    may_write: MayWrite,
    *,
    key: str = EGRESS,
    timeout_s: float = 60.0,
    workers: int = 8,
) -> Released:
    """Take back all that is ours in the namespaces; doing it twice does nothing more.

    A namespace that the API server denies is left, with the reason, and the others are released.

    Raises:
        ActuationError: nothing can be listed, or not in time, so nothing is known to have been put back.
    """
    deadline_s = time.monotonic() + timeout_s
    cache = ClusterCache(api, namespaces, key=key)
    writer = Writer(
        api,
        cache.subject,
        may_write,
        on_written=cache.written,
        workers=workers,
        rate_limits=RateLimits(every_s=0.0, template_every_s=0.0),
    )
    cache.start()
    writer.start()
    try:
        if not cache.wait_synced(timeout_s):
            raise ActuationError("nothing was released: " + "; ".join(cache.troubles() or ("listing took too long",)))
        return _release(cache, writer, Plan(tuple(namespaces), key=key), may_write, deadline_s)
    finally:
        writer.close()
        cache.close()


def _release(cache: ClusterCache, writer: Writer, plan: Plan, may_write: MayWrite, deadline_s: float) -> Released:
    done: set[tuple[str, str]] = set()
    while True:
        left = _ours(cache, plan)
        if not left or time.monotonic() >= deadline_s or may_write() is None:
            break
        writer.want(left)
        writer.drain(deadline_s - time.monotonic())
        remaining = {pending.uid for pending in _ours(cache, plan)}
        done |= {(pending.ref.kind, pending.uid) for pending in left if pending.uid not in remaining}
    pods = sum(kind == "Pod" for kind, _uid in done)
    names = tuple(pending.ref.long_name for pending in left)
    reasons = writer.problems() if names else ()
    return Released(pods, len(done) - pods, (*names, *reasons, *cache.denied()))


def _ours(cache: ClusterCache, plan: Plan) -> list[PendingPatch]:
    return list(planner.everything(plan, cache.workloads(), cache.pods()))
