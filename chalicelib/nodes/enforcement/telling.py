"""Telling: what the journal and the operator learn of calls that were not let in.

What was signed by our authority is told with the device that it names. Whatever else the front let
through is told with the house, without a word of what it says of itself: the front lets in what the
truststore's authorities signed, so either somebody else is trusted there, or signs with our key.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.errors import Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.certificates import events
from chalicelib.nodes.certificates.alarms import NodeAlarm
from chalicelib.nodes.certificates.certificate import Certificate
from chalicelib.nodes.enforcement import presented
from chalicelib.nodes.enforcement.presented import Presented
from chalicelib.nodes.enforcement.reason import Reason

_TOLD_AGAIN_AFTER = timedelta(hours=1)
_MOST_TOLD = 1_000


@dataclass(kw_only=True, eq=False, repr=False)
class RefusalTeller:
    """Writes refusals down, each once an hour for each container: a loop must not fill the journal.

    That it cannot be written down lets nobody in, and is no other answer either.
    """

    journal: JournalStore
    authorities: AuthorityStore
    alarm: NodeAlarm
    _told: dict[tuple[str, Reason], datetime] = field(init=False, default_factory=dict)

    def of_device(self, shown: Presented, reason: Reason, now: datetime) -> None:
        """Tell of a certificate that our authority signed, with the device that it names."""
        is_told = self._refused(shown.owner, shown.name.device_id, shown.fingerprint, reason, now)
        if is_told and reason is Reason.UNKNOWN_CERTIFICATE:
            self._alarm(shown.fingerprint, reason, now)

    def of_caller(self, certificate: Certificate, reason: Reason, now: datetime) -> None:
        """Tell of a call that was let in, about what is not this device's."""
        owner, device_id = certificate.owner, certificate.device_id
        self._refused(owner, device_id, certificate.fingerprint, reason, now)

    def of_stranger(self, certificate: x509.Certificate, reason: Reason, now: datetime) -> None:
        """Tell of a certificate that the front should not have let in, with the house.

        Whoever can make one can make any number: one of each reason has to do.
        """
        fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
        if self._once(("", reason), events.misfit(fingerprint, reason, now)):
            self._alarm(fingerprint, reason, now)

    def of_misfit(self, pem: str, now: datetime) -> None:
        """Tell of a certificate that is no node's: what matters is whose key has signed it."""
        certificate = presented.misfit(pem)
        if certificate is None:
            return
        try:
            known = self.authorities.known()
        except Unavailable:
            return
        is_ours = any(presented.is_signed_by(certificate, each.pem) for each in known)
        reason = Reason.PROFILE if is_ours else Reason.UNKNOWN_AUTHORITY
        self.of_stranger(certificate, reason, now)

    def _refused(
        self, owner: str, device_id: str, fingerprint: str, reason: Reason, now: datetime
    ) -> bool:
        event = events.refused(owner, device_id, fingerprint, reason, now)
        return self._once((fingerprint, reason), event)

    def _once(self, what: tuple[str, Reason], event: Event) -> bool:
        last = self._told.get(what)
        if last is not None and event.at - last < _TOLD_AGAIN_AFTER:
            return False
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        try:
            self.journal.append(event)
        except Unavailable:
            return False
        self._told[what] = event.at
        return True

    def _alarm(self, fingerprint: str, reason: Reason, now: datetime) -> None:
        with suppress(Unavailable):
            self.alarm.misused(fingerprint, reason, now)
