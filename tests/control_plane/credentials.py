"""What the programs and their users prove themselves with: one CA, one server certificate, one signing key, tokens."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ADMIN = "admin"
CA = "control-plane-ca"
CONTROLLER_MANAGER = "system:kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files as the API server's options want them, and the two static tokens in ``tokens_file``."""

    ca_file: Path
    certificate: Path
    key: Path
    service_account_key: Path
    tokens_file: Path
    admin_token: str
    controller_manager_token: str


def create(folder: Path) -> Credentials:
    """Write fresh credentials for a server on 127.0.0.1, valid for a day."""
    folder.mkdir(parents=True)
    credentials = Credentials(
        ca_file=folder / "ca.crt",
        certificate=folder / "server.crt",
        key=folder / "server.key",
        service_account_key=folder / "service-account.key",
        tokens_file=folder / "tokens.csv",
        admin_token=secrets.token_hex(16),
        controller_manager_token=secrets.token_hex(16),
    )
    ca_key, key = _new_key(credentials.ca_file.with_suffix(".key")), _new_key(credentials.key)
    _new_key(credentials.service_account_key)
    ca = _certificate(CA, key, ca_key, authority=True)
    credentials.ca_file.write_bytes(ca)
    credentials.certificate.write_bytes(_certificate("kube-apiserver", key, ca_key, authority=False))
    credentials.tokens_file.write_text(
        f'{credentials.admin_token},{ADMIN},1,"system:masters"\n'
        f'{credentials.controller_manager_token},{CONTROLLER_MANAGER},2,"system:masters"\n'
    )
    return credentials


def write_kubeconfig(path: Path, url: str, ca_file: Path, token: str) -> Path:
    """Write a kubeconfig with one context; JSON is YAML (https://yaml.org/spec/1.2.2/#12-json-compatibility)."""
    name = "control-plane"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority": str(ca_file)}}],
                "users": [{"name": name, "user": {"token": token}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
            },
            indent=2,
        )
    )
    path.chmod(0o600)
    return path


def _new_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    return key


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey, *, authority: bool
) -> bytes:
    """Python 3.13 checks strictly (RFC 5280, section 4.2.1): both key identifiers and the CA's key usage are needed."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CA)])
    now = dt.datetime.now(dt.UTC)
    public_key = (ca_key if authority else key).public_key()
    builder = (
        x509.CertificateBuilder(issuer, subject, public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(_key_usage(authority=authority), critical=True)
    )
    if not authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]),
            critical=False,
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
