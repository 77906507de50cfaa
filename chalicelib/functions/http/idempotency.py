"""`Idempotency-Key`: a POST that is sent again makes nothing twice."""

import hashlib
import re

from chalice.app import Request

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.service import Principal
from chalicelib.errors import Malformed
from chalicelib.functions.http.query import Parameter

_NAME = "Idempotency-Key"
_MOST_CHARACTERS = 255
_KEY = re.compile(rf"[\x21-\x7e]{{1,{_MOST_CHARACTERS}}}")
IDEMPOTENCY_KEY = Parameter(
    _NAME,
    "Any text of the caller's. The same request with the same key is answered with what the first "
    "one made, for 30 days; another body with it is refused.",
    {"type": "string", "minLength": 1, "maxLength": _MOST_CHARACTERS, "pattern": r"^[!-~]+$"},
)


def request_key(
    principal: Principal, request: Request, route: str, order: bytes | None = None
) -> RequestKey | None:
    """Return what tells a request from others by its key, or None where it has none.

    Args:
        principal: whose key it is.
        request: the request under way.
        route: what is asked of what, as `POST /v1/jobs`.
        order: what the body says, where it can be said in several ways; None for the body.

    Raises:
        Malformed: the key is not 1 to 255 visible ASCII characters.
    """
    key = request.headers.get(_NAME)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Malformed(
            f"{_NAME} is not a key",
            field=_NAME,
            fix=f"use 1 to {_MOST_CHARACTERS} visible ASCII characters",
        )
    sent = request.raw_body if order is None else order
    sha256 = hashlib.sha256(sent.encode() if isinstance(sent, str) else sent).hexdigest()
    return RequestKey(principal.owner, principal.actor, route, key, sha256)
