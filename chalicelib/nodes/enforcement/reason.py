"""Why a certificate was not let in: for the journal and the operator, never for the caller."""

from enum import StrEnum


class Reason(StrEnum):
    """What was wrong, in the order in which it is looked at."""

    UNREADABLE = "unreadable"
    PROFILE = "profile"  # It does not say what a node's certificate says.
    OTHER_DEVICE = "other_device"  # Certificate, path and body do not name the same device.
    UNKNOWN_AUTHORITY = "unknown_authority"
    EXPIRED = "expired"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    UNKNOWN_DEVICE = "unknown_device"
    OTHER_ENTRY = "other_entry"  # The table's entry is another certificate's.
    REVOKED = "revoked"
    DEVICE_NOT_ACTIVE = "device_not_active"
    NOT_ACTIVATED = "not_activated"
    OFFER_EXPIRED = "offer_expired"
    LAPSED = "lapsed"  # Its successor was there for 15 minutes.
    SUPERSEDED = "superseded"  # Its successor was used: somebody has a copy.
    NOT_ASKED = "not_asked"  # Let in, it took or answered what this device was not asked.


class NotAdmitted(Exception):
    """A certificate may not make this call."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
