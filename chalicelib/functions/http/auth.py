"""Routes for owners: who may call, and do this, is decided here, before anything else is read."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from chalice.app import Request

from chalicelib.access.service import Principal, authenticate
from chalicelib.errors import Denied, Unavailable
from chalicelib.functions.wiring.api import access
from chalicelib.functions.wiring.authority import authority
from chalicelib.functions.wiring.container import container
from chalicelib.policy.operations import operation
from chalicelib.policy.reason import Reason


def owners[**P](
    current: Callable[[], Request],
) -> Callable[[Callable[Concatenate[Principal, P], Any]], Callable[P, Any]]:
    """Hand the principal of the request's bearer token to a route, if the policies let it.

    The operation that they are asked about has the name of the route's function.

    Args:
        current: returns the request under way.
    """

    def decorate(route: Callable[Concatenate[Principal, P], Any]) -> Callable[P, Any]:
        @wraps(route)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            header = current().headers.get("authorization", "")
            of = container()
            principal = authenticate(header, access(of), of.clock.now())
            require(principal, route.__name__, "/".join(map(str, kwargs.values())))
            return route(principal, *args, **kwargs)

        return guarded

    return decorate


def require(principal: Principal, action: str, names: str = "") -> None:
    """Refuse what the policies do not let a principal do.

    Args:
        principal: who asks.
        action: the operation, by its name in the API's description.
        names: the ids that the request's path names.

    Raises:
        Denied: they do not allow it.
        Unavailable: they could not be read.
    """
    asked = operation(principal.owner, principal.actor, principal.role, action, names)
    decision = authority(container()).authorize(*asked)
    if decision.allowed:
        return
    if decision.reason is Reason.UNAVAILABLE:
        raise Unavailable(decision.reason.told, fix="try again")
    missing = " or ".join(decision.missing)
    raise Denied(
        f"{decision.reason}: {decision.reason.told}",
        fix=f"ask for {missing}" if missing else "ask an admin of the policies",
    )
