"""What operators see of nodes, and nodes of themselves."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.clock import rfc3339
from chalicelib.functions.http import node_views as views
from chalicelib.nodes.authority.service import Gateway, IssuedCertificate
from chalicelib.nodes.authority.view import KnownAuthority
from chalicelib.nodes.certificates.certificate import Certificate
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.certificates.service import Nonce
from chalicelib.nodes.enforcement.service import NodeCaller


def node(of: Device) -> views.Node:
    """Return a device."""
    return {
        "id": of.id,
        "kind": of.kind,
        "label": of.label or None,
        "state": of.state,
        "reason": of.reason or None,
        "fingerprint": of.current or None,
        "offered": of.offered or None,
        "generation": of.generation,
        "paired_at": _told(of.paired_at),
        "expires_at": _told(of.expires_at),
        "rotation_asked_at": _told(of.rotation_asked_at),
        "changed_at": rfc3339(of.changed_at),
        "changed_by": of.changed_by,
        "version": of.version,
    }


def certificate(of: Certificate) -> views.NodeCertificate:
    """Return a certificate."""
    return {
        "fingerprint": of.fingerprint,
        "serial": of.serial,
        "public_key_sha256": of.spki_sha256,
        "state": of.state,
        "origin": of.origin,
        "generation": of.generation,
        "issued_at": rfc3339(of.issued_at),
        "not_before": rfc3339(of.not_before),
        "not_after": rfc3339(of.not_after),
        "reason": of.reason or None,
    }


def authority(of: Gateway, known: Sequence[KnownAuthority]) -> views.NodeAuthority:
    """Return who signs, and who else counts."""
    return {
        "gateway_id": of.gateway_id,
        "public_key_sha256": of.ca_spki_sha256,
        "certificate_pem": of.ca_pem,
        "authorities": [
            {
                "part": each.part,
                "public_key_sha256": each.public_key_sha256,
                "not_after": rfc3339(each.not_after),
                "trusted_until": _told(each.trusted_until),
            }
            for each in known
        ],
    }


def identity(of: NodeCaller, now: datetime) -> views.NodeIdentity:
    """Return which device calls."""
    device, shown = of.device, of.certificate
    usual, asked = _half(shown.not_before, shown.not_after), device.rotation_asked_at
    return {
        "device_id": device.id,
        "owner": of.owner,
        "kind": device.kind,
        "label": device.label or None,
        "fingerprint": shown.fingerprint,
        "serial": shown.serial,
        "generation": shown.generation,
        "not_after": rfc3339(shown.not_after),
        "renew_from": rfc3339(min(usual, asked) if asked else usual),
        "renew_now": asked is not None,
        "time": rfc3339(now),
    }


def nonce(of: Nonce, gateway_id: str) -> views.NodeNonce:
    """Return what a renewal has to be signed with."""
    return {"gateway_id": gateway_id, "nonce": of.text, "expires_at": rfc3339(of.until)}


def renewed(of: IssuedCertificate) -> views.RenewedCertificate:
    """Return the next certificate."""
    return {
        "certificate_pem": of.pem,
        "ca_pem": of.chain_pem,
        "serial": of.serial,
        "fingerprint": of.fingerprint,
        "not_before": rfc3339(of.not_before),
        "not_after": rfc3339(of.not_after),
        "renew_from": rfc3339(_half(of.not_before, of.not_after)),
    }


def _half(begin: datetime, end: datetime) -> datetime:
    return begin + (end - begin) / 2


def _told(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant else None
