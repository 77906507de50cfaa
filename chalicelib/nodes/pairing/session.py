"""PairingSession: one device's way through a pairing, and what of it an operator decides about.

Two records are made from it: the `ApprovalPromptRecord` is what an operator is asked, and the
`VerifiedPairing` what is known of a device that has proven its code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from chalicelib.nodes.authority.service import IssuedCertificate
from chalicelib.nodes.pairing import limits, machine
from chalicelib.nodes.pairing.machine import LASTS, REQUESTED, SessionState, Step
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod


class Origin(NamedTuple):
    """Where a request came from: the address that the gateway saw, and what it said of itself."""

    address: str
    agent: str = ""


class Decided(NamedTuple):
    """Who decided about a request, when, and which version of it they had looked at."""

    by: str
    at: datetime
    version: int


class Polling(NamedTuple):
    """When the node may ask again, and how long it has to wait between two questions."""

    at: datetime
    interval: timedelta = limits.POLL

    def asked(self, now: datetime) -> "Polling":
        """Return what follows a question: one that came too early makes the next wait longer."""
        interval = limits.slower(self.interval) if now < self.at else limits.POLL
        return Polling(now + interval, interval)


class VerifiedPairing(NamedTuple):
    """What is known of a device that has proven a code.

    Attributes:
        identity_fingerprint: SHA-256 over its public key, as hexadecimal digits.
        transcript_sha256: the digest of all that both sides of the handshake believed.
    """

    session_id: str
    device_id: str
    client_kind: ClientKind
    method: PairingMethod
    code_issued_by: str
    identity_fingerprint: str
    transcript_sha256: str


class ApprovalPromptRecord(NamedTuple):
    """What an operator is asked about a device; no option is chosen beforehand.

    Attributes:
        version: of the request; a decision is made about one version alone.
        replaces: the device of the same id that is paired, and would be thrown out; or None.
    """

    request_id: str
    version: int
    title: str
    summary: str
    risk: str
    subject: str
    principal: str
    channel: str
    policy: str
    options: tuple[str, ...]
    expires_at: datetime
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingSession:
    """A session.

    Attributes:
        code_serial: the very code that it was begun with; ids of codes are used again.
        spki_sha256: SHA-256 over the device's public key, as hexadecimal digits.
        state: where it stands, unless its deadline has passed; see `standing`.
        version: raised by every step.
        op: the write that made it what it is, so that whoever lost a reply knows their own.
        deadline: until when the state may be left by what is hoped for.
        replaces: whether a device of this id is paired already, and would be thrown out.
        recovers: the fingerprint of the certificate that has ended, where the device comes back
            with its last key; empty where it was told a code.
        typed: the operators' tries to type the number, counted before they are looked at.
        nonce: what the next claim must be made with.
    """

    id: str
    owner: str
    code_id: str
    code_serial: str
    method: PairingMethod
    client_kind: ClientKind
    minted_by: str
    label: str
    device_id: str
    spki_sha256: str
    transcript_sha256: str
    origin: Origin
    state: SessionState
    version: int
    op: str
    created_at: datetime
    deadline: datetime
    nonce: str
    polling: Polling
    replaces: bool = False
    recovers: str = ""
    csr_pem: str = ""
    typed: frozenset[str] = frozenset()
    decided: Decided | None = None
    certificate: IssuedCertificate | None = None

    def standing(self, now: datetime) -> SessionState:
        """Return the state at an instant: a deadline that has passed has ended it."""
        is_over = self.state not in machine.ENDED and now >= self.deadline
        return SessionState.EXPIRED if is_over else self.state

    def is_requested(self, now: datetime) -> bool:
        """Return whether the code was proven, and the device is not paired yet."""
        return self.standing(now) in REQUESTED

    def moved(self, step: Step, now: datetime, op: str, **changes: Any) -> Self:
        """Return the session after a step.

        Raises:
            NoSuchStep: it leads nowhere from its state.
        """
        state = machine.after(self.state, step)
        lasts = LASTS.get(state)
        deadline = self.deadline if lasts is None else now + lasts
        return replace(
            self,
            state=state,
            version=self.version + 1,
            op=op,
            deadline=deadline,
            **changes,
        )

    @property
    def verified(self) -> VerifiedPairing:
        """Return what is known of the device."""
        return VerifiedPairing(
            session_id=self.id,
            device_id=self.device_id,
            client_kind=self.client_kind,
            method=self.method,
            code_issued_by=self.minted_by,
            identity_fingerprint=self.spki_sha256,
            transcript_sha256=self.transcript_sha256,
        )

    @property
    def prompt(self) -> ApprovalPromptRecord:
        """Return what the operator is asked."""
        name = self.label or self.device_id
        already = "; it replaces a device that is paired" if self.replaces else ""
        back = "; it comes back with its last key" if self.recovers else ""
        return ApprovalPromptRecord(
            request_id=self.id,
            version=self.version,
            title=f"{'Recover' if self.recovers else 'Pair'} {name}",
            summary=(
                f"{self.client_kind} {self.device_id} from {self.origin.address}{already}{back}"
            ),
            risk="high",
            subject=f"device_pairing:{self.id}:{self.device_id}",
            principal="system:node-pairing",
            channel="node",
            policy="node_pairing.approval.v1",
            options=("approve", "reject"),
            expires_at=self.deadline,
            replaces=self.device_id if self.replaces else None,
        )


def has_room(others: Sequence[PairingSession], origin: Origin) -> bool:
    """Return whether one more request may wait for a decision, beside others that are under way."""
    pending = [each for each in others if each.state is SessionState.PENDING_APPROVAL]
    site = limits.site(origin.address)
    near = [each for each in pending if limits.site(each.origin.address) == site]
    return len(pending) < limits.PENDING and len(near) < limits.PENDING_OF_ADDRESS
