"""The nodes origin: on it, the routes of nodes answer and no others.

API Gateway puts the whole API behind each of its domains. A device has no business with what
operators do, even where it has got hold of a token of theirs; so nothing of that is there for it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Request, Response

from chalicelib.errors import NotFound
from chalicelib.functions.http.operation import promised
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring.container import container

type Middleware = Callable[[Request, Callable[[Request], Response]], Response]


def for_nodes_alone(routes: Mapping[str, Mapping[str, Any]]) -> Middleware:
    """Return the middleware that keeps all but the routes of nodes off their origin.

    Args:
        routes: those of the app, by path and method; they may be added to later.
    """

    @answers
    def checked(request: Request, get_response: Callable[[Request], Response]) -> Response:
        if _is_by_nodes_origin(request) and _is_for_others(routes, request):
            raise _nothing_here(request)
        return get_response(request)

    return checked


def _is_by_nodes_origin(request: Request) -> bool:
    origin = container().settings.nodes_origin
    return origin is not None and (request.context or {}).get("domainName") == origin


def _is_for_others(routes: Mapping[str, Mapping[str, Any]], request: Request) -> bool:
    path = (request.context or {}).get("resourcePath", "")
    entry = routes.get(path, {}).get(request.method)
    if entry is None:  # No route runs.
        return False
    promise = promised(entry.view_function)
    return promise is None or not promise.needs_certificate


def _nothing_here(request: Request) -> NotFound:
    path = str((request.context or {}).get("resourcePath", ""))
    return NotFound(
        f"the nodes origin has no {request.method} {path}", fix="use the address of the API"
    )
