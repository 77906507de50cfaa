"""Problems (RFC 9457) that the front tells, because the app was not reached or did not answer.

They have the shape of the app's own, so that nobody who calls has to know who answered.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from infra.local.answer import Answer, Headers

MEDIA_TYPE = "application/problem+json"

_NO_SUCH_ROUTE = "MissingAuthenticationTokenException"
# What API Gateway answers itself is a JSON object with this and nothing more, if not in capitals.
_GATEWAYS_OWN = "message"
_OF_THE_APP = frozenset({MEDIA_TYPE, "text/html"})
_FAILED = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY})


class Problem(Exception):
    """Why a request was not answered by the app.

    Attributes:
        status: of the answer.
        detail: what was wrong with this request.
        fix: what to do about it.
        headers: of the answer, besides its media type.
    """

    def __init__(
        self, status: HTTPStatus, detail: str, fix: str = "", headers: Headers | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fix = fix
        self.headers = headers or []

    def answer(self) -> Answer:
        """Return the answer that tells it."""
        body = {
            "type": f"urn:palyra:problem:{self.status.name.lower().replace('_', '-')}",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.fix:
            body["fix"] = self.fix
        headers = [("Content-Type", MEDIA_TYPE), *self.headers]
        return Answer(self.status, headers, json.dumps(body).encode())


def malformed(detail: str, fix: str) -> Problem:
    """Return the problem of a request that is no valid HTTP."""
    return Problem(HTTPStatus.BAD_REQUEST, detail, fix)


def no_route(path: str) -> Problem:
    """Return the problem of a path that no route has."""
    fix = "GET / names where to begin; a slash within an id cannot be sent, encoded or not"
    return Problem(HTTPStatus.NOT_FOUND, f"The API has no path {path:.200}", fix)


def wrong_method(method: str, path: str, methods: Iterable[str]) -> Problem:
    """Return the problem of a method that a path does not have."""
    allowed = ", ".join(sorted(methods))
    detail = f"{path:.200} does not take {method:.40}"
    return Problem(
        HTTPStatus.METHOD_NOT_ALLOWED, detail, f"use one of: {allowed}", [("Allow", allowed)]
    )


def of_the_gateway(answer: Answer, path: str) -> Problem | None:
    """Return the problem of an answer that the gateway gave in the app's place."""
    if answer.header("x-amzn-errortype") == _NO_SUCH_ROUTE:
        return no_route(path)
    if answer.status < HTTPStatus.BAD_REQUEST or _is_the_apps(answer):
        return None
    message = _message(answer.body)
    if answer.status in _FAILED:
        detail = f"The function failed ({message:.200})"
        return Problem(HTTPStatus.BAD_GATEWAY, detail, "the emulator's log says why")
    return _told(answer.status, message)


def _told(status: int, message: str) -> Problem:
    try:
        known = HTTPStatus(status)
    except ValueError:
        detail = f"The gateway answered {status} ({message:.200})"
        return Problem(HTTPStatus.BAD_GATEWAY, detail, "the emulator's log says why")
    return Problem(known, message or known.phrase)


def _is_the_apps(answer: Answer) -> bool:
    media_type = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    return media_type in _OF_THE_APP


def _message(body: bytes) -> str:
    try:
        told: Any = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    named = {name.lower(): value for name, value in told.items()} if isinstance(told, dict) else {}
    return str(named.get(_GATEWAYS_OWN, ""))
