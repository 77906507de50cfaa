"""CaSigner: how a certificate comes to be signed by a key that may never be in this process.

A certificate is three things in a row: what is signed (TBSCertificate), the algorithm, and the
signature. The first is made by a builder under a throwaway key, whose signature is thrown away with
it; the authority's key then signs these bytes, wherever it is. KMS takes them whole (RAW).
"""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.errors import Unavailable
from chalicelib.nodes.authority import profile
from chalicelib.signing import LARGEST_MESSAGE, Signer

# What signs certificates: a key in KMS, or in a file.
type CaSigner = Signer

_SEQUENCE, _BIT_STRING = b"\x30", b"\x03"
_SHORT = 0x80
# AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758): an OID and no parameters.
_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_NO_UNUSED_BITS = b"\x00"


def signed(
    builder: x509.CertificateBuilder, signer: CaSigner, authority: x509.Certificate | None
) -> x509.Certificate:
    """Return the certificate, signed and checked.

    Args:
        builder: all that it says.
        signer: the authority's key.
        authority: whose certificate it must be found to be issued by; None for its own.

    Raises:
        Unavailable: the key cannot be reached, or is not the authority's.
    """
    draft = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    content = draft.tbs_certificate_bytes
    if len(content) > LARGEST_MESSAGE:
        raise ValueError(f"KMS takes {LARGEST_MESSAGE} bytes, and the content has {len(content)}")
    made = x509.load_der_x509_certificate(assembled(content, signer.sign(content)))
    _check(made, authority or made)
    return made


def authority_certificate(
    gateway_id: str, signer: CaSigner, serial: int, now: datetime
) -> x509.Certificate:
    """Return the certificate of a signer's authority, signed by itself.

    Raises:
        Unavailable: the key cannot be reached.
    """
    builder = profile.authority_builder(gateway_id, signer.public_key(), serial, now)
    return signed(builder, signer, None)


def assembled(content: bytes, signature: bytes) -> bytes:
    """Return the DER of a certificate of its signed content and the signature."""
    bits = _element(_BIT_STRING, _NO_UNUSED_BITS + signature)
    return _element(_SEQUENCE, content + _ECDSA_WITH_SHA256 + bits)


def _element(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    if size < _SHORT:
        return tag + bytes([size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([_SHORT | len(length)]) + length + content


def _check(made: x509.Certificate, authority: x509.Certificate) -> None:
    try:
        made.verify_directly_issued_by(authority)
    except Exception as error:
        # Nothing leaves that this gateway would refuse: another key may stand behind the alias.
        raise Unavailable(
            "what was signed is not the authority's", fix="see the alias of the authority's key"
        ) from error
