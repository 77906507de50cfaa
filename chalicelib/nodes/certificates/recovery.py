"""Recovery: the way back of a device whose certificate has ended, for seven days.

It has nothing to call with any more, and still holds the key of its last certificate: with that it
signs which key is to follow, over what the gateway gave it a moment ago. An operator decides then.
"""

from datetime import datetime, timedelta
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.nodes.authority.csr import is_p256
from chalicelib.nodes.certificates.certificate import Certificate, CertificateState
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.pairing.keys import joined

WITHIN = timedelta(days=7)
NONCE_LASTS = timedelta(minutes=5)
_LABEL = "recover"


def refusal(device: Device | None, certificate: Certificate | None, now: datetime) -> str:
    """Return why a device may not come back by a certificate; empty where it may."""
    if device is None or certificate is None:
        return "there is no such certificate"
    if device.state is not DeviceState.ACTIVE:
        return f"the device is {device.state}"
    is_last = certificate.state is CertificateState.ACTIVE
    if not is_last or not compare_digest(device.current, certificate.fingerprint):
        return "the certificate is not the last that the device called with"
    if now <= certificate.not_after:
        return "the certificate has not ended"
    if now - certificate.not_after > WITHIN:
        return "the certificate ended more than seven days ago"
    return ""


def signed_text(gateway_id: str, device_id: str, nonce: str, spki_sha256: bytes) -> bytes:
    """Return what the last key has to sign.

    Args:
        gateway_id: of the gateway that gave the nonce.
        device_id: the device that comes back.
        nonce: what the gateway gave.
        spki_sha256: SHA-256 over the public key that is to follow (SubjectPublicKeyInfo, DER).
    """
    return joined(_LABEL, gateway_id, device_id, nonce, spki_sha256)


def is_signed(public_key: object, proof: bytes, text: bytes) -> bool:
    """Return whether a text was signed by a key on P-256 (ECDSA, SHA-256, DER)."""
    if not is_p256(public_key):
        return False
    try:
        public_key.verify(proof, text, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
