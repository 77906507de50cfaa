"""What callers are told where API Gateway answers before any function has seen the request.

Problems (RFC 9457) as the app's own, so that nobody who calls has to know who answered. The gateway
knows no templates here but text with a few variables in it, and these are plain text: its own
message can hold what the caller has sent, a token even.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from chalicelib.errors import Denied, Malformed, NotFound, PalyraError, TooLarge, Unauthenticated

MEDIA_TYPE = "application/problem+json"
_ERRORS = (Denied, Malformed, NotFound, TooLarge, Unauthenticated)
_OF_STATUS: Mapping[int, type[PalyraError]] = {error.status: error for error in _ERRORS}


class Refusal(NamedTuple):
    """What is told.

    Attributes:
        status: of the answer; None leaves it to the gateway, and is not told in the body.
        detail: what was wrong.
        fix: what to do about it.
    """

    status: HTTPStatus | None
    detail: str
    fix: str


_NO_ROUTE = Refusal(
    HTTPStatus.NOT_FOUND,
    "the API has no such path, or the path does not take this method",
    "GET /v1 names where to begin; a slash within an id cannot be sent, encoded or not",
)
_KEPT_OUT = Refusal(
    HTTPStatus.FORBIDDEN,
    "a rule in front of the API refused the request",
    "ask who runs this stage",
)
_UNREADABLE = Refusal(
    HTTPStatus.BAD_REQUEST, "the request cannot be read", "see /v1/openapi.json for what is taken"
)
_TOO_MUCH = Refusal(
    HTTPStatus.TOO_MANY_REQUESTS,
    "there are more requests than the API takes",
    "wait a second, then try again",
)
_MISCONFIGURED = Refusal(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "the gateway is not set up as it should be",
    "ask who runs this stage to deploy it again",
)

RESPONSES: Mapping[str, Refusal] = {
    "MISSING_AUTHENTICATION_TOKEN": _NO_ROUTE,
    "RESOURCE_NOT_FOUND": _NO_ROUTE,
    # Where no route is, the gateway takes `Authorization` for a signature of AWS and cannot read
    # it: that has no type of its own. What has one is named below, so nothing else is left.
    "DEFAULT_4XX": _NO_ROUTE,
    "INVALID_SIGNATURE": _NO_ROUTE,
    "EXPIRED_TOKEN": _NO_ROUTE,
    "UNAUTHORIZED": Refusal(
        HTTPStatus.UNAUTHORIZED, "nobody has signed in", "send 'Authorization: Bearer TOKEN'"
    ),
    "ACCESS_DENIED": _KEPT_OUT,
    "INVALID_API_KEY": _KEPT_OUT,
    "WAF_FILTERED": _KEPT_OUT,
    "BAD_REQUEST_BODY": _UNREADABLE,
    "BAD_REQUEST_PARAMETERS": _UNREADABLE,
    "REQUEST_TOO_LARGE": Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "the request is larger than the gateway takes",
        "send at most 320 KB",
    ),
    "UNSUPPORTED_MEDIA_TYPE": Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "the API does not take this media type",
        "send JSON with 'Content-Type: application/json'",
    ),
    "THROTTLED": _TOO_MUCH,
    "QUOTA_EXCEEDED": _TOO_MUCH,
    "INTEGRATION_FAILURE": Refusal(
        HTTPStatus.BAD_GATEWAY,
        "the API's function failed",
        "try again; a write may have had its effect, so send its Idempotency-Key again too",
    ),
    "INTEGRATION_TIMEOUT": Refusal(
        HTTPStatus.GATEWAY_TIMEOUT,
        "the API's function did not answer in time",
        "try again; a write may have had its effect, so send its Idempotency-Key again too",
    ),
    "API_CONFIGURATION_ERROR": _MISCONFIGURED,
    "AUTHORIZER_CONFIGURATION_ERROR": _MISCONFIGURED,
    "AUTHORIZER_FAILURE": _MISCONFIGURED,
    "DEFAULT_5XX": Refusal(None, "the API could not answer", "try again"),
}


def setting(refusal: Refusal) -> dict[str, Any]:
    """Return what API Gateway is told of a refusal."""
    status = {"statusCode": str(int(refusal.status))} if refusal.status else {}
    return status | {
        "responseParameters": {"gatewayresponse.header.Content-Type": f"'{MEDIA_TYPE}'"},
        # The key is which template is taken; the header above is what callers see.
        "responseTemplates": {"application/json": json.dumps(_body(refusal))},
    }


def _body(refusal: Refusal) -> dict[str, Any]:
    code, title = _named(refusal.status)
    status = {"status": int(refusal.status)} if refusal.status else {}
    return {
        "type": f"urn:palyra:problem:{code}",
        "title": title,
        **status,
        "detail": refusal.detail,
        "fix": refusal.fix,
    }


def _named(status: HTTPStatus | None) -> tuple[str, str]:
    """Return code and title as the app has them, or those of the status."""
    if status is None:
        return PalyraError.code(), PalyraError.title()
    if status in _OF_STATUS:
        return _OF_STATUS[status].code(), _OF_STATUS[status].title()
    return status.name.lower().replace("_", "-"), status.phrase
