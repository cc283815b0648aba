"""Prints a token of the controller that the API server itself could have signed an hour ago, for five minutes."""

import base64
import json
import pathlib
import sys
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ACCOUNT = "system:serviceaccount:detnet-system:detnet-controller"


def encoded(content: bytes) -> bytes:
    """Base64 as JWTs have it (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


folder = pathlib.Path(sys.argv[1]) / "credentials"
key = serialization.load_pem_private_key((folder / "service-account.key").read_bytes(), None)
assert isinstance(key, ec.EllipticCurvePrivateKey)
issued = int(time.time()) - 3600
claims = {
    "iss": "https://kubernetes.default.svc",
    "aud": ["https://kubernetes.default.svc"],
    "sub": ACCOUNT,
    "iat": issued,
    "nbf": issued,
    "exp": issued + 300,
    "kubernetes.io": {
        "namespace": "detnet-system",
        "serviceaccount": {"name": "detnet-controller", "uid": "00000000-0000-0000-0000-000000000000"},
    },
}
signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, claims))
r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
print((signed + b"." + encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode())
