"""Certificates that no issuer would make, signed by the real authority's key or another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from chalicelib.functions.wiring.issuer import issuer
from chalicelib.nodes.authority import profile
from chalicelib.nodes.authority.authorities import Signing
from chalicelib.nodes.authority.csr import key_usage
from chalicelib.nodes.authority.naming import NodeName
from chalicelib.nodes.authority.profile import Extension
from chalicelib.nodes.authority.signing import signed
from chalicelib.signing import Signer
from tests.nodes.gateway import Gateway, Node, new_key

SERVER_AUTH = Extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
IS_CA = Extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
SIGNS = Extension(key_usage(signs_certificates=True), critical=True)


class KeySigner:
    """A key in memory."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def sign(self, message: bytes) -> bytes:
        made: bytes = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        return made

    def public_key(self) -> bytes:
        made: bytes = self.key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return made


def signing(gateway: Gateway) -> Signing:
    """Return the real authority."""
    return issuer(gateway.of).authorities.signing(gateway.world.clock.now())


@dataclass(frozen=True)
class Forgery:
    """What of a certificate is not as a node's; what is empty is."""

    owner: str = ""
    key: Any = None
    uris: Sequence[x509.GeneralName] | None = None
    common_name: str = ""
    without: type[x509.ExtensionType] | None = None
    instead: Sequence[Extension] = ()
    more: Sequence[Extension] = ()
    begin: datetime | None = None
    end: datetime | None = None
    authority: x509.Certificate | None = None
    signer: Signer | None = None

    def extensions(self, name: NodeName, issuing: x509.Certificate, key: Any) -> list[Extension]:
        real = profile.node_extensions(name, key, profile.key_id_of(issuing))
        wanted = {type(each.value): each for each in real}
        if self.uris is not None:
            names = Extension(x509.SubjectAlternativeName(self.uris), critical=False)
            wanted[x509.SubjectAlternativeName] = names
        wanted |= {type(each.value): each for each in (*self.instead, *self.more)}
        return [each for kind, each in wanted.items() if kind is not self.without]


def forged(gateway: Gateway, node: Node, **how: Any) -> bytes:
    """Return the DER of a certificate like a node's but for what is said: fields of `Forgery`."""
    wish, now, real = Forgery(**how), gateway.world.clock.now(), signing(gateway)
    issuing = wish.authority or real.certificate
    public = (wish.key or node.key).public_key()
    subject = profile.node_subject(wish.owner or node.owner, wish.common_name or node.id)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuing.subject)
        .subject_name(subject)
        .public_key(public)
        .serial_number(0x4D2)
        .not_valid_before(wish.begin or now - timedelta(minutes=5))
        .not_valid_after(wish.end or now + timedelta(hours=24))
    )
    name = NodeName(real.head.gateway_id, node.id)
    for extension in wish.extensions(name, issuing, public):
        builder = builder.add_extension(extension.value, extension.critical)
    return signed(builder, wish.signer or real.signer, issuing).public_bytes(Encoding.DER)


def impostor(gateway: Gateway) -> tuple[x509.Certificate, KeySigner]:
    """Return an authority with the name and key id of the real one, and a key of its own."""
    real = signing(gateway)
    signer = KeySigner(new_key())
    identifier = x509.SubjectKeyIdentifier(profile.key_id_of(real.certificate))
    builder = (
        x509.CertificateBuilder()
        .issuer_name(real.certificate.subject)
        .subject_name(real.certificate.subject)
        .public_key(signer.key.public_key())
        .serial_number(1)
        .not_valid_before(real.certificate.not_valid_before_utc)
        .not_valid_after(real.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
    )
    return builder.sign(signer.key, hashes.SHA256()), signer


def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()
