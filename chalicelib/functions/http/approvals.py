"""`/v1/approvals`: what somebody must agree to before it is done."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.approvals.prompt import Order, Scope, State, Verdict
from chalicelib.approvals.service import Approvals
from chalicelib.errors import Conflict
from chalicelib.functions.http import approval_views, body, cursor, render, render_approval, views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.choice import one_of
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import ApprovalDecision
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.wiring import approvals as wiring
from chalicelib.functions.wiring.container import container

_STATE = Parameter("state", "Only approvals in this state.", {"type": "string", "enum": [*State]})

approvals = Blueprint(__name__)


def _request() -> Request:
    return approvals.current_request


@approvals.route("/v1/approvals", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(answers={HTTPStatus.OK: "A page of approvals."}, query=(*cursor.PAGE, _STATE)),
)
def list_approvals(principal: Principal) -> views.Page[approval_views.Approval]:
    """Return a page of the owner's approvals: the pending ones first, the latest first."""
    query = cursor.read(_request().query_params)
    state = one_of(query.filters, _STATE)
    wanted = None if state is None else State(state)
    found = _service().list(principal.owner, wanted, query.after, query.limit)
    now = container().clock.now()
    return render.page([render_approval.approval(each, now) for each in found.items], found.next)


@approvals.route("/v1/approvals/{approval_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The approval."}))
def get_approval(principal: Principal, approval_id: str) -> approval_views.Approval:
    """Return an approval: what would be done, who wants it, and what became of it."""
    record = _service().get(principal.owner, identifier(approval_id, "approval"))
    return render_approval.approval(record, container().clock.now())


@approvals.route("/v1/approvals/{approval_id}/decision", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The approval as it was decided, by this request or before."},
        body=ApprovalDecision,
        errors=(Conflict,),
    ),
)
def decide_approval(principal: Principal, approval_id: str) -> approval_views.Approval:
    """Approve or deny; the same said again is answered as the first time."""
    said = body.read(_request().raw_body, ApprovalDecision)
    order = Order(
        verdict=Verdict(said.decision),
        actor=principal.actor,
        scope=None if said.scope is None else Scope(said.scope),
        reason=said.reason or "",
    )
    record = _service().decide(principal.owner, identifier(approval_id, "approval"), order)
    return render_approval.approval(record, container().clock.now())


def _service() -> Approvals:
    return wiring.approvals(container())
