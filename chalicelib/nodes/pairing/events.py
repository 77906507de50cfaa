"""What pairing leaves in the journal; ids are derived, and what is personal is set apart."""

from datetime import datetime
from typing import Any

from chalicelib.journal.event import Event
from chalicelib.nodes.pairing.code import PairingCode
from chalicelib.nodes.pairing.session import Origin, PairingSession

MACHINE = "system:node-pairing"
_SYSTEM = "system"


def minted(code: PairingCode) -> Event:
    """Return the event of a code's minting."""
    details = {
        "code_id": code.id,
        "method": str(code.method),
        "client_kind": str(code.client_kind),
        "seconds": int((code.expires_at - code.created_at).total_seconds()),
    }
    return Event(
        id=f"pairing-code/{code.serial}/minted",
        owner=code.owner,
        kind="pairing.code_minted",
        actor=code.minted_by,
        subject=code.serial,
        at=code.created_at,
        details=details,
        personal=_said(label=code.label),
    )


def killed(code: PairingCode, actor: str, now: datetime) -> Event:
    """Return the event of a code's end by an operator."""
    return Event(
        id=f"pairing-code/{code.serial}/revoked",
        owner=code.owner,
        kind="pairing.code_revoked",
        actor=actor,
        subject=code.serial,
        at=now,
        details={"code_id": code.id, "attempts": len(code.begun)},
    )


def refused(
    code: PairingCode | None, attempt: str, reason: str, origin: Origin, now: datetime
) -> Event:
    """Return the event of an attempt that was refused; without a code it is the system's."""
    return Event(
        id=f"pairing/{attempt}/refused",
        owner=code.owner if code else _SYSTEM,
        kind="pairing.refused",
        actor=MACHINE,
        subject=code.serial if code else "pairing",
        at=now,
        details={"reason": reason, "attempt": attempt},
        personal=_said(**origin._asdict()),
    )


def failed(session: PairingSession, reason: str, now: datetime) -> Event:
    """Return the event of a session's failure."""
    said = _said(**session.origin._asdict())
    return _of(session, "failed", MACHINE, now, {"reason": reason}, said)


def requested(session: PairingSession, now: datetime) -> Event:
    """Return the event of a code's being proven: a device waits for an operator's decision."""
    verified = session.verified
    details = {
        "method": str(verified.method),
        "client_kind": str(verified.client_kind),
        "device_id": verified.device_id,
        "identity_fingerprint": verified.identity_fingerprint,
        "transcript_sha256": verified.transcript_sha256,
        "code_issued_by": verified.code_issued_by,
        "replaces": session.replaces,
    }
    if session.recovers:
        details["recovers"] = session.recovers
    said = _said(label=session.label, **session.origin._asdict())
    return _of(session, "requested", MACHINE, now, details, said)


def decided(session: PairingSession, verb: str, actor: str, now: datetime, reason: str) -> Event:
    """Return the event of a decision, `approved` or `rejected`, about one version of a request."""
    details = {
        "device_id": session.device_id,
        "identity_fingerprint": session.spki_sha256,
        "version": session.version,
        "minted_by": session.minted_by,
        "replaces": session.replaces,
    }
    return _of(session, verb, actor, now, details, _said(reason=reason))


def mistyped(session: PairingSession, actor: str, op: str, tries: int, now: datetime) -> Event:
    """Return the event of a number that is not the device's."""
    details = {"version": session.version, "tries": tries}
    return _of(session, f"mistyped_{op}", actor, now, details)


def replayed(session: PairingSession, what: str, now: datetime) -> Event:
    """Return the event of a message that was used up before, or was never right."""
    details = {"message": what, "state": str(session.state)}
    return _of(session, "replayed", MACHINE, now, details)


def moved(session: PairingSession, verb: str, now: datetime) -> Event:
    """Return the event of a certificate's being issued or activated, or of a request's expiry."""
    details: dict[str, Any] = {"device_id": session.device_id}
    if session.certificate:
        details |= {
            "serial": session.certificate.serial,
            "certificate_fingerprint": session.certificate.fingerprint,
        }
    return _of(session, verb, MACHINE, now, details)


def _of(
    session: PairingSession,
    verb: str,
    actor: str,
    now: datetime,
    details: dict[str, Any],
    said: dict[str, str] | None = None,
) -> Event:
    return Event(
        id=f"pairing/{session.id}/{verb}",
        owner=session.owner,
        kind=f"pairing.{verb.partition('_')[0]}",
        actor=actor,
        subject=session.id,
        at=now,
        details=details,
        personal=said or {},
    )


def _said(**what: str) -> dict[str, str]:
    return {name: said for name, said in what.items() if said}
