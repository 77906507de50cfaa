"""`/v1/pairing`: what operators do so that a device may become a node: codes and requests."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict
from chalicelib.functions.http import body, pairing_views, render, render_pairing, views
from chalicelib.functions.http.api_url import api_url
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.node_identifier import code
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.pairing_models import (
    NewPairingCode,
    PairingApproval,
    PairingRejection,
)
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.pairing import pairing as runtime
from chalicelib.nodes.pairing.refusals import SasMismatch, StaleRequest
from chalicelib.nodes.pairing.session import PairingSession

_CODES = "/v1/pairing/codes"
_ONCE = IDEMPOTENCY_KEY._replace(
    description="Any text of the caller's. The same request with the same key mints no second code "
    "for 30 days: a secret is told once, and the answer says which code it was and how to end it; "
    "another body with it is refused."
)

pairing = Blueprint(__name__)


def _request() -> Request:
    return pairing.current_request


@pairing.route(_CODES, methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.CREATED: "The code, with its secret: it is shown this once."},
        body=NewPairingCode,
        headers=(_ONCE,),
        errors=(Conflict,),
    ),
)
def mint_pairing_code(principal: Principal) -> Answer[pairing_views.MintedPairingCode]:
    """Mint a code that a device may be paired with."""
    asked = body.read(_request().raw_body, NewPairingCode)
    new = asked.code(api_url(_request(), _CODES))
    key = request_key(principal, _request(), f"POST {_CODES}")
    made = runtime(container()).codes.mint(principal.owner, principal.actor, new, key)
    return Answer(render_pairing.minted(made), status=HTTPStatus.CREATED)


@pairing.route(_CODES, methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "All codes that can be used."}))
def list_pairing_codes(principal: Principal) -> views.Page[pairing_views.PairingCode]:
    """Return the codes that a device may begin with, the oldest first."""
    found = runtime(container()).codes.list(principal.owner)
    return render.page([render_pairing.code(each) for each in found], None)


@pairing.route("/v1/pairing/codes/{code_id}", methods=["DELETE"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "Nobody can begin with it any more."}))
def revoke_pairing_code(principal: Principal, code_id: str) -> pairing_views.EndedPairingCode:
    """End a code at once; what was begun with it and has not proven it ends with it."""
    runtime(container()).codes.revoke(principal.owner, principal.actor, code(code_id))
    return {"code_id": code_id, "state": "dead"}


@pairing.route("/v1/pairing/requests", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "All requests under way."}))
def list_pairing_requests(principal: Principal) -> views.Page[pairing_views.PairingRequest]:
    """Return the devices that have proven a code and are no nodes yet, the oldest first."""
    found = runtime(container()).requests.list(principal.owner)
    return render.page([_shown(each) for each in found], None)


@pairing.route("/v1/pairing/requests/{request_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The request."}))
def get_pairing_request(principal: Principal, request_id: str) -> pairing_views.PairingRequest:
    """Return a request, up to a day after its end."""
    return _shown(runtime(container()).requests.get(principal.owner, _id(request_id)))


@pairing.route("/v1/pairing/requests/{request_id}/approve", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The device may claim its certificate, for ten minutes."},
        body=PairingApproval,
        errors=(StaleRequest, SasMismatch),
    ),
)
def approve_pairing_request(principal: Principal, request_id: str) -> pairing_views.PairingRequest:
    """Approve exactly the request that was looked at, by the number that the device shows.

    The third wrong number rejects it. Where the answer is lost, the same approval is answered
    again.
    """
    approval = body.read(_request().raw_body, PairingApproval).approval()
    requests = runtime(container()).requests
    return _shown(requests.approve(principal.owner, principal.actor, _id(request_id), approval))


@pairing.route("/v1/pairing/requests/{request_id}/reject", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The device was refused; its code is used up."},
        body=PairingRejection,
        errors=(StaleRequest,),
    ),
)
def reject_pairing_request(principal: Principal, request_id: str) -> pairing_views.PairingRequest:
    """Reject a request."""
    asked = body.read(_request().raw_body, PairingRejection)
    requests = runtime(container()).requests
    return _shown(
        requests.reject(
            principal.owner, principal.actor, _id(request_id), asked.version, asked.reason
        )
    )


def _shown(session: PairingSession) -> pairing_views.PairingRequest:
    return render_pairing.request(session, session.standing(container().clock.now()))


def _id(text: str) -> str:
    return identifier(text, "pairing request")
