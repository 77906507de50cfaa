"""Problems (RFC 9457): what every refused request is answered with, whoever refused it.

A route's own refusals are rendered by the decorator `answers`: Chalice would make a 500 of them
before any middleware saw them. Chalice refuses some requests itself, before a route runs (a method
that a path does not have, a media type that no route takes); the middleware `as_problems` renders
those.
"""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from chalice.app import Response

from chalicelib.errors import Malformed, PalyraError
from chalicelib.functions.observability import logger, measure
from chalicelib.redaction import redact

MEDIA_TYPE = "application/problem+json"
_FIXES = {
    405: "see the Allow header for the methods that this path has",
    415: "send JSON with 'Content-Type: application/json'",
}


def problem(error: PalyraError) -> Response:
    """Render an error."""
    body = {
        "type": f"urn:palyra:problem:{error.code()}",
        "title": error.title(),
        "status": error.status,
        "detail": error.detail,
        "fix": error.fix,
        "errors": [
            {"field": fault.field, "detail": fault.detail, "fix": fault.fix}
            for fault in error.faults
        ],
    }
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    return _response(body, headers)


def answers[**P](route: Callable[P, Any]) -> Callable[P, Any]:
    """Render what a route refuses."""

    @wraps(route)
    def answering(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return route(*args, **kwargs)
        except PalyraError as error:
            logger.info("refused", extra={"problem": error.code(), "detail": error.detail})
            return problem(error)

    return answering


def as_problems(event: Any, get_response: Callable[[Any], Response]) -> Response:
    """Render what Chalice refuses before a route runs, and what nobody expected."""
    if not _is_readable(event):
        fix = "send whole characters as UTF-8, and base64 only where it is whole"
        return problem(Malformed("the body cannot be read", fix=fix))
    response = get_response(event)
    if response.status_code < HTTPStatus.BAD_REQUEST or _is_told(response):
        return response
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("a request failed unexpectedly")
        measure({"ApiUnexpectedErrors": 1})
    return _from_chalice(response)


def _is_readable(request: Any) -> bool:
    """Return whether the body is what the gateway says that it is; Chalice decodes it late."""
    try:
        _ = request.raw_body
    except ValueError:
        return False
    return True


def _from_chalice(response: Response) -> Response:
    status = HTTPStatus(response.status_code)
    body = {
        "type": f"urn:palyra:problem:{status.name.lower().replace('_', '-')}",
        "title": status.phrase,
        "status": int(status),
        "detail": status.description or status.phrase,
        "fix": _FIXES.get(status, ""),
        "errors": [],
    }
    return _response(body, dict(response.headers))


def _response(body: dict[str, Any], headers: dict[str, Any]) -> Response:
    headers["Content-Type"] = MEDIA_TYPE
    content = {name: value for name, value in redact(body).items() if value not in ("", [])}
    return Response(body=json.dumps(content), status_code=body["status"], headers=headers)


def _is_told(response: Response) -> bool:
    """Return whether a route has said itself what is wrong: as a problem, or on a page."""
    return str(response.headers.get("Content-Type")).startswith((MEDIA_TYPE, "text/html"))
