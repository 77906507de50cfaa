"""`/v1/heartbeats`: which work was heard of last, and when."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.functions.http import cursor, render, task_views, views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.choice import one_of
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container

_KIND = Parameter(
    "kind",
    "What kind of work; tasks where it is left out.",
    {
        "type": "string",
        "enum": [*WorkHeartbeatKind],
        "default": WorkHeartbeatKind.BACKGROUND_TASK,
    },
)

heartbeats = Blueprint(__name__)


def _request() -> Request:
    return heartbeats.current_request


@heartbeats.route("/v1/heartbeats", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(answers={HTTPStatus.OK: "A page of heartbeats."}, query=(*cursor.PAGE, _KIND)),
)
def list_heartbeats(principal: Principal) -> views.Page[task_views.Heartbeat]:
    """Return a page of the last signs of life of the owner's work of one kind."""
    query = cursor.read(_request().query_params)
    kind = WorkHeartbeatKind(one_of(query.filters, _KIND) or WorkHeartbeatKind.BACKGROUND_TASK)
    store, now = api.heartbeats(container()), container().clock.now()
    # One more than was asked for tells whether another page follows.
    found = store.list(principal.owner, kind, query.after, query.limit + 1)
    shown = found[: query.limit]
    following = shown[-1].object_id if len(found) > len(shown) else None
    return render.page([render.heartbeat(each, now) for each in shown], following)
