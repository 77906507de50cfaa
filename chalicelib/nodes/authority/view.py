"""AuthorityView: who this gateway is, for those who may read the table and sign nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509

from chalicelib.nodes.authority import profile
from chalicelib.nodes.authority.service import Gateway
from chalicelib.nodes.authority.store import Authority, AuthorityStore, Head


class Part(StrEnum):
    """What an authority that is trusted has to do."""

    SIGNING = "signing"
    PREPARED = "prepared"  # It signs after the switch.
    RETIRING = "retiring"  # It signs no more; what it has signed counts for a while.


class KnownAuthority(NamedTuple):
    """An authority whose certificates count.

    Attributes:
        public_key_sha256: SHA-256 over its public key, 64 lower-case hexadecimal digits.
        not_after: the end of its own certificate.
        trusted_until: from when nothing that it signed counts; None for no end but its own.
    """

    part: Part
    public_key_sha256: str
    not_after: datetime
    trusted_until: datetime | None


@dataclass(eq=False, repr=False)
class AuthorityView:
    """Reads who the gateway is."""

    store: AuthorityStore

    def gateway(self) -> Gateway | None:
        """Return who this gateway is, or None before the first authority was made.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        head = self.store.head()
        authority = self.store.get(head.signing) if head else None
        if head is None or authority is None:
            return None
        certificate = x509.load_pem_x509_certificate(authority.pem.encode())
        return Gateway(head.gateway_id, profile.spki_sha256(certificate), authority.pem)

    def authorities(self, now: datetime) -> Sequence[KnownAuthority]:
        """Return the authorities whose certificates count, the one that signs first.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        head = self.store.head()
        if head is None:
            return []
        found = [_known(each, head) for each in self.store.known() if each.is_trusted(now)]
        return sorted(found, key=lambda each: (list(Part).index(each.part), each.not_after))


def _known(authority: Authority, head: Head) -> KnownAuthority:
    certificate = x509.load_pem_x509_certificate(authority.pem.encode())
    return KnownAuthority(
        _part(authority, head),
        profile.spki_sha256(certificate),
        certificate.not_valid_after_utc,
        authority.trusted_until,
    )


def _part(authority: Authority, head: Head) -> Part:
    if authority.key_id == head.signing:
        return Part.SIGNING
    return Part.PREPARED if authority.key_id == head.following else Part.RETIRING
