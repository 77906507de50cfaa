"""`/v1/nodes/{device_id}/capabilities` and `../invoke`: what operators let nodes do, and ask."""

from datetime import timedelta
from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict
from chalicelib.functions.http import body, cursor, render, render_capabilities, views
from chalicelib.functions.http import capability_views as shapes
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.capability_models import CapabilityGrant, Invocation
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import Nothing
from chalicelib.functions.http.node_identifier import capability, node
from chalicelib.functions.http.operation import Answer, Operation, moves, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import capabilities as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.nodes.capabilities.invocations.invoking import ACTION, Ask
from chalicelib.nodes.capabilities.invocations.request import Limits
from chalicelib.policy.operations import operation as question

capabilities = Blueprint(__name__)


def _request() -> Request:
    return capabilities.current_request


@capabilities.route("/v1/nodes/{device_id}/capabilities", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "All that the node can do."}))
def list_node_capabilities(principal: Principal, device_id: str) -> shapes.NodeCapabilities:
    """Return what a node says that it can do, and what of it was granted."""
    service = wiring.capabilities(container())
    return render_capabilities.capabilities(service.list(principal.owner, node(device_id)))


@capabilities.route("/v1/nodes/{device_id}/capabilities/{name}/grant", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The node may do this, as it is declared now.", CapabilityGrant, (Conflict,)),
)
def grant_capability(principal: Principal, device_id: str, name: str) -> shapes.NodeCapability:
    """Let a node do something; what it declares otherwise later needs another grant."""
    asked = body.read(_request().raw_body or b"{}", CapabilityGrant)
    granted = wiring.capabilities(container()).grant(
        principal.owner,
        node(device_id),
        capability(name),
        asked.terms_sha256 or "",
        principal.actor,
    )
    return render_capabilities.capability(granted)


@capabilities.route("/v1/nodes/{device_id}/capabilities/{name}/revoke", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("All that the node can do; this it may not.", Nothing),
)
def revoke_capability(principal: Principal, device_id: str, name: str) -> shapes.NodeCapabilities:
    """Let a node do something no longer; what it has not taken by now it is not handed."""
    body.read(_request().raw_body or b"{}", Nothing)
    service = wiring.capabilities(container())
    device_id = node(device_id)
    service.revoke(principal.owner, device_id, capability(name), principal.actor)
    return render_capabilities.capabilities(service.list(principal.owner, device_id))


@capabilities.route("/v1/nodes/{device_id}/invoke", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.ACCEPTED: "The request, or the one of the same Idempotency-Key."},
        body=Invocation,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
        errors=(Conflict,),
    ),
)
def invoke_node(principal: Principal, device_id: str) -> Answer[shapes.NodeInvocation]:
    """Ask a node to do something that it was granted; what comes of it is told by the location."""
    asked = body.read(_request().raw_body, Invocation)
    device_id = node(device_id)
    key = request_key(principal, _request(), f"POST /v1/nodes/{device_id}/invoke")
    who = question(principal.owner, principal.actor, principal.role, ACTION).principal
    limits = Limits(timedelta(seconds=asked.wait_seconds), timedelta(seconds=asked.timeout_seconds))
    ask = Ask(
        owner=principal.owner,
        device_id=device_id,
        capability=asked.capability,
        arguments=asked.arguments,
        limits=limits,
        principal=who,
        requested_by=principal.actor,
        key=key,
    )
    request = wiring.invoker(container()).ask(ask).request
    return Answer(
        render_capabilities.invocation(request),
        status=HTTPStatus.ACCEPTED,
        location=f"/v1/nodes/{device_id}/invocations/{request.id}",
    )


@capabilities.route("/v1/nodes/{device_id}/invocations", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "A page of requests."}, query=cursor.PAGE))
def list_invocations(principal: Principal, device_id: str) -> views.Page[shapes.NodeInvocation]:
    """Return a page of what a node was asked in the last seven days, newest first."""
    query = cursor.read(_request().query_params)
    found = wiring.invoker(container()).list(
        principal.owner, node(device_id), query.after, query.limit
    )
    return render.page([render_capabilities.invocation(each) for each in found.items], found.next)


@capabilities.route("/v1/nodes/{device_id}/invocations/{request_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The request."}))
def get_invocation(principal: Principal, device_id: str, request_id: str) -> shapes.NodeInvocation:
    """Return what became of a request, so far."""
    found = wiring.invoker(container()).get(
        principal.owner, node(device_id), identifier(request_id, "request")
    )
    return render_capabilities.invocation(found)


@capabilities.route("/v1/nodes/{device_id}/invocations/{request_id}/cancel", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The request, which nobody answers any more.", Nothing, (Conflict,)),
)
def cancel_invocation(
    principal: Principal, device_id: str, request_id: str
) -> shapes.NodeInvocation:
    """Take a request back; a node that has taken it may do it all the same."""
    body.read(_request().raw_body or b"{}", Nothing)
    after = wiring.invoker(container()).cancel(
        principal.owner, node(device_id), identifier(request_id, "request"), principal.actor
    )
    return render_capabilities.invocation(after)
