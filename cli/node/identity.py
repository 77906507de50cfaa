"""The node's key: made here, kept here, and never in anything that is sent or shown."""

import hashlib
import secrets
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli.node.handshake import Untrusted, joined, written

type Key = ec.EllipticCurvePrivateKey

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_CHARACTERS, _ULID_RANDOM_BITS = 26, 80


def new_device_id() -> str:
    """Return a name for this device: a ULID."""
    number = (time.time_ns() // 1_000_000) << _ULID_RANDOM_BITS | secrets.randbits(
        _ULID_RANDOM_BITS
    )
    return "".join(_CROCKFORD[number >> 5 * at & 31] for at in reversed(range(_ULID_CHARACTERS)))


def new_key() -> Key:
    """Return a new key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def read_key(pem: str) -> Key:
    """Return the key of a PEM text.

    Raises:
        ValueError: it is none on P-256.
    """
    key = serialization.load_pem_private_key(pem.encode(), None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("the key is not on P-256")


def key_pem(key: Key) -> str:
    """Return a key as it is kept."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def spki_sha256(key: Key) -> bytes:
    """Return SHA-256 over a key's public half (SubjectPublicKeyInfo, DER)."""
    return hashlib.sha256(_spki(key.public_key())).digest()


def request(key: Key) -> str:
    """Return the request for a certificate of a key, as PEM; the gateway says what stands in it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def renewal_proof(key: Key, gateway_id: str, device_id: str, nonce: str) -> str:
    """Return the proof that a new key is held by who asks for its certificate."""
    text = joined("renew", gateway_id, device_id, nonce, spki_sha256(key))
    return written(key.sign(text, ec.ECDSA(hashes.SHA256())))


def recovery_proof(last: Key, following: Key, gateway_id: str, device_id: str, nonce: str) -> str:
    """Return the proof that who holds the last key wants another one to follow it."""
    text = joined("recover", gateway_id, device_id, nonce, spki_sha256(following))
    return written(last.sign(text, ec.ECDSA(hashes.SHA256())))


def exchanged(key: Key, point: bytes) -> bytes:
    """Return the secret that a key has with another one (ECDH, P-256).

    Raises:
        Untrusted: the other one is no point of the curve.
    """
    try:
        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise Untrusted("the answer is not part of the protocol") from error
    return key.exchange(ec.ECDH(), other)


def issued(
    certificate_pem: str, ca_pem: str, key: Key, uri: str, ca_spki_sha256: bytes | None = None
) -> x509.Certificate:
    """Return a certificate, once it is found to be this node's and of its authority.

    Args:
        certificate_pem: the certificate.
        ca_pem: the authority's.
        key: that it has to be for.
        uri: what the node is called in it.
        ca_spki_sha256: which authority it has to be; None for the one whose origin answers.

    Raises:
        Untrusted: it is not.
    """
    try:
        made = x509.load_pem_x509_certificate(certificate_pem.encode())
        authority = x509.load_pem_x509_certificate(ca_pem.encode())
        made.verify_directly_issued_by(authority)
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        raise Untrusted("the certificate is not of the authority that it names") from error
    signer = hashlib.sha256(_spki(authority.public_key())).digest()
    if ca_spki_sha256 is not None and signer != ca_spki_sha256:
        raise Untrusted("the certificate is of another authority than the code is from")
    if made.public_key() != key.public_key():
        raise Untrusted("the certificate is for another key")
    if names.get_values_for_type(x509.UniformResourceIdentifier) != [uri]:
        raise Untrusted("the certificate is for another device")
    return made


def certificate_of(credential: str) -> x509.Certificate:
    """Return the certificate of a credential: a private key, and the certificate after it.

    Raises:
        ValueError: there is none.
    """
    return x509.load_pem_x509_certificate(credential.encode())


def name_of(gateway_id: str, device_id: str) -> str:
    """Return what a node is called in its certificate."""
    return f"spiffe://{gateway_id}/node/{device_id}"


def _spki(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Untrusted("the authority's key is of a kind that it does not have")
    return key.public_bytes(Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
