"""The console: pages for people, of the same use cases as `/v1`.

Nobody can sign in yet, so pages show the owner `main` and answer on the local stage alone, whose
front lets in nobody but this machine. On any other stage there are none.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.access.service import Principal
from chalicelib.console.approvals import approvals_page
from chalicelib.console.assets import asset
from chalicelib.console.closing import closed
from chalicelib.console.doctor import doctor_page
from chalicelib.console.incidents import incident_page, incidents_page
from chalicelib.console.journal import Wanted, journal_page
from chalicelib.console.pages import Pages
from chalicelib.console.policies import TRIED, PoliciesPages
from chalicelib.console.rendering import render
from chalicelib.errors import Denied, NotFound, PalyraError
from chalicelib.functions.http import cursor, etag
from chalicelib.functions.http.auth import require
from chalicelib.functions.http.cursor import PageQuery
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring import approvals as approvals_wiring
from chalicelib.functions.wiring import healing as healing_wiring
from chalicelib.functions.wiring import policies as policies_wiring
from chalicelib.functions.wiring.container import container
from chalicelib.policy.request import Role
from chalicelib.redaction import redact_text
from chalicelib.settings import stage

OWNER = "main"
_HOME, _BELOW = "./", "../"
_ACTOR = "operator:console"  # Nobody can sign in yet: whoever is at this machine.
_FORM = "application/x-www-form-urlencoded"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_GUARDS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_HTML = "text/html; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"

console = Blueprint(__name__)


def local_only[**P](route: Callable[P, Response]) -> Callable[P, Any]:
    """Let a route exist on the local stage alone; anywhere else it answers a 404 problem."""

    @wraps(route)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        if stage() != "local":
            raise NotFound("there is no console on this stage", fix="call /v1 with an API token")
        return route(*args, **kwargs)

    return answers(guarded)


def page[**P](root: str) -> Callable[[Callable[P, str]], Callable[P, Response]]:
    """Answer with the HTML that a route returns, or with a page about why it cannot.

    Args:
        root: the relative path from the page to the console's first page.
    """

    def decorate(route: Callable[P, str]) -> Callable[P, Response]:
        @wraps(route)
        def paged(*args: P.args, **kwargs: P.kwargs) -> Response:
            try:
                shown = route(*args, **kwargs)
            except PalyraError as error:
                told = redact_text(error.detail)
                # What the gate is was perhaps what could not be read.
                shown = render("error", root, stage=stage(), gate=None, error=error, detail=told)
                return _response(shown, error.status, _HTML, "no-store")
            return _conditional(shown, _HTML, "no-cache")

        return paged

    return decorate


@console.route("/", methods=["GET"])
@local_only
@page(_HOME)
def overview() -> str:
    """Show jobs and the newest runs."""
    query = _query()
    shown = _pages().overview(query.after, query.limit)
    return _shown("overview", _HOME, shown, cursor.encode(shown.older))


@console.route("/jobs/{job_id}", methods=["GET"])
@local_only
@page(_BELOW)
def show_job(job_id: str) -> str:
    """Show a job and its ledger."""
    query = _query()
    shown = _pages().job(identifier(job_id, "job"), query.after, query.limit)
    return _shown("job", _BELOW, shown, cursor.encode(shown.older))


@console.route("/runs/{run_id}", methods=["GET"])
@local_only
@page(_BELOW)
def show_run(run_id: str) -> str:
    """Show a run and its steps."""
    return _shown("run", _BELOW, _pages().run(identifier(run_id, "run")))


@console.route("/journal", methods=["GET"])
@local_only
@page(_HOME)
def show_journal() -> str:
    """Show the newest entries of the journal, or those that its form asks for."""
    query, of = _query(), container()
    verified = api.journal_verifications(of).list(OWNER, None, 1).items
    shown = journal_page(
        api.journal_search(of),
        api.personal(of),
        next(iter(verified), None),
        OWNER,
        Wanted.of(query.filters),
        query.after,
        query.limit,
    )
    return _shown("journal", _HOME, shown, cursor.encode(shown.older))


@console.route("/policies", methods=["GET"])
@local_only
@page(_HOME)
def show_policies() -> str:
    """Show the policies that decide, what they decided, and what a version would change."""
    query, of = _query(), container()
    pages = PoliciesPages(
        policies=policies_wiring.policies(of),
        journal=api.journal_search(of),
        transcripts=api.transcripts(of),
        owner=OWNER,
    )
    shown = pages.page(query.after, query.limit, query.filters.get(TRIED))
    return _shown("policies", _HOME, shown, cursor.encode(shown.older))


@console.route("/approvals", methods=["GET"])
@local_only
@page(_HOME)
def show_approvals() -> str:
    """Show what somebody has to decide, and what was decided."""
    query, of = _query(), container()
    service = approvals_wiring.approvals(of)
    shown = approvals_page(service, OWNER, of.clock.now(), query.after, query.limit)
    return _shown("approvals", _HOME, shown, cursor.encode(shown.older))


@console.route("/incidents", methods=["GET"])
@local_only
@page(_HOME)
def show_incidents() -> str:
    """Show what is wrong; with `?state=all`, what is resolved, too."""
    query, service = _query(), healing_wiring.incidents(container())
    is_all = query.filters.get("state") == "all"
    shown = incidents_page(service, OWNER, query.after, query.limit, is_all=is_all)
    return _shown("incidents", _HOME, shown, cursor.encode(shown.older))


@console.route("/incidents/{incident_id}", methods=["GET"])
@local_only
@page(_BELOW)
def show_incident(incident_id: str) -> str:
    """Show an incident, what it means, and what was done about it."""
    found = healing_wiring.incidents(container()).detail(OWNER, incident_id)
    return _shown("incident", _BELOW, incident_page(found))


@console.route("/doctor", methods=["GET"])
@local_only
@page(_HOME)
def show_doctor() -> str:
    """Show what the doctor saw last, or the examination that is named."""
    given = _query().filters.get("run", "")
    run = identifier(given, "examination") if given else ""
    shown = doctor_page(api.doctor(container()), OWNER, run)
    return _shown("doctor", _HOME, shown)


@console.route("/doctor", methods=["POST"], content_types=[_FORM])
@local_only
def ask_doctor() -> Response:
    """Let the doctor look at everything; nothing is changed by that."""
    _refuse_other_sites()
    require(Principal(OWNER, _ACTOR, Role.OPERATOR), "examine")
    made = api.doctor(container()).ask(OWNER, _ACTOR, {})
    # Of itself, so that a page that is loaded again asks for nothing anew.
    headers: dict[str, str | list[str]] = {
        "Location": f"./doctor?run={made.task.ref.id}",
        **_GUARDS,
    }
    return Response(body="", status_code=HTTPStatus.SEE_OTHER, headers=headers)


@console.route("/static/{name}", methods=["GET"])
@local_only
def static(name: str) -> Response:
    """Return a file that pages refer to; for ever where it is asked for by its version."""
    found = asset(name)
    query = console.current_request.query_params
    is_exact = query is not None and query.get("v") == found.version
    return _conditional(found.text, found.media_type, _FOR_EVER if is_exact else "no-cache")


def _refuse_other_sites() -> None:
    """Refuse what a page of another site lets a browser send.

    Raises:
        Denied: the browser says that it does, or says nothing.
    """
    if console.current_request.headers.get("sec-fetch-site") != "same-origin":
        fix = "use the button of the page, or `palyra doctor`"
        raise Denied("the request does not come from the console's own page", fix=fix)


def _pages() -> Pages:
    of = container()
    return Pages(
        jobs=api.jobs(of), transcripts=api.transcripts(of), owner=OWNER, now=of.clock.now()
    )


def _shown(template: str, root: str, shown: object, older: str | None = None) -> str:
    """Return a page, with a banner while no work begins."""
    gate = closed(api.gate(container()).read(), OWNER)
    return render(template, root, stage=stage(), gate=gate, page=shown, older=older)


def _query() -> PageQuery:
    return cursor.read(console.current_request.query_params)


def _conditional(text: str, media_type: str, caching: str) -> Response:
    """Answer with a text, or with 304 to somebody who has it."""
    tag = etag.of(text)
    is_known = etag.is_known(console.current_request.headers.get("if-none-match", ""), tag)
    status = HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK
    response = _response("" if is_known else text, status, media_type, caching)
    response.headers["ETag"] = tag
    return response


def _response(text: str, status: int, media_type: str, caching: str) -> Response:
    headers: dict[str, str | list[str]] = {
        "Content-Type": media_type,
        "Cache-Control": caching,
        **_GUARDS,
    }
    return Response(body=text, status_code=status, headers=headers)
