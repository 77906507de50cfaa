"""The console: pages for people, of the same use cases as `/v1`."""

from chalice.app import Blueprint, Request, Response

from chalicelib.access.service import Principal
from chalicelib.console.approvals import approvals_page
from chalicelib.console.assets import asset
from chalicelib.console.doctor import doctor_page
from chalicelib.console.incidents import incident_page, incidents_page
from chalicelib.console.journal import Wanted, journal_page
from chalicelib.console.pages import Pages
from chalicelib.console.policies import TRIED, PoliciesPages
from chalicelib.functions.http import cursor
from chalicelib.functions.http.auth import require
from chalicelib.functions.http.console_frame import (
    ACTOR,
    FORM,
    OWNER,
    conditional,
    local_only,
    page,
    refuse_other_sites,
    see_other,
    shown,
)
from chalicelib.functions.http.cursor import PageQuery
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring import approvals as approvals_wiring
from chalicelib.functions.wiring import healing as healing_wiring
from chalicelib.functions.wiring import policies as policies_wiring
from chalicelib.functions.wiring.container import container
from chalicelib.policy.request import Role

_HOME, _BELOW = "./", "../"
_FOR_EVER = "public, max-age=31536000, immutable"

console = Blueprint(__name__)


def _request() -> Request:
    return console.current_request


@console.route("/", methods=["GET"])
@local_only
@page(_HOME, _request)
def overview() -> str:
    """Show jobs and the newest runs."""
    query = _query()
    found = _pages().overview(query.after, query.limit)
    return shown("overview", _HOME, found, cursor.encode(found.older))


@console.route("/jobs/{job_id}", methods=["GET"])
@local_only
@page(_BELOW, _request)
def show_job(job_id: str) -> str:
    """Show a job and its ledger."""
    query = _query()
    found = _pages().job(identifier(job_id, "job"), query.after, query.limit)
    return shown("job", _BELOW, found, cursor.encode(found.older))


@console.route("/runs/{run_id}", methods=["GET"])
@local_only
@page(_BELOW, _request)
def show_run(run_id: str) -> str:
    """Show a run and its steps."""
    return shown("run", _BELOW, _pages().run(identifier(run_id, "run")))


@console.route("/journal", methods=["GET"])
@local_only
@page(_HOME, _request)
def show_journal() -> str:
    """Show the newest entries of the journal, or those that its form asks for."""
    query, of = _query(), container()
    verified = api.journal_verifications(of).list(OWNER, None, 1).items
    found = journal_page(
        api.journal_search(of),
        api.personal(of),
        next(iter(verified), None),
        OWNER,
        Wanted.of(query.filters),
        query.after,
        query.limit,
    )
    return shown("journal", _HOME, found, cursor.encode(found.older))


@console.route("/policies", methods=["GET"])
@local_only
@page(_HOME, _request)
def show_policies() -> str:
    """Show the policies that decide, what they decided, and what a version would change."""
    query, of = _query(), container()
    pages = PoliciesPages(
        policies=policies_wiring.policies(of),
        journal=api.journal_search(of),
        transcripts=api.transcripts(of),
        owner=OWNER,
    )
    found = pages.page(query.after, query.limit, query.filters.get(TRIED))
    return shown("policies", _HOME, found, cursor.encode(found.older))


@console.route("/approvals", methods=["GET"])
@local_only
@page(_HOME, _request)
def show_approvals() -> str:
    """Show what somebody has to decide, and what was decided."""
    query, of = _query(), container()
    service = approvals_wiring.approvals(of)
    found = approvals_page(service, OWNER, of.clock.now(), query.after, query.limit)
    return shown("approvals", _HOME, found, cursor.encode(found.older))


@console.route("/incidents", methods=["GET"])
@local_only
@page(_HOME, _request)
def show_incidents() -> str:
    """Show what is wrong; with `?state=all`, what is resolved, too."""
    query, service = _query(), healing_wiring.incidents(container())
    is_all = query.filters.get("state") == "all"
    found = incidents_page(service, OWNER, query.after, query.limit, is_all=is_all)
    return shown("incidents", _HOME, found, cursor.encode(found.older))


@console.route("/incidents/{incident_id}", methods=["GET"])
@local_only
@page(_BELOW, _request)
def show_incident(incident_id: str) -> str:
    """Show an incident, what it means, and what was done about it."""
    found = healing_wiring.incidents(container()).detail(OWNER, incident_id)
    return shown("incident", _BELOW, incident_page(found))


@console.route("/doctor", methods=["GET"])
@local_only
@page(_HOME, _request)
def show_doctor() -> str:
    """Show what the doctor saw last, or the examination that is named."""
    given = _query().filters.get("run", "")
    run = identifier(given, "examination") if given else ""
    found = doctor_page(api.doctor(container()), OWNER, run)
    return shown("doctor", _HOME, found)


@console.route("/doctor", methods=["POST"], content_types=[FORM])
@local_only
def ask_doctor() -> Response:
    """Let the doctor look at everything; nothing is changed by that."""
    refuse_other_sites(_request())
    require(Principal(OWNER, ACTOR, Role.OPERATOR), "examine")
    made = api.doctor(container()).ask(OWNER, ACTOR, {})
    # Of itself, so that a page that is loaded again asks for nothing anew.
    return see_other(f"./doctor?run={made.task.ref.id}")


@console.route("/static/{name}", methods=["GET"])
@local_only
def static(name: str) -> Response:
    """Return a file that pages refer to; for ever where it is asked for by its version."""
    found, request = asset(name), _request()
    query = request.query_params
    is_exact = query is not None and query.get("v") == found.version
    return conditional(request, found.text, found.media_type, _FOR_EVER if is_exact else "no-cache")


def _pages() -> Pages:
    of = container()
    return Pages(
        jobs=api.jobs(of), transcripts=api.transcripts(of), owner=OWNER, now=of.clock.now()
    )


def _query() -> PageQuery:
    return cursor.read(_request().query_params)
