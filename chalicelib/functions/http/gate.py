"""`/v1/gate`: everything of an owner, or of everybody, paused at once."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Denied
from chalicelib.functions.http import body, render_slots, status_views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.models import GateChange
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.policy.request import Role

gate = Blueprint(__name__)
_EVERYTHING = "everything"


def _request() -> Request:
    return gate.current_request


@gate.route("/v1/gate", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "Whether work begins."}))
def get_gate(principal: Principal) -> status_views.Gate:
    """Say whether everything is paused."""
    return render_slots.gate(api.gate(container()).read(), principal.owner)


@gate.route("/v1/gate", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(answers={HTTPStatus.OK: "Whether work begins from now on."}, body=GateChange),
)
def change_gate(principal: Principal) -> status_views.Gate:
    """Pause everything, or let it go on: what runs ends, what is queued waits."""
    wanted = body.read(_request().raw_body, GateChange)
    everything = wanted.scope == _EVERYTHING
    if everything and principal.role is not Role.ADMIN:
        raise Denied("only an admin may pause everything", field="scope", fix="ask for that role")
    service = api.gate(container())
    change = service.close if wanted.paused else service.open
    changed = change(principal.owner, principal.actor, everything=everything)
    return render_slots.gate(changed, principal.owner)
