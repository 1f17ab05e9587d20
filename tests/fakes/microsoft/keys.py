# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates made up on the spot."""

from __future__ import annotations

import base64
import ipaddress
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


class Certificate:
    """A self-signed certificate for 127.0.0.1 with its key, made when first needed."""

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="convene-fake-")

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def _certificate(self) -> x509.Certificate:
        return _self_signed(self._key)

    @cached_property
    def certificate_file(self) -> str:
        """A PEM file with the certificate alone."""
        path = Path(self._folder.name) / "certificate.pem"
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    @cached_property
    def key_file(self) -> str:
        """A PEM file with the key, then the certificate."""
        path = Path(self._folder.name) / "key-and-certificate.pem"
        key = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.write_bytes(key + self._certificate.public_bytes(serialization.Encoding.PEM))
        path.chmod(0o600)
        return str(path)

    def signed(self, assertion: str, *, client: str, audience: str) -> bool:
        """Whether an assertion (RFC 7523) was signed with this key, by and for whom it should be."""
        prints = {"x5t#S256": hashes.SHA256(), "x5t": hashes.SHA1()}
        try:
            header = jwt.get_unverified_header(assertion)
            jwt.decode(
                assertion,
                self._key.public_key(),
                algorithms=["PS256", "RS256"],
                audience=audience,
                issuer=client,
                subject=client,
                options={"require": ["exp", "aud", "iss", "sub", "jti"]},
            )
        except jwt.PyJWTError:
            return False
        return any(
            header.get(name, "").rstrip("=")  # MSAL sends it padded
            == base64.urlsafe_b64encode(self._certificate.fingerprint(kind)).decode().rstrip("=")
            for name, kind in prints.items()
        )

    def remove(self) -> None:
        """Take the files away again."""
        if "_folder" in vars(self):
            self._folder.cleanup()


class Signer:
    """Signs id tokens, RS256."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "fake-key"})

    def key_set(self) -> dict[str, Any]:
        """RFC 7517"""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": "fake-key", "use": "sig"}]}
