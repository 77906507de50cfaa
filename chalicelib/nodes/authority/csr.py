"""NodeRequest: what a node may ask a certificate with, and how much of it is used.

A node sends a certificate signing request (PKCS #10) for a P-256 key that it alone holds. Only the
public key is taken from it. It may name the device that it is for, and ask for what every node's
certificate grants; a request for more is refused rather than answered with less, since whoever made
it believes to be getting something else.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Self, TypeGuard

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.errors import Invalid
from chalicelib.nodes.authority.pem import one_block

LARGEST = 4096
_FIELD = "csr_pem"
_KIND = "CERTIFICATE REQUEST"
_A_CURVE = "make the key with `openssl ecparam -name prime256v1 -genkey`, or any P-256 key"
# What reading DER of unknown origin can end with.
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    InternalError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A request that was found to be valid: a device, and the public key that it proved to hold.

    Attributes:
        device_id: the device that it is for.
        public_key: the key, as DER (SubjectPublicKeyInfo).
        pem: the request as it came, for handing it on; never an identity, since bits of it can be
            changed without its becoming invalid.
    """

    device_id: str
    public_key: bytes
    pem: str

    @property
    def public_key_sha256(self) -> str:
        """Return the name of the key: SHA-256 over its DER, as 64 lower-case hexadecimal digits."""
        return hashlib.sha256(self.public_key).hexdigest()

    @classmethod
    def read(cls, pem: str, device_id: str) -> Self:
        """Return the request of a PEM text.

        Args:
            pem: the text, as a node sent it.
            device_id: the device that it must be for.

        Raises:
            Invalid: names what is wrong with it.
        """
        der = one_block(pem, _KIND, LARGEST, _FIELD)
        try:
            request = x509.load_der_x509_csr(der)
            key = request.public_key()
        except UNREADABLE as error:
            raise _refused("it is not a certificate signing request of a known kind") from error
        if not is_p256(key):
            raise _refused("its key is not on the curve P-256", _A_CURVE)
        _check_signature(request)
        _check_wishes(request, device_id)
        public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(device_id, public, pem)


def is_p256(key: object) -> TypeGuard[ec.EllipticCurvePublicKey]:
    """Return whether a public key is on P-256, the one curve that nodes and authorities use."""
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _check_signature(request: x509.CertificateSigningRequest) -> None:
    try:
        hashed = isinstance(request.signature_hash_algorithm, hashes.SHA256)
        valid = request.is_signature_valid
    except (*UNREADABLE, InvalidSignature) as error:
        raise _refused("its signature cannot be read") from error
    if not hashed or not valid:
        raise _refused("its signature is not the key's, made with ECDSA and SHA-256")


def _check_wishes(request: x509.CertificateSigningRequest, device_id: str) -> None:
    try:
        subject = [(each.oid, each.value) for each in request.subject]
        wishes = [(each.oid, each.value) for each in request.extensions]
    except UNREADABLE as error:
        raise _refused("its subject or its extensions cannot be read") from error
    if subject not in ([], [(NameOID.COMMON_NAME, device_id)]):
        fix = f"leave the subject empty, or let it be CN={device_id}"
        raise _refused("its subject is not the device", fix)
    for oid, value in wishes:
        if not _is_granted_to_all(value):
            raise _refused(f"it asks for what no node is granted: {oid.dotted_string}")


def _is_granted_to_all(wish: Any) -> bool:
    return wish in (
        x509.BasicConstraints(ca=False, path_length=None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        KEY_USAGE,
    )


def _refused(detail: str, fix: str = "make a new one with `palyra node pair`") -> Invalid:
    return Invalid(detail, field=_FIELD, fix=fix)


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return what a key may be used for: certificates, as the authority's, or handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


KEY_USAGE = key_usage(signs_certificates=False)
