"""Problems (RFC 9457) that the front tells, because the app was not reached or did not answer."""

import json
from http import HTTPStatus
from typing import Any

from infra.local.answer import Answer

_NO_SUCH_ROUTE = "MissingAuthenticationTokenException"
# What API Gateway answers itself is this JSON object and nothing more; the app never answers so.
_GATEWAYS_OWN = {"message"}
_FAILED = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY})


class Problem(Exception):
    """Why a request was not answered by the app."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail

    def answer(self) -> Answer:
        """Return the answer that tells it."""
        body = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
        }
        headers = [("Content-Type", "application/problem+json")]
        return Answer(self.status, headers, json.dumps(body).encode())


def of_the_gateway(answer: Answer, request: str) -> Problem | None:
    """Return the problem of an answer that the gateway gave in the app's place."""
    if answer.header("x-amzn-errortype") == _NO_SUCH_ROUTE:
        return Problem(HTTPStatus.NOT_FOUND, f"The API has no route {request:.200}")
    message = _message(answer.body) if answer.status >= HTTPStatus.BAD_REQUEST else None
    if message is None:
        return None
    if answer.status in _FAILED:
        detail = f"The function failed ({message:.200}); emulator.log says why"
        return Problem(HTTPStatus.BAD_GATEWAY, detail)
    return Problem(HTTPStatus(answer.status), message)


def _message(body: bytes) -> str | None:
    try:
        told: Any = json.loads(body)
    except ValueError:
        return None
    return str(told["message"]) if isinstance(told, dict) and set(told) == _GATEWAYS_OWN else None
