"""`/v1/journal`: who did what, when; and the journal as a file."""

import re
from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import NotFound
from chalicelib.functions.http import (
    body,
    cursor,
    journal_views,
    render,
    render_journal,
    render_task,
    task_views,
    views,
)
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import NewExport, Nothing
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.journal.event import STREAMS
from chalicelib.journal.query import read_query
from chalicelib.journal.retention.days import read_days

_FILTERS = (
    Parameter("kind", "Of this kind; `job` for all that begin with `job.`.", {"type": "string"}),
    Parameter("actor", "By this actor; `token` for those of that kind.", {"type": "string"}),
    Parameter("subject", "Of what has this id: a job, a task ..", {"type": "string"}),
    Parameter(
        "stream", "In this stream alone.", {"type": "integer", "minimum": 0, "maximum": STREAMS - 1}
    ),
    Parameter("from", "Not before this instant.", {"type": "string", "format": "date-time"}),
    Parameter("until", "Before this instant.", {"type": "string", "format": "date-time"}),
    Parameter("text", "That say this, whatever its case.", {"type": "string"}),
)
_DAYS = (
    Parameter("from", "The first day.", {"type": "string", "format": "date"}),
    Parameter("to", "The last day.", {"type": "string", "format": "date"}),
)
_POSITION = re.compile(r"[0-9]{1,15}")

journal = Blueprint(__name__)


def _request() -> Request:
    return journal.current_request


@journal.route("/v1/journal", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(answers={HTTPStatus.OK: "A page of the journal."}, query=(*cursor.PAGE, *_FILTERS)),
)
def search_journal(principal: Principal) -> views.Page[journal_views.JournalEntry]:
    """Return a page of the owner's journal, newest first.

    At most 1,000 entries are looked at for a page: it may be short although others follow.
    """
    query = cursor.read(_request().query_params)
    found = api.journal_search(container()).search(
        principal.owner, read_query(query.filters), query.after, query.limit
    )
    shown = render_journal.entries(found.items, api.personal(container()))
    return render.page(shown, found.next)


@journal.route("/v1/journal/days", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The counts."}, query=_DAYS))
def count_journal_days(principal: Principal) -> journal_views.JournalDays:
    """Return how many events of each kind there were on each day (UTC), the moved ones too.

    Without `to` up to today, without `from` the 30 days up to there. Events that were moved to S3
    are counted for ever. Of those in the table, at most 20,000 are looked at: `complete_from` is
    the first day of which all were.
    """
    given = dict(_request().query_params or {})
    first, last = read_days(given, container().clock.now())
    counted = api.journal_days(container()).count(principal.owner, first, last)
    return render_journal.days(counted, first, last)


@journal.route("/v1/journal/{stream}/{seq}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The entry."}))
def get_journal_entry(principal: Principal, stream: str, seq: str) -> journal_views.JournalEntry:
    """Return the entry at a position of a stream."""
    if not (_POSITION.fullmatch(stream) and _POSITION.fullmatch(seq)):
        raise NotFound("there is no such position in the journal")
    found = api.journal_search(container()).entry(principal.owner, int(stream), int(seq))
    (shown,) = render_journal.entries([found], api.personal(container()))
    return shown


@journal.route("/v1/journal/exports", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.ACCEPTED: "The export was asked for, and is written by a worker.",
            HTTPStatus.OK: "The export that was asked for with this Idempotency-Key before.",
        },
        body=NewExport,
        may_be_empty=True,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
    ),
)
def export_journal(principal: Principal) -> Answer[journal_views.JournalExport]:
    """Ask for the journal as a file of hash-chained NDJSON."""
    wanted = body.read(_request().raw_body or b"{}", NewExport)
    key = request_key(principal, _request(), "POST /v1/journal/exports")
    fields = wanted.model_dump(by_alias=True, exclude_none=True)
    made = api.journal_exports(container()).ask(principal.owner, principal.actor, fields, key)
    return Answer(
        render_journal.export(made.export),
        status=HTTPStatus.ACCEPTED if made.is_new else HTTPStatus.OK,
        location=f"/v1/journal/exports/{made.export.task.ref.id}",
    )


@journal.route("/v1/journal/exports/{task_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The export."}))
def get_journal_export(principal: Principal, task_id: str) -> journal_views.JournalExport:
    """Return how far an export is; of one that is written, a link that is good for 15 minutes."""
    exports = api.journal_exports(container())
    return render_journal.export(exports.get(principal.owner, identifier(task_id, "export")))


@journal.route("/v1/journal/verify", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.ACCEPTED: "The verification was asked for; a worker carries out this task.",
            HTTPStatus.OK: "The task that was made with this Idempotency-Key before.",
        },
        body=Nothing,
        may_be_empty=True,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
    ),
)
def verify_journal(principal: Principal) -> Answer[task_views.Task]:
    """Ask for a verification of the owner's whole journal."""
    body.read(_request().raw_body or b"{}", Nothing)
    key = request_key(principal, _request(), "POST /v1/journal/verify")
    made = api.journal_verifications(container()).ask(principal.owner, principal.actor, key)
    return render_task.made(made, HTTPStatus.ACCEPTED)


@journal.route("/v1/journal/verify", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request, Operation(answers={HTTPStatus.OK: "A page of verifications."}, query=cursor.PAGE)
)
def list_journal_verifications(
    principal: Principal,
) -> views.Page[journal_views.JournalVerification]:
    """Return a page of the verifications of the owner's journal, the latest asked for first."""
    query = cursor.read(_request().query_params)
    found = api.journal_verifications(container()).list(principal.owner, query.after, query.limit)
    return render.page([render_journal.verification(each) for each in found.items], found.next)


@journal.route("/v1/journal/verify/{task_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The verification."}))
def get_journal_verification(
    principal: Principal, task_id: str
) -> journal_views.JournalVerification:
    """Return how far a verification has come and what it found, once a worker has begun it."""
    verifications = api.journal_verifications(container())
    found = verifications.get(principal.owner, identifier(task_id, "verification"))
    return render_journal.verification(found)
