"""Routes for nodes: which device calls is decided here, before anything else is read.

The certificate comes from where the gateway alone writes. Headers are not looked at, whatever they
are called: anybody can send them.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate

from chalice.app import Request

from chalicelib.errors import Malformed, NotFound
from chalicelib.functions.http import body
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.nodes import gatekeeper
from chalicelib.nodes.enforcement.admission import Purpose
from chalicelib.nodes.enforcement.service import Call, NodeCaller

_DEVICE = "device_id"


def nodes_only[**P](
    current: Callable[[], Request], promise: Operation, purpose: Purpose = Purpose.CALL
) -> Callable[[Callable[Concatenate[NodeCaller, P], Any]], Callable[..., Any]]:
    """Hand the device that calls to a route, if its certificate may make this call.

    The path names the device as `{device_id}`; a body that names one, too, must name the same.

    Args:
        current: returns the request under way.
        promise: what the route promises.
        purpose: what the route is for.
    """
    told = replace(promise, is_open=True, needs_certificate=True)

    def decorate(route: Callable[Concatenate[NodeCaller, P], Any]) -> Callable[..., Any]:
        answering = operation(current, told)(route)

        @wraps(route)
        def guarded(device_id: str, *args: P.args, **kwargs: P.kwargs) -> Any:
            request = current()
            call = Call(request.context or {}, device_id, _named(request.raw_body), purpose)
            keeper = gatekeeper(container())
            caller = keeper.admit(call)
            try:
                return answering(caller, *args, **kwargs)
            except NotFound:
                keeper.not_asked(caller)
                raise

        return guarded

    return decorate


def _named(raw: bytes | str | None) -> str | None:
    """Return the device that a body names, if any; one that is no JSON is the route's matter."""
    if not raw or len(raw) > body.LARGEST_BYTES:
        return None
    try:
        content = json.loads(raw, object_pairs_hook=body.unique)
    except (ValueError, RecursionError, Malformed):
        return None
    named = content.get(_DEVICE) if isinstance(content, dict) else None
    return None if named is None else str(named)
