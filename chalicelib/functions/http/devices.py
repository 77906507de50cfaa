"""`/v1/nodes`: the devices of an owner, and what operators do with them and their authority."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict, Denied
from chalicelib.functions.http import body, cursor, node_views, render, render_nodes, views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.models import Nothing
from chalicelib.functions.http.node_identifier import node
from chalicelib.functions.http.node_models import NodeDecision
from chalicelib.functions.http.operation import Operation, moves, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.nodes.authority.service import Gateway
from chalicelib.redaction import refuse_secrets

_PREPARE, _SWITCH = "prepare", "switch"
_HOUSE = "main"

devices = Blueprint(__name__)


def _request() -> Request:
    return devices.current_request


@devices.route("/v1/nodes", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "A page of nodes."}, query=cursor.PAGE))
def list_nodes(principal: Principal) -> views.Page[node_views.Node]:
    """Return a page of the owner's nodes, those that were thrown out among them."""
    query = cursor.read(_request().query_params)
    found = wiring.devices(container()).devices(principal.owner, query.after, query.limit)
    return render.page([render_nodes.node(each) for each in found.items], found.next)


@devices.route("/v1/nodes/{device_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The node."}))
def get_node(principal: Principal, device_id: str) -> node_views.Node:
    """Return a node."""
    found = wiring.devices(container()).get(principal.owner, node(device_id))
    return render_nodes.node(found)


@devices.route("/v1/nodes/{device_id}/certificates", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request, Operation(answers={HTTPStatus.OK: "A page of certificates."}, query=cursor.PAGE)
)
def list_node_certificates(
    principal: Principal, device_id: str
) -> views.Page[node_views.NodeCertificate]:
    """Return a page of the certificates that a node was issued, up to 90 days after their end."""
    query = cursor.read(_request().query_params)
    # Cursors are upper case, and fingerprints are not.
    after = query.after.lower() if query.after else None
    found = wiring.devices(container()).certificates_of(
        principal.owner, node(device_id), after, query.limit
    )
    following = found.next.upper() if found.next else None
    return render.page([render_nodes.certificate(each) for each in found.items], following)


@devices.route("/v1/nodes/{device_id}/revoke", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The node is out: no call that comes after this is let in.", NodeDecision),
)
def revoke_node(principal: Principal, device_id: str) -> node_views.Node:
    """Throw a node out, with all its certificates and keys; at once."""
    decision, of = _decision(), container()
    ended = wiring.devices(of).revoke(
        principal.owner, node(device_id), decision.reason, principal.actor, of.clock.now()
    )
    return render_nodes.node(ended)


@devices.route("/v1/nodes/{device_id}/clear", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The node may be paired again, with a new key.", NodeDecision, (Conflict,)),
)
def clear_node(principal: Principal, device_id: str) -> node_views.Node:
    """Let a node that was thrown out be paired again; its old keys stay denied."""
    decision, of = _decision(), container()
    cleared = wiring.devices(of).clear(
        principal.owner, node(device_id), decision.reason, principal.actor, of.clock.now()
    )
    return render_nodes.node(cleared)


@devices.route("/v1/nodes/{device_id}/rotate", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The node, which renews with its next heartbeat.", Nothing, (Conflict,)),
)
def rotate_node(principal: Principal, device_id: str) -> node_views.Node:
    """Ask a node to change its key and certificate now; what it has counts until it does."""
    body.read(_request().raw_body or b"{}", Nothing)
    of = container()
    asked = wiring.devices(of).rotate(
        principal.owner, node(device_id), principal.actor, of.clock.now()
    )
    return render_nodes.node(asked)


@devices.route("/v1/node-authority", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The authority."}))
def get_node_authority(_principal: Principal) -> node_views.NodeAuthority:
    """Return who this gateway is to nodes, and the authorities whose certificates count."""
    return _authority(wiring.gateway(container()))


@devices.route("/v1/node-authority/prepare", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The next authority is in the truststore; this one still signs.", Nothing, (Conflict,)),
)
def prepare_node_authority(principal: Principal) -> node_views.NodeAuthority:
    """Make the authority that is to sign next, and let the front know of both."""
    return _rolled_over(principal, _PREPARE)


@devices.route("/v1/node-authority/switch", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    moves("The authority that signs from now on.", Nothing, (Conflict,)),
)
def switch_node_authority(principal: Principal) -> node_views.NodeAuthority:
    """Let the prepared authority sign; what the other one signed counts for 48 more hours."""
    return _rolled_over(principal, _SWITCH)


def _rolled_over(principal: Principal, step: str) -> node_views.NodeAuthority:
    body.read(_request().raw_body or b"{}", Nothing)
    if principal.owner != _HOUSE:
        raise Denied(
            "the authority is that of all owners", fix=f"ask an admin of the owner {_HOUSE}"
        )
    of = container()
    return _authority(wiring.remote_issuer(of).roll_over(step, principal.actor))


def _authority(gateway: Gateway) -> node_views.NodeAuthority:
    return render_nodes.authority(gateway, wiring.authorities(container()))


def _decision() -> NodeDecision:
    decision = body.read(_request().raw_body or b"{}", NodeDecision)
    refuse_secrets("reason", decision.reason)
    return decision
