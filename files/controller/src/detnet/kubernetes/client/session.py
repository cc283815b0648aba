"""One set of credentials at a time, renewed beside the requests and never inside one.

A credential plugin may take as long as it likes (it asks somebody over the network), so it runs in a thread of its own,
before its last credentials end. A server that says 401 is answered by loading everything anew: that finds what was
exchanged in the kubeconfig itself, or a certificate that was renewed.
"""

from __future__ import annotations

import logging
import threading
import time

from kubernetes.client import ApiClient

from detnet.kubernetes.client import credentials
from detnet.kubernetes.client.api import ClusterAccess
from detnet.kubernetes.client.transport import put_under_deadlines
from detnet.model.errors import ConfigError
from detnet.telemetry.state_changes import StateChangeLogger

logger = logging.getLogger(__name__)

_RENEW_AT = 0.8  # of a lifetime, as the kubelet does for a pod's token
_PAUSE_S = 5.0  # between two loads, however short a token lives or often a server says no


class Session:
    """The library's client with the newest credentials. Safe to share between threads.

    Raises:
        ConfigError: the credentials cannot be found or used.
    """

    def __init__(self, access: ClusterAccess) -> None:
        self._access = access
        self._state_changes = StateChangeLogger(logger)
        self._lock = threading.Lock()
        self._loading = False
        self._loaded_s = 0.0
        self._renew_at_s = 0.0
        self._client = self._load()

    def client(self) -> ApiClient:
        """Return the client to use now; a renewal that is due begins in the background."""
        with self._lock:
            due = not self._loading and time.monotonic() >= self._renew_at_s
            self._loading = self._loading or due
        if due:
            threading.Thread(target=self._renew, name="kubernetes-credentials", daemon=True).start()
        return self._client

    def reject(self) -> None:
        """Note that the server refused these credentials; a kept connection may stand for an old certificate."""
        self.drop_connections()
        with self._lock:
            self._renew_at_s = min(self._renew_at_s, self._loaded_s + _PAUSE_S)

    def drop_connections(self) -> None:
        """Let the next requests make new connections; those in use are not touched."""
        self._client.rest_client.pool_manager.clear()

    def _load(self) -> ApiClient:
        loaded = credentials.load(self._access)
        client = ApiClient(loaded.configuration)
        client.user_agent = "detnet"  # as audit logs and flow schemas see us
        put_under_deadlines(client.rest_client.pool_manager)
        with self._lock:
            self._loaded_s = time.monotonic()
            self._renew_at_s = self._loaded_s + max(_PAUSE_S, _RENEW_AT * loaded.lifetime_s)
        return client

    def _renew(self) -> None:
        self._renew_at_s = time.monotonic() + _PAUSE_S
        try:
            self._client = self._load()
        except ConfigError as error:
            self._state_changes.begin("load", f"renewing the credentials failed, keeping the last ones: {error}")
        else:
            self._state_changes.end("load", "the credentials were renewed again")
        finally:
            self._loading = False
