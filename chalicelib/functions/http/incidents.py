"""`/v1/incidents`: what is wrong, what was done about it, and what an operator does."""

import re
from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict, Invalid, NotFound, PreconditionFailed
from chalicelib.functions.http import (
    body,
    cursor,
    etag,
    incident_views,
    render,
    render_incidents,
    views,
)
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.choice import one_of
from chalicelib.functions.http.models import Nothing, Resolution
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.wiring import healing as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.healing.listing import STATES, Filter
from chalicelib.healing.service import IncidentService, Operator
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.incidents.kind import IncidentDomain, IncidentSeverity
from chalicelib.incidents.kinds import KINDS
from chalicelib.policy.request import Role

_STATE = Parameter(
    "state",
    "Only incidents in this state; `active` is each that is not resolved.",
    {"type": "string", "enum": [*STATES]},
)
_DOMAIN = Parameter(
    "domain", "Only incidents of this domain.", {"type": "string", "enum": [*IncidentDomain]}
)
_SEVERITY = Parameter(
    "severity", "Only incidents as bad as this.", {"type": "string", "enum": [*IncidentSeverity]}
)
_KIND = Parameter("kind", "Only incidents of this kind.", {"type": "string", "enum": [*KINDS]})
_IF_MATCH = Parameter(
    "If-Match",
    "The ETag of the incident as it was seen; refused where its version is another one by now.",
    {"type": "string"},
)
_IF_PLANNED = _IF_MATCH._replace(
    description="The ETag of the plan that was looked at; a remedy is never run without it, and "
    "refused where the incident has another version by now."
)
_ID = re.compile(r"incident_[0-9a-f]{16}")

incidents = Blueprint(__name__)


def _request() -> Request:
    return incidents.current_request


@incidents.route("/v1/incidents", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "A page of incidents."},
        query=(*cursor.PAGE, _STATE, _DOMAIN, _SEVERITY, _KIND),
    ),
)
def list_incidents(principal: Principal) -> views.Page[incident_views.Incident]:
    """Return a page of the owner's incidents and the stage's, the latest first.

    Of those that are not resolved, the latest is the one that was opened last; of all, the one that
    was first seen last.
    """
    query = cursor.read(_request().query_params)
    wanted = Filter(*(one_of(query.filters, each) for each in (_STATE, _DOMAIN, _SEVERITY, _KIND)))
    found = _service().list(principal.owner, wanted, query.after, query.limit)
    return render.page([render_incidents.incident(each) for each in found.items], found.next)


@incidents.route("/v1/incidents/{incident_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The incident."}, has_version=True))
def get_incident(principal: Principal, incident_id: str) -> Answer[incident_views.IncidentDetail]:
    """Return an incident with its history and the attempts at it."""
    found = _service().detail(principal.owner, _identifier(incident_id))
    return Answer(render_incidents.detail(found), version=found.record.version)


@incidents.route("/v1/incidents/{incident_id}/remediation", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The plan."}, has_version=True))
def plan_remediation(
    principal: Principal, incident_id: str
) -> Answer[incident_views.RemediationPlan]:
    """Say what a remedy of an incident would do now; nothing is done."""
    plan = _service().plan(principal.owner, _identifier(incident_id))
    return Answer(render_incidents.plan(plan), version=plan.record.version)


@incidents.route("/v1/incidents/{incident_id}/acknowledge", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The incident as it is then."},
        body=Nothing,
        may_be_empty=True,
        headers=(_IF_MATCH,),
        errors=(Conflict, PreconditionFailed),
        has_version=True,
    ),
)
def acknowledge_incident(principal: Principal, incident_id: str) -> Answer[incident_views.Incident]:
    """Say that somebody knows of an incident."""
    body.read(_request().raw_body or b"{}", Nothing)
    id_, by = _identifier(incident_id), _operator(principal)
    return _shown(_service().acknowledge(by, id_, _expected()))


@incidents.route("/v1/incidents/{incident_id}/resolve", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The incident as it is then."},
        body=Resolution,
        may_be_empty=True,
        headers=(_IF_MATCH,),
        errors=(PreconditionFailed,),
        has_version=True,
    ),
)
def resolve_incident(principal: Principal, incident_id: str) -> Answer[incident_views.Incident]:
    """Say that a fault is gone; where it is seen again, its incident is opened again."""
    said = body.read(_request().raw_body or b"{}", Resolution)
    id_, by = _identifier(incident_id), _operator(principal)
    return _shown(_service().resolve(by, id_, said.reason, _expected()))


@incidents.route("/v1/incidents/{incident_id}/remediate", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "What came of it."},
        body=Nothing,
        may_be_empty=True,
        headers=(_IF_PLANNED,),
        errors=(Conflict, PreconditionFailed),
        has_version=True,
    ),
)
def remediate_incident(principal: Principal, incident_id: str) -> Answer[incident_views.Remediated]:
    """Run the remedy that was planned, in whatever mode healing is; see the attempt for its end."""
    body.read(_request().raw_body or b"{}", Nothing)
    id_, by = _identifier(incident_id), _operator(principal)
    if _request().headers.get(_IF_MATCH.name) is None:
        raise Invalid(
            "it does not say which plan was looked at",
            field=_IF_MATCH.name,
            fix=f"send the ETag of GET /v1/incidents/{id_}/remediation",
        )
    record, attempt = _service().remediate(by, id_, _expected())
    shown: incident_views.Remediated = {
        "attempt": render_incidents.attempt(attempt),
        "incident": render_incidents.incident(record),
    }
    return Answer(shown, version=record.version)


def _service() -> IncidentService:
    return wiring.incidents(container())


def _shown(record: RuntimeIncidentRecord) -> Answer[incident_views.Incident]:
    return Answer(render_incidents.incident(record), version=record.version)


def _operator(principal: Principal) -> Operator:
    return Operator(principal.owner, principal.actor, is_admin=principal.role is Role.ADMIN)


def _expected() -> frozenset[int] | None:
    return etag.versions(_request().headers.get(_IF_MATCH.name))


def _identifier(text: str) -> str:
    if not _ID.fullmatch(text):
        raise NotFound(f"there is no incident {text[:80]!r}")
    return text
