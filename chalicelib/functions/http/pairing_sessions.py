"""`/v1/pairing/sessions`: what a device says that is no node yet; and its first call as one.

Nobody has to show a token here. What is refused is refused alike, whatever the reason is; only a
request that is no request at all is told what is wrong with it.
"""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.errors import Conflict, Unavailable
from chalicelib.functions.http import body, pairing_views, render_pairing
from chalicelib.functions.http.identifier import is_identifier
from chalicelib.functions.http.node_auth import nodes_only
from chalicelib.functions.http.node_models import NodeSays
from chalicelib.functions.http.operation import Answer, Operation, moves, operation
from chalicelib.functions.http.origin import origin
from chalicelib.functions.http.pairing_models import PairingBegin, PairingClaim, PairingHello
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.pairing import pairing as runtime
from chalicelib.nodes.enforcement.admission import Purpose
from chalicelib.nodes.enforcement.service import NodeCaller
from chalicelib.nodes.pairing.claiming import Proof
from chalicelib.nodes.pairing.handshake import Begin
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown

_NO_SESSION = "0"
_REFUSALS = (PairingUnavailable, SlowDown, Unavailable)

sessions = Blueprint(__name__)


def _request() -> Request:
    return sessions.current_request


@sessions.route("/v1/pairing/sessions", methods=["POST"])
@answers
@operation(
    _request,
    Operation(
        answers={HTTPStatus.CREATED: "A session; it has five minutes to prove the code."},
        body=PairingBegin,
        errors=_REFUSALS,
        is_open=True,
    ),
)
def begin_pairing() -> Answer[pairing_views.PairingBegun]:
    """Begin to pair a device with a code; each of a code's five attempts is one of these."""
    said = body.read(_request().raw_body, PairingBegin)
    asked = Begin(
        code_id=said.code_id,
        method=PairingMethod(said.method),
        client_kind=ClientKind(said.client_kind),
        device_id=said.device_id,
        spki_sha256=said.spki_sha256,
        msg_a=said.msg_a,
    )
    begun = runtime(container()).handshake.begin(asked, origin(_request()))
    return Answer(render_pairing.begun(begun), status=HTTPStatus.CREATED)


@sessions.route("/v1/pairing/sessions/{session_id}/hello", methods=["POST"])
@answers
@operation(
    _request,
    Operation(
        answers={HTTPStatus.ACCEPTED: "The code is proven; an operator is asked."},
        body=PairingHello,
        errors=_REFUSALS,
        is_open=True,
    ),
)
def prove_pairing(session_id: str) -> Answer[pairing_views.PairingRequested]:
    """Prove the code of a session, once, and ask for a certificate of the key begun with."""
    said = body.read(_request().raw_body, PairingHello)
    handshake = runtime(container()).handshake
    requested = handshake.hello(_session(session_id), said.confirm, said.csr_pem)
    return Answer(render_pairing.requested(requested), status=HTTPStatus.ACCEPTED)


@sessions.route("/v1/pairing/sessions/{session_id}/claim", methods=["POST"])
@answers
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "What became of the request; the certificate, once approved."},
        body=PairingClaim,
        may_be_empty=True,
        errors=_REFUSALS,
        is_open=True,
    ),
)
def claim_pairing(session_id: str) -> pairing_views.PairingClaimed:
    """Ask what became of a request, no more often than every three seconds.

    Without a proof it tells the nonce to prove it with. The certificate is the same one each time,
    until the device has called with it.
    """
    said = body.read(_request().raw_body or b"{}", PairingClaim)
    proven = said.nonce is not None and said.mac is not None
    proof = Proof(said.nonce or "", said.mac or b"") if proven else None
    claimed = runtime(container()).claims.claim(_session(session_id), proof)
    return render_pairing.claimed(claimed)


@sessions.route("/v1/nodes/{device_id}/activate", methods=["POST"])
@answers
@nodes_only(_request, moves("The device is a node.", NodeSays, (Conflict,)), Purpose.ACTIVATION)
def activate_node(caller: NodeCaller) -> pairing_views.ActivatedNode:
    """Let the certificate of a pairing count, within ten minutes of its issue.

    A device of the same id that was paired before is thrown out by it.
    """
    body.read(_request().raw_body or b"{}", NodeSays)
    activation = runtime(container()).activation
    return render_pairing.activated(activation.activate(caller.device, caller.certificate))


def _session(text: str) -> str:
    """Return a session's id; what could not be one is one that there is not."""
    return text if is_identifier(text) and "-" not in text else _NO_SESSION
