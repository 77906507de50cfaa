"""The certificate profile: what an authority's and a node's certificates say, to the last byte.

A node's certificate has exactly these extensions with exactly these values, so that what is shown
to us is compared whole: what is not in the profile is refused, known or not.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.nodes.authority.csr import KEY_USAGE, is_p256, key_usage
from chalicelib.nodes.authority.naming import NodeName

BACKDATED = timedelta(minutes=5)
NODE_LIFE = timedelta(hours=24)
AUTHORITY_LIFE = timedelta(days=3650)
SERIAL_BYTES = 20
_CA_NAME = "Palyra nodes"


class Extension(NamedTuple):
    """An extension as the profile has it."""

    value: x509.ExtensionType
    critical: bool


class Leaf(NamedTuple):
    """What is particular to one node's certificate."""

    owner: str
    name: NodeName
    public_key: ec.EllipticCurvePublicKey
    serial: int
    at: datetime

    @property
    def not_before(self) -> datetime:
        """Return from when it is valid: a node's clock may be behind."""
        return _seconds(self.at - BACKDATED)

    @property
    def not_after(self) -> datetime:
        """Return until when it is valid."""
        return _seconds(self.at + NODE_LIFE)


def node_subject(owner: str, device_id: str) -> x509.Name:
    """Return the subject of a node's certificate."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, owner),
            x509.NameAttribute(NameOID.COMMON_NAME, device_id),
        ]
    )


def node_extensions(
    name: NodeName, key: ec.EllipticCurvePublicKey, authority_key_id: bytes
) -> Sequence[Extension]:
    """Return the extensions of a node's certificate, in their order."""
    return (
        Extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
        Extension(KEY_USAGE, critical=True),
        Extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False),
        Extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name.uri)]), critical=False
        ),
        Extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False),
        Extension(
            x509.AuthorityKeyIdentifier(
                authority_key_id, authority_cert_issuer=None, authority_cert_serial_number=None
            ),
            critical=False,
        ),
    )


def node_builder(leaf: Leaf, authority: x509.Certificate) -> x509.CertificateBuilder:
    """Return a node's certificate, but for its signature."""
    builder = (
        x509.CertificateBuilder()
        .issuer_name(authority.subject)
        .subject_name(node_subject(leaf.owner, leaf.name.device_id))
        .public_key(leaf.public_key)
        .serial_number(leaf.serial)
        .not_valid_before(leaf.not_before)
        .not_valid_after(leaf.not_after)
    )
    for extension in node_extensions(leaf.name, leaf.public_key, key_id_of(authority)):
        builder = builder.add_extension(extension.value, extension.critical)
    return builder


def authority_builder(
    gateway_id: str, public_key: bytes, serial: int, now: datetime
) -> x509.CertificateBuilder:
    """Return the certificate of an authority, but for its own signature."""
    key = p256(public_key)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    # Each authority has a name of its own: who looks for an issuer by name finds one.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, gateway_id),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{_CA_NAME} {identifier.digest.hex()[:8]}"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .issuer_name(name)
        .subject_name(name)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_seconds(now - BACKDATED))
        .not_valid_after(_seconds(now + AUTHORITY_LIFE))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
    )


def serial_number(random_bytes: bytes) -> int:
    """Return a serial of 20 random bytes: positive, and of no more than 20 bytes as DER."""
    # The highest bit would need a byte more, and the one below it keeps the length always 20.
    return int.from_bytes(random_bytes, "big") & ~(1 << 159) | 1 << 158


def p256(public_key: bytes) -> ec.EllipticCurvePublicKey:
    """Return a public key of its DER.

    Raises:
        ValueError: it is none, or not on P-256.
    """
    key = load_der_public_key(public_key)
    if is_p256(key):
        return key
    raise ValueError("the key is not on P-256")


def key_id_of(authority: x509.Certificate) -> bytes:
    """Return the key id of an authority, that its leaves name it by."""
    return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def spki_sha256(certificate: x509.Certificate) -> str:
    """Return the name of a certificate's public key: 64 hexadecimal digits."""
    der = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return what a certificate is known by: SHA-256 over its DER, 64 hexadecimal digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def pem(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def _seconds(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
