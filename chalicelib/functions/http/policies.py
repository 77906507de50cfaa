"""`/v1/policies`: versions of an owner's policies, which of them decides, and what if."""

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.service import Principal
from chalicelib.access.store import IdempotencyStore
from chalicelib.background.task import TaskRef, partition, slot_key
from chalicelib.errors import Conflict, Invalid, NotFound, PreconditionFailed
from chalicelib.functions.http import (
    body,
    cursor,
    etag,
    policy_views,
    render,
    render_policies,
    views,
)
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import (
    NewPolicies,
    Nothing,
    PolicyText,
    PolicyTrial,
    PolicyWhatIf,
)
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.http.routines import action_of
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring import policies as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.policy import operations
from chalicelib.policy.engine import defaults
from chalicelib.policy.request import Question, Role
from chalicelib.policy.service import PolicyService
from chalicelib.policy.versions import Activation
from chalicelib.runs import asking
from chalicelib.tables import Write

_IF_MATCH = Parameter(
    "If-Match",
    "The ETag of `/v1/policies/active` as it was seen; refused where another was activated by now.",
    {"type": "string"},
)
_ACTIVATED = Operation(
    answers={HTTPStatus.OK: "What decides from now on."},
    body=Nothing,
    may_be_empty=True,
    headers=(_IF_MATCH,),
    errors=(Conflict, PreconditionFailed),
    has_version=True,
)
_VERSION = re.compile(r"0|[1-9][0-9]{0,8}")
_DISPATCH, _INVOKE = "dispatch", "invoke"

policies = Blueprint(__name__)


def _request() -> Request:
    return policies.current_request


@policies.route("/v1/policies", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "A page of versions."}, query=cursor.PAGE))
def list_policies(principal: Principal) -> views.Page[policy_views.PolicyVersion]:
    """Return a page of the versions of the owner's policies, newest first."""
    query = cursor.read(_request().query_params)
    found = _service().list(principal.owner, query.after, query.limit)
    return render.page([render_policies.version(each) for each in found.items], found.next)


@policies.route("/v1/policies", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.CREATED: "The version was kept; it decides nothing before it is activated.",
            HTTPStatus.OK: "The version that was made with this Idempotency-Key before.",
        },
        body=NewPolicies,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
    ),
)
def create_policies(principal: Principal) -> Answer[policy_views.PolicyVersionDetail]:
    """Keep a new version of the owner's policies, once it is found to be valid."""
    new = body.read(_request().raw_body, NewPolicies)
    key = request_key(principal, _request(), "POST /v1/policies")
    once = _Once(api.requests(container()), key) if key else None
    made = _service().create(principal.owner, principal.actor, new.text, new.note or "", once)
    return Answer(
        render_policies.version_detail(made.version),
        status=HTTPStatus.CREATED if made.is_new else HTTPStatus.OK,
        location=f"/v1/policies/{made.version.version}",
    )


@policies.route("/v1/policies/validate", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(answers={HTTPStatus.OK: "It is valid; what is in it."}, body=PolicyText),
)
def validate_policies(_principal: Principal) -> policy_views.PolicyDraft:
    """Say whether policies could be kept; nothing is."""
    return render_policies.summaries(
        _service().check(body.read(_request().raw_body, PolicyText).text)
    )


@policies.route("/v1/policies/active", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "What decides."}, has_version=True))
def get_active_policies(principal: Principal) -> Answer[policy_views.ActivePolicies]:
    """Return which version decides, with its text and that of the defaults."""
    return _shown(principal, _service().active(principal.owner))


@policies.route("/v1/policies/rollback", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _ACTIVATED)
def roll_back_policies(principal: Principal) -> Answer[policy_views.ActivePolicies]:
    """Let the version decide again that did before the last activation."""
    body.read(_request().raw_body or b"{}", Nothing)
    after = _service().roll_back(principal.owner, principal.actor, _expected())
    return _shown(principal, after)


@policies.route("/v1/policies/dry-run", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "What would have been decided otherwise."},
        body=PolicyTrial,
        errors=(NotFound, Conflict),
    ),
)
def dry_run_policies(principal: Principal) -> policy_views.PolicyDryRun:
    """Ask a draft, or a version, what was decided in the last 30 days; nothing comes of it."""
    trial = body.read(_request().raw_body, PolicyTrial)
    draft = trial.version if trial.text is None else trial.text
    if draft is None or (trial.text is not None and trial.version is not None):
        raise Invalid("it names no policies, or two", field="text", fix="send text or version")
    return render_policies.dry_run(_service().dry_run(principal.owner, draft, trial.limit))


@policies.route("/v1/policies/explain", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The decision, which policies made it and what was missing."},
        body=PolicyWhatIf,
        errors=(NotFound, Conflict),
    ),
)
def explain_policies(principal: Principal) -> policy_views.PolicyExplanation:
    """Say how a request would be decided, and why."""
    asked = body.read(_request().raw_body, PolicyWhatIf)
    explained = _service().explain(principal.owner, _question(principal, asked), asked.version)
    return render_policies.explanation(explained, explained.decision.version)


@policies.route("/v1/policies/{version}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The version."}))
def get_policies(principal: Principal, version: str) -> policy_views.PolicyVersionDetail:
    """Return a version of the owner's policies with its text."""
    return render_policies.version_detail(_service().get(principal.owner, _number(version)))


@policies.route("/v1/policies/{version}/activate", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _ACTIVATED)
def activate_policies(principal: Principal, version: str) -> Answer[policy_views.ActivePolicies]:
    """Let a version decide from now on; version 0 is that of the defaults alone."""
    body.read(_request().raw_body or b"{}", Nothing)
    number = _number(version)
    after = _service().activate(principal.owner, principal.actor, number, _expected())
    return _shown(principal, after)


@dataclass(frozen=True, slots=True)
class _Once:
    """The key of the request under way."""

    store: IdempotencyStore
    key: RequestKey

    def made(self, now: datetime) -> str | None:
        return self.store.made(self.key, now)

    def write(self, made: str, now: datetime) -> Write:
        return self.store.write(self.key, made, now)


def _service() -> PolicyService:
    return wiring.policies(container())


def _shown(principal: Principal, active: Activation) -> Answer[policy_views.ActivePolicies]:
    service, owner = _service(), principal.owner
    stored = service.get(owner, active.version) if active.version else None
    policy_set = service.engine(owner, active.version).fingerprint
    shown = render_policies.active(active, stored, policy_set, defaults())
    return Answer(shown, version=active.number)


def _number(text: str) -> int:
    if not _VERSION.fullmatch(text):
        raise NotFound(f"there is no version {text[:80]!r} of the policies")
    return int(text)


def _expected() -> frozenset[int] | None:
    return etag.versions(_request().headers.get(_IF_MATCH.name))


def _question(principal: Principal, asked: PolicyWhatIf) -> Question:
    """Return what is asked about: a job's dispatch, a call by its run, or a request of the API.

    Raises:
        NotFound: the owner has no such job.
        Invalid: it does not say enough, or names an action or tool that there is not.
    """
    if asked.action in {_DISPATCH, _INVOKE}:
        return _about_job(principal, asked)
    action = action_of(asked.action)
    if action not in operations.RESOURCES:
        known = ", ".join(sorted([*operations.RESOURCES, _DISPATCH, _INVOKE]))
        raise Invalid(
            f"there is no action {asked.action!r:.80}", field="action", fix=f"use: {known}"
        )
    role = principal.role if asked.role is None else Role(asked.role)
    return operations.operation(principal.owner, principal.actor, role, action, asked.job_id or "")


def _about_job(principal: Principal, asked: PolicyWhatIf) -> Question:
    if asked.job_id is None:
        raise Invalid("it names no job", field="job_id", fix="send the id of a job")
    of, owner = container(), principal.owner
    job = api.jobs(of).get(owner, identifier(asked.job_id, "job"))
    ref = TaskRef(partition(owner, job.id), slot_key(of.clock.now()))
    made = job.definition
    routine = asking.Routine(made.name, made.schedule_kind, made.created_by)
    told = asking.context_of(ref, "", routine, list(made.tools), toolbox(of)).document()
    if asked.action == _DISPATCH:
        return asking.dispatch(ref, told)
    tool = toolbox(of).find(asked.tool or "")
    if tool is None:
        known = ", ".join(toolbox(of).names())
        raise Invalid(f"there is no tool {asked.tool!r:.80}", field="tool", fix=f"use: {known}")
    return asking.call(ref, told, tool)
