"""Authorities: which certificate authority signs, which one follows it, and what the front trusts.

The stage has two keys, called slots. The first authority is made on first need, of slot `a`. A
rollover has two steps, so that no node ever holds a certificate that the front does not know yet:

1. `prepare` makes the authority of the other slot, and the front is told of both.
2. `switch` lets it sign. What the other one signed counts for two more days, in which every node
   has renewed twice. Then it is retired: the front is told of it no more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509

from chalicelib import aws
from chalicelib.errors import Conflict, Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority import naming, profile
from chalicelib.nodes.authority.service import Gateway
from chalicelib.nodes.authority.signing import CaSigner, authority_certificate
from chalicelib.nodes.authority.store import Authority, AuthorityStore, Head
from chalicelib.nodes.authority.truststore import Truststore, trusted
from chalicelib.signing import fingerprint
from chalicelib.tables import Cancelled

FIRST_SLOT = "a"
SLOTS = ("a", "b")
OVERLAP = timedelta(hours=48)
_SYSTEM = "system"
_ISSUER = "system:node-issuer"
_SUBJECT = "node-authority"
_TRIES = 8
_NO_KEY = "NotFoundException"
_GATEWAY_BYTES = 8


class Signing(NamedTuple):
    """The authority that signs, and its key.

    Attributes:
        certificate: the authority's own.
    """

    head: Head
    authority: Authority
    certificate: x509.Certificate
    signer: CaSigner

    @property
    def gateway(self) -> Gateway:
        """Return who this gateway is."""
        key = profile.spki_sha256(self.certificate)
        return Gateway(self.head.gateway_id, key, self.authority.pem)


@dataclass(kw_only=True, eq=False, repr=False)
class Authorities:
    """The authorities of one stage.

    Attributes:
        signers: the key of each slot.
    """

    store: AuthorityStore
    signers: Mapping[str, CaSigner]
    truststore: Truststore
    journal: JournalStore
    random_bytes: Callable[[int], bytes]

    def signing(self, now: datetime) -> Signing:
        """Return the authority that signs; it is made where there is none.

        Raises:
            Unavailable: AWS did not answer, or there is no such authority any more.
        """
        head = self.store.head() or self._made(now)
        authority = self.store.get(head.signing)
        if authority is None:
            raise Unavailable(
                "the authority that signs is not in the table", fix="restore the table of nodes"
            )
        certificate = x509.load_pem_x509_certificate(authority.pem.encode())
        return Signing(head, authority, certificate, self.signers[authority.slot])

    def prepare(self, actor: str, now: datetime) -> Gateway:
        """Make the authority that is to follow, of the other slot's key, and tell the front.

        Raises:
            Conflict: the key of that slot was an authority's before.
            Unavailable: AWS did not answer.
        """
        for _ in range(_TRIES):
            signing = self.signing(now)
            if not signing.head.following:
                following = self._of_slot(signing, now)
                event = _event("authority.prepared", actor, following, now)
                writes = self.store.following(signing.head, following)
                try:
                    self.journal.append_with(event, writes)
                except Cancelled:
                    continue
            self.keep(now)
            return signing.gateway
        raise Unavailable("others keep changing the authorities", fix="try again")

    def switch(self, actor: str, now: datetime) -> Gateway:
        """Let the authority sign that was prepared; the other one's certificates count for 48 h.

        Raises:
            Conflict: none was prepared.
            Unavailable: AWS did not answer.
        """
        for _ in range(_TRIES):
            signing = self.signing(now)
            following = self.store.get(signing.head.following)
            if following is None:
                raise Conflict("no authority was prepared", fix="prepare one first")
            event = _event("authority.switched", actor, following, now)
            until = now + OVERLAP
            writes = self.store.switched(signing.head, signing.authority, until)
            try:
                self.journal.append_with(event, writes)
            except Cancelled:
                continue
            self.keep(now)
            return self.signing(now).gateway
        raise Unavailable("others keep changing the authorities", fix="try again")

    def vouch(self, signing: Signing, now: datetime) -> None:
        """Let the front trust the authority that signs, before anything is issued by it.

        Raises:
            Unavailable: AWS did not answer.
        """
        if signing.authority.pem not in (self.truststore.get() or ""):
            self.keep(now)

    def keep(self, now: datetime) -> Sequence[str]:
        """Let the front trust the authorities that count, and no others; retire those.

        Returns:
            The key ids of those that were retired.

        Raises:
            Unavailable: AWS did not answer.
        """
        for _ in range(_TRIES):
            known = self.store.known()
            # Who was slow may have put what was known before: it looks again.
            if not self.truststore.keep(trusted(known, now)) or self.store.known() == known:
                return [it.key_id for it in known if it.is_over(now) and self._retire(it, now)]
        raise Unavailable("others keep changing the authorities", fix="try again")

    def _retire(self, authority: Authority, now: datetime) -> bool:
        event = _event("authority.retired", _ISSUER, authority, now)
        try:
            self.journal.append_with(event, self.store.retired(authority, now))
        except Cancelled:
            return False  # Somebody was first.
        return True

    def _made(self, now: datetime) -> Head:
        gateway_id = naming.gateway_id(self.random_bytes(_GATEWAY_BYTES))
        first = self._authority(gateway_id, FIRST_SLOT, now)
        head = Head(gateway_id, first.key_id, "", 1)
        try:
            self.store.create(head, first)
        except Cancelled:
            head = self.store.head() or head
        self.keep(now)
        return head

    def _of_slot(self, signing: Signing, now: datetime) -> Authority:
        (slot,) = (each for each in SLOTS if each != signing.authority.slot)
        used = {_key_of(each) for each in self.store.known()}
        if fingerprint(self._public_key(slot)) in used:
            raise Conflict(
                f"the key of slot {slot} was an authority's before",
                fix=f"put a new key behind the alias of slot {slot}; see docs/certificates.md",
            )
        return self._authority(signing.head.gateway_id, slot, now)

    def _public_key(self, slot: str) -> bytes:
        try:
            return self.signers[slot].public_key()
        except Unavailable as error:
            if aws.code(error) != _NO_KEY:
                raise
            raise Conflict(
                f"slot {slot} has no key",
                fix="update the stack with SecondNodeAuthority=yes, then prepare again",
            ) from error

    def _authority(self, gateway_id: str, slot: str, now: datetime) -> Authority:
        serial = profile.serial_number(self.random_bytes(profile.SERIAL_BYTES))
        made = authority_certificate(gateway_id, self.signers[slot], serial, now)
        key_id, ends = profile.key_id_of(made).hex(), made.not_valid_after_utc
        return Authority(key_id, slot, profile.pem(made), ends)


def _key_of(authority: Authority) -> str:
    return profile.spki_sha256(x509.load_pem_x509_certificate(authority.pem.encode()))


def _event(kind: str, actor: str, authority: Authority, now: datetime) -> Event:
    return Event(
        id=f"{kind}/{authority.key_id}",
        owner=_SYSTEM,
        kind=kind,
        actor=actor,
        subject=_SUBJECT,
        at=now,
        details={"authority": authority.key_id, "slot": authority.slot},
    )
