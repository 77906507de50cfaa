"""What operators see of capabilities and requests, and what nodes do."""

import json

from chalicelib.clock import rfc3339
from chalicelib.functions.http import capability_views as views
from chalicelib.nodes.capabilities.invocations.dispatching import Waiting
from chalicelib.nodes.capabilities.invocations.request import CapabilityRequest
from chalicelib.nodes.capabilities.service import Capabilities, Listed


def capabilities(of: Capabilities) -> views.NodeCapabilities:
    """Return what a node can do."""
    return {
        "registered_at": rfc3339(of.registered_at) if of.registered_at else None,
        "items": [capability(each) for each in of.items],
    }


def capability(of: Listed) -> views.NodeCapability:
    """Return a capability."""
    declared, grant = of
    return {
        "name": declared.name,
        "description": declared.description,
        "arguments": dict(declared.arguments),
        "effect": str(declared.effect),
        "idempotent": declared.is_idempotent,
        "local_mediation": declared.needs_mediation,
        "terms_sha256": declared.terms_sha256,
        "granted": grant is not None,
        "granted_at": rfc3339(grant.granted_at) if grant else None,
        "granted_by": grant.granted_by if grant else None,
    }


def invocation(of: CapabilityRequest) -> views.NodeInvocation:
    """Return what a node is asked, for who asked."""
    return {
        "id": of.id,
        "node": of.device_id,
        "capability": of.capability,
        "arguments": json.loads(of.arguments),
        "state": of.state,
        "reason": of.reason or None,
        "output": json.loads(of.output) if of.output else None,
        "uncertain": of.is_uncertain,
        "requested_by": of.requested_by,
        "task_id": of.task_id or None,
        "dispatches": of.dispatches,
        "created_at": rfc3339(of.created_at),
        "changed_at": rfc3339(of.changed_at),
        "deadline": None if of.state.is_terminal else rfc3339(of.deadline),
    }


def waiting(of: Waiting) -> views.NodeRequests:
    """Return what a node can take."""
    return {
        "poll_after_seconds": int(of.pause.total_seconds()),
        "items": [
            {
                "id": each.id,
                "capability": each.capability,
                "state": each.state,
                "local_mediation": each.needs_mediation,
                "created_at": rfc3339(each.created_at),
                "take_by": rfc3339(each.begin_by),
            }
            for each in of.items
        ],
    }


def taken(of: CapabilityRequest) -> views.TakenRequest:
    """Return a request that was handed to its node."""
    return {
        "id": of.id,
        "capability": of.capability,
        "arguments": json.loads(of.arguments),
        "terms_sha256": of.terms_sha256,
        "state": of.state,
        "idempotency_key": of.id,
        "dispatches": of.dispatches,
        "timeout_seconds": int(of.limits.answer.total_seconds()),
        "deadline": rfc3339(of.deadline),
    }


def answered(of: CapabilityRequest) -> views.AnsweredRequest:
    """Return where a request stands that its node answered."""
    return {"id": of.id, "state": of.state}
