"""The TLS settings of the nodes front: whom it trusts, and which keys it takes."""

import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from infra.local.place import Place

TRUST_SECONDS = 2.0
_SMALLEST_RSA, _SMALLEST_EC = 2048, 256


@dataclass(eq=False)
class Trust:
    """The TLS settings, made anew where the truststore has changed."""

    place: Place
    read: Callable[[], str]
    _pem: str = ""
    _context: ssl.SSLContext | None = None
    _read_at: float = float("-inf")

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def context(self) -> ssl.SSLContext | None:
        """Return the present settings; None while there is nobody to trust."""
        with self._lock:
            if time.monotonic() - self._read_at >= TRUST_SECONDS:
                self._renew()
                self._read_at = time.monotonic()
            return self._context

    def _renew(self) -> None:
        # While nobody can say whom to trust, it is who was trusted before.
        with suppress(BotoCoreError, ClientError):
            pem = self.read()
            if pem == self._pem:
                return
            self._context = tls(self.place, pem) if pem else None
            self._pem = pem


def tls(place: Place, trusted: str) -> ssl.SSLContext:
    """Return the TLS settings of the front.

    Args:
        place: with the front's own key and certificate.
        trusted: the authorities of nodes, as PEM; nobody else is trusted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.num_tickets = 0
    context.load_cert_chain(place.nodes_certificate, place.nodes_key)
    context.load_verify_locations(cadata=trusted)
    return context


def is_taken(certificate: bytes) -> bool:
    """Return whether API Gateway takes the key of a certificate: RSA from 2048, ECDSA from 256."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except Exception:  # noqa: BLE001  what cannot be read is not taken, whatever is wrong with it
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _SMALLEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= _SMALLEST_EC
