"""What operators and devices see of pairing."""

from chalicelib.clock import rfc3339
from chalicelib.functions.http import pairing_views as views
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.pairing.claiming import Claimed
from chalicelib.nodes.pairing.code import PairingCode, unpadded
from chalicelib.nodes.pairing.handshake import Begun, Requested
from chalicelib.nodes.pairing.limits import POLL
from chalicelib.nodes.pairing.minting import Minted
from chalicelib.nodes.pairing.recovering import Nonce, Returned
from chalicelib.nodes.pairing.session import PairingSession

_POLL_SECONDS = int(POLL.total_seconds())
_GROUP = 4


def code(of: PairingCode) -> views.PairingCode:
    """Return a code, without its secret."""
    return {
        "code_id": of.id,
        "method": of.method,
        "client_kind": of.client_kind,
        "label": of.label,
        "minted_by": of.minted_by,
        "created_at": rfc3339(of.created_at),
        "expires_at": rfc3339(of.expires_at),
        "attempts": len(of.begun),
    }


def minted(of: Minted) -> views.MintedPairingCode:
    """Return a code with its secret."""
    shown: views.MintedPairingCode = {
        "code_id": of.code.id,
        "method": of.code.method,
        "client_kind": of.code.client_kind,
        "label": of.code.label,
        "minted_by": of.code.minted_by,
        "created_at": rfc3339(of.code.created_at),
        "expires_at": rfc3339(of.code.expires_at),
        "attempts": len(of.code.begun),
    }
    if of.pin is not None:
        shown["pin"] = of.pin
    if of.qr is not None:
        shown["qr"] = of.qr
    return shown


def request(of: PairingSession, state: str) -> views.PairingRequest:
    """Return a request as an operator decides about it."""
    decided, prompt = of.decided, of.prompt
    return {
        "request_id": of.id,
        "code_id": of.code_id,
        "version": of.version,
        "state": state,
        "label": of.label,
        "address": of.origin.address,
        "agent": of.origin.agent,
        "created_at": rfc3339(of.created_at),
        "expires_at": rfc3339(of.deadline),
        "fingerprint_groups": _grouped(of.spki_sha256),
        "replaces": prompt.replaces,
        "numbers_typed": len(of.typed),
        "decided_by": decided.by if decided else None,
        "decided_at": rfc3339(decided.at) if decided else None,
        "certificate_fingerprint": of.certificate.fingerprint if of.certificate else None,
        "verified": {
            "session_id": of.verified.session_id,
            "device_id": of.verified.device_id,
            "client_kind": of.verified.client_kind,
            "method": of.verified.method,
            "code_issued_by": of.verified.code_issued_by,
            "identity_fingerprint": of.verified.identity_fingerprint,
            "transcript_sha256": of.verified.transcript_sha256,
        },
        "prompt": {
            "title": prompt.title,
            "summary": prompt.summary,
            "risk": "high",
            "policy": prompt.policy,
            "subject": prompt.subject,
            "principal": prompt.principal,
            "channel": prompt.channel,
            "options": list(prompt.options),
        },
    }


def begun(of: Begun) -> views.PairingBegun:
    """Return a session that was begun."""
    return {
        "session_id": of.session_id,
        "msg_b": unpadded(of.msg_b),
        "gateway_id": of.gateway.gateway_id,
        "ca_spki_sha256": unpadded(bytes.fromhex(of.gateway.ca_spki_sha256)),
        "expires_at": rfc3339(of.expires_at),
    }


def requested(of: Requested) -> views.PairingRequested:
    """Return a request that waits for a decision."""
    return {
        "state": of.session.state,
        "request_id": of.session.id,
        "confirm": unpadded(of.confirm),
        "sas": None,
        "poll_after_s": _POLL_SECONDS,
        "expires_at": rfc3339(of.session.deadline),
    }


def recovery_begun(of: Nonce) -> views.RecoveryBegun:
    """Return what a device has to sign that comes back."""
    return {
        "nonce": of.text,
        "gateway_id": of.gateway.gateway_id,
        "expires_at": rfc3339(of.until),
    }


def returned(of: Returned) -> views.NodeReturned:
    """Return a device that has proven its last key."""
    return {
        "state": of.session.state,
        "session_id": of.session.id,
        "request_id": of.session.id,
        "msg_b": unpadded(of.msg_b),
        "confirm": unpadded(of.confirm),
        "gateway_id": of.gateway.gateway_id,
        "ca_spki_sha256": unpadded(bytes.fromhex(of.gateway.ca_spki_sha256)),
        "poll_after_s": _POLL_SECONDS,
        "expires_at": rfc3339(of.session.deadline),
    }


def claimed(of: Claimed) -> views.PairingClaimed:
    """Return what became of a request."""
    shown: views.PairingClaimed = {
        "state": "unproven",
        "nonce": of.nonce,
        "poll_after_s": _POLL_SECONDS,
    }
    if of.confirm is None:
        return shown
    shown |= {
        "state": "pending_approval",
        "expires_at": rfc3339(of.session.deadline),
        "confirm": unpadded(of.confirm),
    }
    certificate = of.certificate
    if certificate:
        shown |= {
            "state": "issued",
            "certificate_pem": certificate.pem,
            "ca_pem": certificate.chain_pem,
            "not_after": rfc3339(certificate.not_after),
            "activate_by": rfc3339(of.session.deadline),
        }
    return shown


def activated(of: Device) -> views.ActivatedNode:
    """Return a device that is a node."""
    return {
        "state": "active",
        "device_id": of.id,
        "certificate_fingerprint": of.current,
        "not_after": rfc3339(of.expires_at) if of.expires_at else None,
    }


def _grouped(fingerprint: str) -> str:
    return " ".join(fingerprint[at : at + _GROUP] for at in range(0, len(fingerprint), _GROUP))
