"""Routes for owners: who may call is decided here, before anything else is read."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from chalice.app import Request

from chalicelib.access.service import Principal, authenticate
from chalicelib.functions.wiring.api import access
from chalicelib.functions.wiring.container import container


def owners[**P](
    current: Callable[[], Request],
) -> Callable[[Callable[Concatenate[Principal, P], Any]], Callable[P, Any]]:
    """Hand the principal of the request's bearer token to a route.

    Args:
        current: returns the request under way.
    """

    def decorate(route: Callable[Concatenate[Principal, P], Any]) -> Callable[P, Any]:
        @wraps(route)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            header = current().headers.get("authorization", "")
            of = container()
            principal = authenticate(header, access(of), of.clock.now())
            return route(principal, *args, **kwargs)

        return guarded

    return decorate
