"""The journal's events of capabilities: decisions of people, each in one transaction with it.

What was asked of a device, and what it answered, stands in the request, which is deleted in time.
"""

from datetime import datetime

from chalicelib.clock import to_ms
from chalicelib.journal.event import Event
from chalicelib.nodes.capabilities.capability import Capability, Grant
from chalicelib.nodes.capabilities.invocations.request import CapabilityRequest
from chalicelib.nodes.certificates.events import subject

_SHOWN = 16


def granted(owner: str, device_id: str, capability: Capability, grant: Grant) -> Event:
    """Return that a device may do something."""
    return Event(
        id=f"node.capability_granted/{device_id}/{grant.name}/{to_ms(grant.granted_at)}",
        owner=owner,
        kind="node.capability_granted",
        actor=grant.granted_by,
        subject=subject(device_id),
        at=grant.granted_at,
        details={
            "capability": grant.name,
            "effect": str(capability.effect),
            "idempotent": capability.is_idempotent,
            "local_mediation": capability.needs_mediation,
            "terms": grant.terms_sha256[:_SHOWN],
        },
    )


def revoked(owner: str, device_id: str, grant: Grant, actor: str, now: datetime) -> Event:
    """Return that a device may do something no longer."""
    return Event(
        id=f"node.capability_revoked/{device_id}/{grant.name}/{to_ms(now)}",
        owner=owner,
        kind="node.capability_revoked",
        actor=actor,
        subject=subject(device_id),
        at=now,
        details={"capability": grant.name, "terms": grant.terms_sha256[:_SHOWN]},
    )


def invoked(request: CapabilityRequest) -> Event:
    """Return that a person asked something of a device."""
    return _of_request("node.invoked", request, request.requested_by)


def mediated(request: CapabilityRequest, *, agreed: bool) -> Event:
    """Return what the person at a device decided."""
    kind = "node.mediation_agreed" if agreed else "node.mediation_refused"
    return _of_request(kind, request, f"node:{request.device_id}")


def cancelled(request: CapabilityRequest, actor: str) -> Event:
    """Return that a person took back what was asked of a device."""
    return _of_request("node.invocation_cancelled", request, actor)


def _of_request(kind: str, request: CapabilityRequest, actor: str) -> Event:
    return Event(
        id=f"{kind}/{request.id}/{request.version}",
        owner=request.owner,
        kind=kind,
        actor=actor,
        subject=subject(request.device_id),
        at=request.changed_at,
        details={"request": request.id, "capability": request.capability, "state": request.state},
    )
