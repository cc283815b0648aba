"""The way to an API server.

Nobody but the client behind it sees the ``kubernetes`` library. It is used for credentials and TLS only, because its
typed models cost 126 MB and 1.3 s of CPU, and it is imported here when it is needed, so that commands which need no
cluster stay fast.
"""

from __future__ import annotations

from detnet.kubernetes.client.api import Api, ClusterAccess
from detnet.model.errors import UserError


def connect(access: ClusterAccess) -> Api:
    """Return the cluster's API server; nothing is sent yet.

    Raises:
        ConfigError: the credentials cannot be found or used.
        UserError: the Kubernetes client is not installed.
    """
    try:
        from detnet.kubernetes.client.client import Client  # noqa: PLC0415 - imports kubernetes: 0.66 s of CPU and 49 MB
    except ImportError as error:
        if error.name is None or not error.name.startswith(("kubernetes", "urllib3")):
            raise
        raise UserError("the Kubernetes client is not installed: pip install 'detnet-qos[kubernetes]'") from error
    return Client(access)
