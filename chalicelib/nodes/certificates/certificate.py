"""Certificate: one that was issued, and what may be done with it at an instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# What a pairing's certificate has to be used within; what is not is as good as revoked.
ACTIVATE_WITHIN = timedelta(minutes=10)


class CertificateState(StrEnum):
    """Where a certificate stands; what has expired stays what it was."""

    ISSUED = "issued"  # Offered: it counts from its first use on.
    ACTIVE = "active"
    SUPERSEDED = "superseded"  # Its successor was used.
    REVOKED = "revoked"


class CertificateOrigin(StrEnum):
    """What a certificate was issued for."""

    PAIRING = "pairing"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that was issued to a device.

    Attributes:
        fingerprint: SHA-256 over its DER, as 64 hexadecimal digits.
        spki_sha256: SHA-256 over its public key's DER, as 64 hexadecimal digits.
        authority: the key id of the authority that signed it.
        serial_of: what it was issued for: the id of a pairing session, or of a renewal.
        generation: 1 for a device's first, and one more for each that followed.
        usable_until: until when its first use must come.
        reason: why it was revoked.
    """

    owner: str
    device_id: str
    fingerprint: str
    serial: str
    spki_sha256: str
    authority: str
    pem: str
    serial_of: str
    origin: CertificateOrigin
    generation: int
    state: CertificateState
    issued_at: datetime
    not_before: datetime
    not_after: datetime
    usable_until: datetime
    reason: str = ""

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether it is in its time; its last second is its own."""
        return self.not_before <= now <= self.not_after

    def can_begin(self, now: datetime) -> bool:
        """Return whether it is an offer that can still be taken up."""
        is_offer = self.state is CertificateState.ISSUED
        return is_offer and now < self.usable_until and self.is_valid_at(now)
