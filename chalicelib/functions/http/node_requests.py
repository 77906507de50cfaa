"""`/v1/nodes/{device_id}/..` of the nodes origin: what a device can do, and what it is asked."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.errors import Conflict
from chalicelib.functions.http import body, render_capabilities
from chalicelib.functions.http import capability_views as views
from chalicelib.functions.http.capability_models import (
    DeclaredCapability,
    NodeClaim,
    NodeHeartbeat,
    NodeMediation,
    NodeRegistration,
    NodeResult,
)
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.node_auth import nodes_only
from chalicelib.functions.http.operation import Operation, moves
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import capabilities as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.nodes.capabilities.capability import Capability, Effect
from chalicelib.nodes.enforcement.service import NodeCaller

node_requests = Blueprint(__name__)


def _request() -> Request:
    return node_requests.current_request


@node_requests.route("/v1/nodes/{device_id}/register", methods=["POST"])
@answers
@nodes_only(
    _request,
    Operation(
        answers={HTTPStatus.OK: "All that the node can do, and what of it was granted."},
        body=NodeRegistration,
    ),
)
def register_node(caller: NodeCaller) -> views.NodeCapabilities:
    """Say what this node can do, in the place of what it said before; it may none of it yet."""
    said = body.read(_request().raw_body, NodeRegistration)
    declared = [_declared(each) for each in said.capabilities]
    kept = wiring.capabilities(container()).register(caller.device, declared)
    return render_capabilities.capabilities(kept)


@node_requests.route("/v1/nodes/{device_id}/heartbeat", methods=["POST"])
@answers
@nodes_only(_request, moves("It was noted.", NodeHeartbeat))
def beat_node(caller: NodeCaller) -> views.NodePause:
    """Say that this node is there, and what it is doing."""
    said = body.read(_request().raw_body or b"{}", NodeHeartbeat)
    pause = wiring.dispatcher(container()).beat(caller.device, said.summary)
    return {"poll_after_seconds": int(pause.total_seconds())}


@node_requests.route("/v1/nodes/{device_id}/requests", methods=["GET"])
@answers
@nodes_only(_request, Operation(answers={HTTPStatus.OK: "What the node can take."}))
def list_node_requests(caller: NodeCaller) -> views.NodeRequests:
    """Return what this node can take, oldest first, and when to ask again; nothing is handed over.

    The entity tag stays as long as nothing happens.
    """
    return render_capabilities.waiting(wiring.dispatcher(container()).waiting(caller.device))


@node_requests.route("/v1/nodes/{device_id}/requests/{request_id}/take", methods=["POST"])
@answers
@nodes_only(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The request; the same for the same claim."},
        body=NodeClaim,
        errors=(Conflict,),
    ),
)
def take_node_request(caller: NodeCaller, request_id: str) -> views.TakenRequest:
    """Take a request: to do it, or, where it awaits local mediation, to ask the person here."""
    said = body.read(_request().raw_body, NodeClaim)
    taken = wiring.dispatcher(container()).take(caller.device, _id(request_id), said.claim)
    return render_capabilities.taken(taken)


@node_requests.route("/v1/nodes/{device_id}/requests/{request_id}/mediation", methods=["POST"])
@answers
@nodes_only(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The request: to be done, or rejected."},
        body=NodeMediation,
        errors=(Conflict,),
    ),
)
def mediate_node_request(caller: NodeCaller, request_id: str) -> views.TakenRequest:
    """Say what the person at this node decided; a request is done after it, and not before."""
    said = body.read(_request().raw_body, NodeMediation)
    after = wiring.dispatcher(container()).mediate(
        caller.device, _id(request_id), said.claim, agreed=said.agreed
    )
    return render_capabilities.taken(after)


@node_requests.route("/v1/nodes/{device_id}/requests/{request_id}/result", methods=["POST"])
@answers
@nodes_only(
    _request,
    Operation(
        answers={HTTPStatus.OK: "It was kept; the same answer again changes nothing."},
        body=NodeResult,
        errors=(Conflict,),
    ),
)
def answer_node_request(caller: NodeCaller, request_id: str) -> views.AnsweredRequest:
    """Answer a request that was handed to this node."""
    said = body.read(_request().raw_body, NodeResult)
    dispatcher, asked = wiring.dispatcher(container()), _id(request_id)
    if said.error is not None:
        after = dispatcher.fail(caller.device, asked, said.claim, said.error)
    else:
        after = dispatcher.succeed(caller.device, asked, said.claim, said.output or {})
    return render_capabilities.answered(after)


def _declared(said: DeclaredCapability) -> Capability:
    return Capability(
        name=said.name,
        description=said.description,
        arguments=said.arguments,
        effect=Effect(said.effect),
        is_idempotent=said.idempotent,
        needs_mediation=said.local_mediation,
    )


def _id(text: str) -> str:
    return identifier(text, "request")
