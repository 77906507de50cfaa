"""Codes and sessions as rows have them, and back.

A row has a column for what is known, and none for what is not.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.clock import from_ms, to_ms
from chalicelib.nodes.authority.service import IssuedCertificate
from chalicelib.nodes.pairing.code import PairingCode
from chalicelib.nodes.pairing.machine import ENDED, CodeState, SessionState
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.session import Decided, Origin, PairingSession, Polling
from chalicelib.nodes.rows import PAIRING, CodeRow, SessionRow

# How long what has ended can still be looked at.
_KEPT = timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)

type Columns = dict[str, Any]


def of_code(code: PairingCode) -> Columns:
    """Return the columns of a code."""
    return {
        "serial": code.serial,
        "owner": code.owner,
        "method": str(code.method),
        "client_kind": str(code.client_kind),
        "minted_by": code.minted_by,
        "label": code.label or None,
        "state": str(code.state),
        "created_at": to_ms(code.created_at),
        "expiring": PAIRING if code.state is CodeState.ACTIVE else None,
        "expires_at": to_ms(code.expires_at),
        "ttl": _ttl(code.expires_at),
    }


def code(row: CodeRow) -> PairingCode:
    """Return the code of a row."""
    return PairingCode(
        id=row.pk.rpartition("#")[2],
        serial=row.serial,
        owner=row.owner,
        method=PairingMethod(row.method),
        client_kind=ClientKind(row.client_kind),
        minted_by=row.minted_by,
        label=row.label or "",
        state=CodeState(row.state),
        created_at=from_ms(row.created_at),
        expires_at=from_ms(row.expires_at),
        begun=frozenset(row.begun or ()),
    )


def of_session(session: PairingSession) -> Columns:
    """Return the columns of a session, but for those that claims and tries alone write."""
    decided = session.decided
    return {
        "owner": session.owner,
        "code_id": session.code_id,
        "code_serial": session.code_serial,
        "method": str(session.method),
        "client_kind": str(session.client_kind),
        "minted_by": session.minted_by,
        "label": session.label or None,
        "device_id": session.device_id,
        "spki_sha256": session.spki_sha256,
        "transcript_sha256": session.transcript_sha256,
        "address": session.origin.address,
        "agent": session.origin.agent or None,
        "state": str(session.state),
        "version": session.version,
        "op": session.op,
        "created_at": to_ms(session.created_at),
        "replaces": session.device_id if session.replaces else None,
        "recovers": session.recovers or None,
        "csr_pem": session.csr_pem or None,
        "decided_by": decided.by if decided else None,
        "decided_at": to_ms(decided.at) if decided else None,
        "decided_version": decided.version if decided else None,
        "expiring": None if session.state in ENDED else PAIRING,
        "expires_at": to_ms(session.deadline),
        "ttl": _ttl(session.deadline),
    } | _of_certificate(session.certificate)


def of_polling(nonce: str, polling: Polling) -> Columns:
    """Return the columns that claims write."""
    return {
        "nonce": nonce,
        "poll_ms": polling.interval // _MILLISECOND,
        "poll_at": to_ms(polling.at),
    }


def session(row: SessionRow) -> PairingSession:
    """Return the session of a row."""
    return PairingSession(
        id=row.pk.rpartition("#")[2],
        owner=row.owner,
        code_id=row.code_id,
        code_serial=row.code_serial,
        method=PairingMethod(row.method),
        client_kind=ClientKind(row.client_kind),
        minted_by=row.minted_by,
        label=row.label or "",
        device_id=row.device_id,
        spki_sha256=row.spki_sha256,
        transcript_sha256=row.transcript_sha256,
        origin=Origin(row.address, row.agent or ""),
        state=SessionState(row.state),
        version=int(row.version),
        op=row.op,
        created_at=from_ms(row.created_at),
        deadline=from_ms(row.expires_at),
        nonce=row.nonce,
        polling=Polling(from_ms(row.poll_at), int(row.poll_ms) * _MILLISECOND),
        replaces=row.replaces is not None,
        recovers=row.recovers or "",
        csr_pem=row.csr_pem or "",
        typed=frozenset(row.typed or ()),
        decided=_decided(row),
        certificate=_certificate(row),
    )


def _of_certificate(issued: IssuedCertificate | None) -> Columns:
    return {
        "certificate_pem": issued.pem if issued else None,
        "chain_pem": issued.chain_pem if issued else None,
        "serial": issued.serial if issued else None,
        "fingerprint": issued.fingerprint if issued else None,
        "not_before": int(issued.not_before.timestamp()) if issued else None,
        "not_after": int(issued.not_after.timestamp()) if issued else None,
    }


def _certificate(row: SessionRow) -> IssuedCertificate | None:
    if not row.certificate_pem:
        return None
    return IssuedCertificate(
        pem=row.certificate_pem,
        chain_pem=row.chain_pem or "",
        serial=row.serial or "",
        fingerprint=row.fingerprint or "",
        not_before=datetime.fromtimestamp(row.not_before or 0, UTC),
        not_after=datetime.fromtimestamp(row.not_after or 0, UTC),
    )


def _decided(row: SessionRow) -> Decided | None:
    if not row.decided_by:
        return None
    return Decided(row.decided_by, from_ms(row.decided_at or 0), int(row.decided_version or 0))


def _ttl(until: datetime) -> int:
    return int((until + _KEPT).timestamp())
