"""One identity at a time, renewed beside the requests and never inside one.

A credential plugin may take its time (it asks somebody over the network), so it runs in a thread of its own, before its
last credentials end. A server that says 401 is answered by loading everything anew: that finds what was exchanged in
the kubeconfig itself, or a certificate that was renewed.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time

from detnet.kubernetes.access.identity import insecurity, load
from detnet.kubernetes.access.kubeconfig import Chosen, ClusterAccess, choose
from detnet.kubernetes.access.transport import Pool
from detnet.model.errors import ConfigError
from detnet.telemetry.state_changes import StateChangeLogger

logger = logging.getLogger(__name__)

_RENEW_AT = 0.8  # of a lifetime, as the kubelet does for a pod's token
_PAUSE_S = 5.0  # between two loads, however short a token lives or often a server says no


class Session:
    """The connections of the newest identity. Safe to share between threads.

    Raises:
        ConfigError: the cluster or the credentials cannot be found or used, or would be shown to others.
    """

    def __init__(self, access: ClusterAccess) -> None:
        self._access = access
        self._state_changes = StateChangeLogger(logger)
        self._lock = threading.Lock()
        self._loading = False
        self._loaded_s = 0.0
        self._renew_at_s = 0.0
        self.chosen = choose(access)
        self._pool = self._load(self.chosen)
        if insecure := insecurity(self.chosen):
            logger.warning("context %s %s", self.chosen.context, insecure)

    def pool(self) -> Pool:
        """Return the connections to use now; a renewal that is due begins in the background."""
        with self._lock:
            due = not self._loading and time.monotonic() >= self._renew_at_s
            self._loading = self._loading or due
        if due:
            threading.Thread(target=self._renew, name="kubernetes-credentials", daemon=True).start()
        return self._pool

    def reject(self) -> None:
        """Note that the server refused these credentials; a kept connection may stand for an old certificate."""
        self.drop_connections()
        with self._lock:
            self._renew_at_s = min(self._renew_at_s, self._loaded_s + _PAUSE_S)

    def drop_connections(self) -> None:
        """Let the next requests make new connections; those in use are not touched."""
        self._pool.clear()

    def _load(self, chosen: Chosen) -> Pool:
        identity = load(chosen, self._access, self._unreadable)
        pool = Pool(identity, "detnet")  # as audit logs and flow schemas see us
        with self._lock:
            self._loaded_s = time.monotonic()
            self._renew_at_s = self._loaded_s + max(_PAUSE_S, _RENEW_AT * identity.lifetime_s)
        return pool

    def _same_cluster(self) -> Chosen:
        """Return what the files say now of the context that was chosen, whichever is current meanwhile."""
        chosen = choose(dataclasses.replace(self._access, context=self.chosen.context or None))
        if chosen.server != self.chosen.server:
            moved = f"{chosen.named} now leads to {chosen.server} and no longer to {self.chosen.server}"
            raise ConfigError(f"{moved}: restart this process if it is to go there")
        return chosen

    def _unreadable(self, error: ConfigError | None) -> None:
        if error is None:
            self._state_changes.end("token", "the token file can be read again")
        else:
            self._state_changes.begin("token", f"{error}; keeping the last token")

    def _renew(self) -> None:
        self._renew_at_s = time.monotonic() + _PAUSE_S
        try:
            before, self._pool = self._pool, self._load(self._same_cluster())
            before.clear()
        except ConfigError as error:
            self._state_changes.begin("load", f"renewing the credentials failed, keeping the last ones: {error}")
        else:
            self._state_changes.end("load", "the credentials were renewed again")
        finally:
            self._loading = False
