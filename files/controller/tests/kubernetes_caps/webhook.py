"""A real mutating webhook, as some clusters have: it rewrites what is written."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from detnet.model.annotations import EGRESS
from kubernetes_caps.site import Site

_PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        response = {"uid": request["uid"], "allowed": True}
        if EGRESS in request["object"]["metadata"].get("annotations", {}):
            pointer = "/metadata/annotations/" + EGRESS.replace("~", "~0").replace("/", "~1")
            patch = [{"op": "replace", "path": pointer, "value": "900G"}]
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        body = json.dumps({**review, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@contextmanager
def rewriting_caps(site: Site) -> Iterator[None]:
    """Let every cap that is written in the site's namespace become 900 Gbit/s, until the end of the block."""
    credentials = site.plane.credentials
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(credentials.certificate, credentials.key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    name = f"rewriting-{site.namespace}"
    site.plane.request("PATCH", f"/api/v1/namespaces/{site.namespace}", {"metadata": {"labels": {"rewritten": name}}})
    webhook = {
        "name": "rewriting.example.org",
        "clientConfig": {
            "url": f"https://127.0.0.1:{server.server_address[1]}/",
            "caBundle": base64.b64encode(credentials.ca_file.read_bytes()).decode(),
        },
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"rewritten": name}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    site.plane.request("POST", _PATH, {"metadata": {"name": name}, "webhooks": [webhook]})
    try:
        yield
    finally:
        site.plane.request("DELETE", f"{_PATH}/{name}")
        server.shutdown()
        server.server_close()
