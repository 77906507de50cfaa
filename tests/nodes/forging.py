"""Certificates that no issuer would make, signed by the real authority's key or another."""

import base64
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
from tests.nodes.gateway import Gateway, Node, a_request, new_key

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


def stranger(gateway: Gateway) -> tuple[x509.Certificate, KeySigner]:
    """Return an authority like a gateway's that nobody knows."""
    signer, now = KeySigner(new_key()), gateway.world.clock.now()
    gateway_id = signing(gateway).head.gateway_id
    builder = profile.authority_builder(gateway_id, signer.public_key(), 1, now)
    return signed(builder, signer, None), signer


def rekeyed(key: ec.EllipticCurvePrivateKey, spki: bytes) -> str:
    """Return a request with another writing of its public key, signed as that is written."""
    made = x509.load_pem_x509_csr(a_request(key).encode())
    info = made.tbs_certrequest_bytes
    plain = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert plain in info
    content = _element(0x30, _content(info).replace(plain, spki))
    signature = key.sign(content, ec.ECDSA(hashes.SHA256()))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    der = _element(0x30, content + algorithm + _element(0x03, b"\0" + signature))
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def compressed(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a request whose point on the curve is written by one coordinate and a sign."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return rekeyed(key, _element(0x30, _NAMED_P256 + _element(0x03, b"\0" + point)))


def spelled_out(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a request whose curve is not named, but said to be like P-256."""
    numbers = key.public_key().public_numbers()
    point = b"\4" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    # The base point is the key itself, so that its private half is known to be one.
    parts = (
        _element(0x02, b"\1"),
        _element(0x30, bytes.fromhex("06072a8648ce3d0101") + _integer(prime)),
        _element(
            0x30,
            _element(0x04, (prime - 3).to_bytes(32, "big")) + _element(0x04, b.to_bytes(32, "big")),
        ),
        _element(0x04, point),
        _integer(order),
    )
    algorithm = bytes.fromhex("06072a8648ce3d0201") + _element(0x30, b"".join(parts))
    return rekeyed(key, _element(0x30, _element(0x30, algorithm) + _element(0x03, b"\0" + point)))


_NAMED_P256 = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")


def _integer(number: int) -> bytes:
    return _element(0x02, b"\0" + number.to_bytes(32, "big"))


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _content(element: bytes) -> bytes:
    longer = element[1] & 0x7F if element[1] & 0x80 else 0
    return element[2 + longer :]


def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()
