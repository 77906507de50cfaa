"""`/v1/heartbeats`: which work was heard of last, and when."""

from typing import Any

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.functions.http import cursor, render
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.choice import one_of
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container

heartbeats = Blueprint(__name__)


def _request() -> Request:
    return heartbeats.current_request


@heartbeats.route("/v1/heartbeats", methods=["GET"])
@answers
@owners(_request)
def list_heartbeats(principal: Principal) -> dict[str, Any]:
    """Return a page of the last signs of life of the owner's work of one kind."""
    query = cursor.read(_request().query_params, ("kind",))
    kind = WorkHeartbeatKind(
        one_of(query.filters, "kind", WorkHeartbeatKind) or WorkHeartbeatKind.BACKGROUND_TASK
    )
    store, now = api.heartbeats(container()), container().clock.now()
    # One more than was asked for tells whether another page follows.
    found = store.list(principal.owner, kind, query.after, query.limit + 1)
    shown = found[: query.limit]
    following = shown[-1].object_id if len(found) > len(shown) else None
    return render.page([render.heartbeat(each, now) for each in shown], following)
