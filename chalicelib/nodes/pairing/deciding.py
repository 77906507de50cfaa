"""Deciding: an operator looks at a request, and approves or rejects exactly this one.

An approval names the version and the key that were looked at, and the number that the device shows.
A try to type it is counted before it is looked at; the third wrong one rejects the request.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NoReturn

from chalicelib.clock import Clock
from chalicelib.errors import Denied, Invalid, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.pairing import events, limits
from chalicelib.nodes.pairing.alarm import PairingAlarm
from chalicelib.nodes.pairing.devices import Devices
from chalicelib.nodes.pairing.handshake import CLAIM, CONFIRM_GATEWAY, SAS
from chalicelib.nodes.pairing.machine import SessionState, Step
from chalicelib.nodes.pairing.refusals import SasMismatch, StaleRequest
from chalicelib.nodes.pairing.sealing import Sealed, SecretSealer
from chalicelib.nodes.pairing.session import Decided, PairingSession
from chalicelib.nodes.pairing.store import REQUESTS, PairingStore, StoredSession, row_of
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import Cancelled

_TRIES = 8
_LOOK = "look at the request again: GET /v1/pairing/requests/{request_id}"
_REJECTIONS = "rejections"


class Approval(NamedTuple):
    """What an operator approves.

    Attributes:
        version: of the request that they looked at.
        identity_fingerprint: SHA-256 over the device's public key, as hexadecimal digits.
        sas: the six digits that the device shows; None for a device that comes back with its last
            key, where nobody stands in front of it.
        replaces: the paired device whose place it takes, where it takes one's.
        reason: why, in the operator's words; may be empty.
    """

    version: int
    identity_fingerprint: str
    sas: str | None
    replaces: str | None = None
    reason: str = ""

    def __repr__(self) -> str:
        """Show which request it is about, never the number."""
        return f"Approval(version={self.version}, of={self.identity_fingerprint!r})"


@dataclass(kw_only=True, eq=False, repr=False)
class Deciding:
    """Requests.

    Attributes:
        two_persons: whoever minted the code may not approve its request.
    """

    store: PairingStore
    sealer: SecretSealer
    devices: Devices
    alarm: PairingAlarm
    journal: JournalStore
    clock: Clock
    ids: Ids
    two_persons: bool

    # Finding.

    def list(self, owner: str) -> Sequence[PairingSession]:
        """Return the requests that are under way, the oldest first."""
        now = self.clock.now()
        found = self.store.sessions(self.store.register(owner, REQUESTS).ids)
        return [each for each in found if each.owner == owner and each.is_requested(now)]

    def get(self, owner: str, request_id: str) -> PairingSession:
        """Return a request, whatever became of it.

        Raises:
            NotFound: the owner has none of this id, or it was never proven.
        """
        return self._found(owner, request_id).session

    # Deciding.

    def approve(
        self, owner: str, actor: str, request_id: str, approval: Approval
    ) -> PairingSession:
        """Approve a request; approving it again is answered with what it has become.

        Raises:
            NotFound: the owner has no such request.
            StaleRequest: it is not the one that was looked at, or waits for no decision any more.
            SasMismatch: the number is not the device's.
            Denied: a second person must approve it.
            Invalid: it takes a paired device's place, and the approval does not say so.
            Unavailable: AWS did not answer; approve again.
        """
        refuse_secrets("reason", approval.reason)
        op = self.ids.ulid(self.clock.now())
        for _ in range(_TRIES):
            now = self.clock.now()
            session, keys = self._found(owner, request_id)
            _check_same(session, approval)
            if _is_decided(session, SessionState.APPROVED, approval.version, actor):
                return session
            self._check_open(session, approval.version, now)
            self._check_approval(session, actor, approval)
            kept = self._typed(session, keys, actor, approval.sas, op)
            now = self.clock.now()  # It took a while to open the keys.
            decided = Decided(actor, now, session.version)
            after = session.moved(Step.APPROVE, now, op, decided=decided)
            event = events.decided(session, "approved", actor, now, approval.reason)
            try:
                write = self.store.moving(session, after, kept, now)
                self.journal.append_with(event, [write])
            except Cancelled:
                continue  # It was decided meanwhile, or the time is over.
            return after
        raise Unavailable("the request keeps changing", fix="try again")

    def reject(
        self, owner: str, actor: str, request_id: str, version: int, reason: str
    ) -> PairingSession:
        """Reject a request; rejecting it again is answered with what it has become.

        Raises:
            NotFound: the owner has no such request.
            StaleRequest: it is not the one that was looked at, or waits for no decision any more.
            Unavailable: AWS did not answer; reject again.
        """
        refuse_secrets("reason", reason)
        for _ in range(_TRIES):
            now = self.clock.now()
            session, _ = self._found(owner, request_id)
            if _is_decided(session, SessionState.REJECTED, version, actor):
                return session
            self._check_open(session, version, now)
            if after := self._rejected(session, actor, reason, now):
                self._count_rejection(owner, after.op, now)
                return after
        raise Unavailable("the request keeps changing", fix="try again")

    def _found(self, owner: str, request_id: str) -> StoredSession:
        stored = self.store.session(request_id)
        unproven = {SessionState.AWAITING_HELLO, SessionState.VERIFYING, SessionState.FAILED}
        if stored is None or stored.session.owner != owner or stored.session.state in unproven:
            raise NotFound(f"there is no pairing request {request_id!r:.80}")
        return stored

    @staticmethod
    def _check_open(session: PairingSession, version: int, now: datetime) -> None:
        state = session.standing(now)
        if state is not SessionState.PENDING_APPROVAL:
            raise StaleRequest(f"the request is {state}", field="request_id", fix=_LOOK)
        if version != session.version:
            detail = f"it is version {session.version} by now"
            raise StaleRequest(detail, field="version", fix=_LOOK)

    def _check_approval(self, session: PairingSession, actor: str, approval: Approval) -> None:
        if self.two_persons and actor == session.minted_by:
            raise Denied("whoever minted the code may not approve its request", fix="ask another")
        if approval.sas is None and not session.recovers:
            raise Invalid(
                "it is missing", field="sas", fix="type the six digits that the device shows"
            )
        if not self.devices.as_asked(session):
            raise StaleRequest(
                "a device of this id was paired or thrown out meanwhile",
                field="request_id",
                fix="reject the request; the device begins again, cleared if it was thrown out",
            )
        replaced = session.prompt.replaces
        if approval.replaces != replaced:
            raise Invalid(
                "a device of this id is paired, and would be thrown out"
                if replaced
                else "no device of this id is paired",
                field="replaces",
                fix=f"send {replaced!r} to throw it out, or reject" if replaced else "leave it out",
            )

    def _typed(
        self, session: PairingSession, keys: Sealed | None, actor: str, sas: str | None, op: str
    ) -> Sealed:
        """Return the keys without the number, once the right number was typed."""
        now = self.clock.now()
        if keys is None or not self.store.type_number(session, op, now):
            raise StaleRequest("the request was changed meanwhile", field="version", fix=_LOOK)
        opened = self.sealer.open(row_of(session.id), keys)
        if sas is not None and not hmac.compare_digest(opened.secrets[SAS], sas.encode()):
            self._mistyped(session, actor, op, now)
        return self.sealer.keep(opened, frozenset({CLAIM, CONFIRM_GATEWAY}))

    def _mistyped(self, session: PairingSession, actor: str, op: str, now: datetime) -> NoReturn:
        stored = self.store.session(session.id)
        tries = len(stored.session.typed) if stored else limits.TYPED_NUMBERS
        self.journal.append(events.mistyped(session, actor, op, tries, now))
        left = limits.TYPED_NUMBERS - tries
        if left <= 0:
            self._rejected(session, events.MACHINE, "the number was typed wrong too often", now)
            self.alarm.mistyped(session, now)
        raise SasMismatch(
            "this is not the number that the device shows",
            field="sas",
            fix=f"type what the device shows; {left} more {'try' if left == 1 else 'tries'}"
            if left > 0
            else "the request was rejected; let the device begin again with a new code",
        )

    def _rejected(
        self, session: PairingSession, actor: str, reason: str, now: datetime
    ) -> PairingSession | None:
        """Return the request once it is rejected, or None where it was changed meanwhile."""
        decided = Decided(actor, now, session.version)
        after = session.moved(Step.REJECT, now, self.ids.ulid(now), decided=decided)
        event = events.decided(session, "rejected", actor, now, reason)
        try:
            self.journal.append_with(event, [self.store.moving(session, after, None, now)])
        except Cancelled:
            return None
        return after

    def _count_rejection(self, owner: str, rejection: str, now: datetime) -> None:
        what, lasts, most = f"{_REJECTIONS}#{owner}", limits.REJECTIONS_IN, limits.REJECTIONS
        seen = self.store.lately({what: lasts}, now)[what]
        if self.store.count(what, rejection, most, lasts, now, seen) in {None, most}:
            self.alarm.rejected(owner, limits.window(now, lasts), now)


def _check_same(session: PairingSession, approval: Approval) -> None:
    if not hmac.compare_digest(session.spki_sha256, approval.identity_fingerprint):
        raise StaleRequest(
            "the request is for another key", field="identity_fingerprint", fix=_LOOK
        )


def _is_decided(session: PairingSession, as_: SessionState, version: int, actor: str) -> bool:
    """Return whether this very decision was made before, and its answer lost."""
    decided = session.decided
    later = {SessionState.APPROVED: {SessionState.ISSUED, SessionState.ACTIVE}}.get(as_, set())
    return (
        decided is not None
        and session.state in {as_, *later}
        and (decided.by, decided.version) == (actor, version)
    )
