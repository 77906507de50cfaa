"""The certificate of the nodes front itself: signed by its own key, for loopback alone.

It has nothing to do with those of nodes, and no authority of theirs has signed it. Nodes of this
machine know it by the file; the key stays in the state folder (mode 0600).
"""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.local.place import LOOPBACK, Place
from infra.local.private_file import write_private

_LIFE = timedelta(days=825)
_RENEWED_BEFORE = timedelta(days=30)
_BACKDATED = timedelta(days=1)


def ensure(place: Place, now: datetime | None = None) -> None:
    """Make key and certificate where there are none, or where they end soon."""
    now = now or datetime.now(UTC)
    if place.nodes_key.exists() and _lasts(place, now):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    # The key goes first: without it, the certificate is made again with another one.
    place.nodes_certificate.unlink(missing_ok=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(place.nodes_key, private.decode())
    certificate = _made(key, now).public_bytes(Encoding.PEM)
    write_private(place.nodes_certificate, certificate.decode())


def _lasts(place: Place, now: datetime) -> bool:
    if not place.nodes_certificate.exists():
        return False
    certificate = x509.load_pem_x509_certificate(place.nodes_certificate.read_bytes())
    return now + _RENEWED_BEFORE < certificate.not_valid_after_utc


def _made(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Palyra local nodes front")])
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    hosts = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address(LOOPBACK)),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def _usage() -> x509.KeyUsage:
    # It is its own authority, as strict clients want to see it said.
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
