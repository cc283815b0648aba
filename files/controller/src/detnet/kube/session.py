"""One set of credentials at a time, renewed beside the requests and never inside one."""

from __future__ import annotations

import logging
import threading
import time

from kubernetes.client import ApiClient

from detnet.episodes import Episodes
from detnet.errors import ConfigError
from detnet.kube import access as credentials
from detnet.kube.api import ClusterAccess
from detnet.kube.transport import put_under_deadlines

logger = logging.getLogger(__name__)

_RENEW_AT = 0.8  # of the lifetime, as the kubelet does for projected tokens
_RENEW_PAUSE_S = 5.0  # between two runs of a credential plugin, however short its credentials live


class Session:
    """The library's client with valid credentials. Safe to share between threads.

    Raises:
        ConfigError: the credentials cannot be found or used.
    """

    def __init__(self, access: ClusterAccess) -> None:
        self._access = access
        self._episodes = Episodes(logger)
        self._lock = threading.Lock()
        self._renewing = False
        self._renew_at_s: float | None = None
        self._client = self._load()

    def client(self) -> ApiClient:
        """Return the client to use now; a renewal that is due goes on in the background."""
        if self._renew_at_s is not None and time.monotonic() >= self._renew_at_s:
            self._renew_in_background()
        return self._client

    def drop_connections(self) -> None:
        """Let the next requests make new connections: the kept ones may lead to a dead server or an old identity."""
        self._client.rest_client.pool_manager.clear()

    def reject(self) -> None:
        """Take note that the server does not accept these credentials: a plugin is asked for others."""
        self.drop_connections()
        with self._lock:
            if self._renew_at_s is not None:
                self._renew_at_s = min(self._renew_at_s, self._loaded_s + _RENEW_PAUSE_S)

    def _load(self) -> ApiClient:
        loaded = credentials.load(self._access)
        self._loaded_s = time.monotonic()
        if loaded.lifetime_s is not None:
            self._renew_at_s = self._loaded_s + max(_RENEW_PAUSE_S, _RENEW_AT * loaded.lifetime_s)
        client = ApiClient(loaded.configuration)
        put_under_deadlines(client.rest_client.pool_manager)
        return client

    def _renew_in_background(self) -> None:
        with self._lock:
            if self._renewing:
                return
            self._renewing = True
        threading.Thread(target=self._renew, name="kubernetes-credentials", daemon=True).start()

    def _renew(self) -> None:
        try:
            self._client = self._load()
        except ConfigError as error:
            self._episodes.begin("renew", f"cannot renew the credentials, going on with the last: {error}")
            self._renew_at_s = time.monotonic() + _RENEW_PAUSE_S
        else:
            self._episodes.end("renew", "the credentials could be renewed again")
        finally:
            self._renewing = False
