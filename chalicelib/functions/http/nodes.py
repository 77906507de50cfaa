"""`/v1/nodes/{device_id}/..` of the nodes origin: what a device does with its certificate."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.errors import Conflict
from chalicelib.functions.http import body, node_views, render_nodes
from chalicelib.functions.http.node_auth import nodes_only
from chalicelib.functions.http.node_models import NodeRenewal, NodeSays
from chalicelib.functions.http.operation import Answer, Operation, moves
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.nodes.enforcement.admission import Purpose
from chalicelib.nodes.enforcement.service import NodeCaller

nodes = Blueprint(__name__)


def _request() -> Request:
    return nodes.current_request


@nodes.route("/v1/nodes/{device_id}/whoami", methods=["GET"])
@answers
@nodes_only(_request, Operation(answers={HTTPStatus.OK: "Who calls."}))
def whoami(caller: NodeCaller) -> node_views.NodeIdentity:
    """Say which device calls, by which certificate, and when to renew it."""
    return render_nodes.identity(caller, container().clock.now())


@nodes.route("/v1/nodes/{device_id}/nonce", methods=["POST"])
@answers
@nodes_only(
    _request,
    Operation(
        answers={HTTPStatus.CREATED: "A renewal can be signed with it, for five minutes."},
        body=NodeSays,
        may_be_empty=True,
    ),
)
def create_renewal_nonce(caller: NodeCaller) -> Answer[node_views.NodeNonce]:
    """Give what the next renewal has to be signed with."""
    body.read(_request().raw_body or b"{}", NodeSays)
    of = container()
    made = wiring.devices(of).nonce(caller.owner, caller.device.id, of.clock.now())
    gateway = wiring.gateway(of).gateway_id
    return Answer(render_nodes.nonce(made, gateway), status=HTTPStatus.CREATED)


@nodes.route("/v1/nodes/{device_id}/renew", methods=["POST"])
@answers
@nodes_only(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The next certificate; the same one for the same request."},
        body=NodeRenewal,
        errors=(Conflict,),
    ),
    Purpose.RENEWAL,
)
def renew_certificate(caller: NodeCaller) -> node_views.RenewedCertificate:
    """Issue the certificate that follows the one of this call, for a new key.

    The one of this call is good for fifteen more minutes, or until the next one is first used.
    Where the answer is lost, the same request is answered by the same certificate, later, too.
    """
    asked = body.read(_request().raw_body, NodeRenewal)
    told = {"csr_pem": asked.csr_pem, "nonce": asked.nonce, "proof": asked.proof}
    issuer = wiring.remote_issuer(container())
    shown = caller.certificate.fingerprint
    return render_nodes.renewed(issuer.renew(caller.owner, caller.device.id, shown, told))


@nodes.route("/v1/nodes/{device_id}/revoke-self", methods=["POST"])
@answers
@nodes_only(_request, moves("The device was thrown out.", NodeSays))
def revoke_self(caller: NodeCaller) -> node_views.Node:
    """End this device: none of its certificates is good for anything from now on."""
    body.read(_request().raw_body or b"{}", NodeSays)
    of = container()
    ended = wiring.devices(of).revoke(
        caller.owner, caller.device.id, "the device itself", caller.actor, of.clock.now()
    )
    return render_nodes.node(ended)
