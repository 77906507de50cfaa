"""What a route promises, written next to it; and what all routes have in common.

OpenAPI is generated from these promises, and the tests hold every answer against it. A refusal
need not be promised where it follows from the rest: see `infra.openapi`.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response
from pydantic import BaseModel

from chalicelib.errors import PalyraError
from chalicelib.functions.http import etag, query
from chalicelib.functions.http.query import Parameter

MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Answer[T]:
    """What a route answers where a body alone does not say it.

    Attributes:
        location: where the thing is that was made.
        version: of the thing; a change can be made for it alone.
    """

    body: T
    status: HTTPStatus = HTTPStatus.OK
    location: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a route takes and answers besides what its signature says.

    Attributes:
        answers: what each status of success means.
        body: the shape of the request's body.
        may_be_empty: an empty body stands for `{}`.
        query: its query parameters; every other one is refused.
        headers: the headers that it looks at.
        errors: what it refuses by rules of its own.
        is_open: nobody needs a token for it.
        needs_certificate: nodes call it, with their certificates.
        has_location: its answers say where the thing is that was made.
        has_version: its answers can be named in `If-Match`.
    """

    answers: Mapping[HTTPStatus, str] = field(default_factory=lambda: {HTTPStatus.OK: "As asked."})
    body: type[BaseModel] | None = None
    may_be_empty: bool = False
    query: Sequence[Parameter] = ()
    headers: Sequence[Parameter] = ()
    errors: Sequence[type[PalyraError]] = ()
    is_open: bool = False
    needs_certificate: bool = False
    has_location: bool = False
    has_version: bool = False


def moves(
    meaning: str, body: type[BaseModel], errors: Sequence[type[PalyraError]] = ()
) -> Operation:
    """Return what a route promises that moves a thing on, whose body need not be sent.

    Args:
        meaning: what its answer says.
        body: the shape of the body, where one is sent.
        errors: what it refuses by rules of its own.
    """
    return Operation(answers={HTTPStatus.OK: meaning}, body=body, may_be_empty=True, errors=errors)


_promised: dict[Callable[..., Any], Operation] = {}


def operation[**P](
    current: Callable[[], Request], promise: Operation
) -> Callable[[Callable[P, Any]], Callable[P, Response]]:
    """Check the query of a route, and render its answer.

    A `GET` is answered with an entity tag, and with 304 where the caller has it already.

    Args:
        current: returns the request under way.
        promise: what the route promises.
    """

    def decorate(route: Callable[P, Any]) -> Callable[P, Response]:
        _promised[route] = promise

        @wraps(route)
        def answering(*args: P.args, **kwargs: P.kwargs) -> Response:
            query.check(current().query_params, promise.query)
            answer = route(*args, **kwargs)
            whole = answer if isinstance(answer, Answer) else Answer(answer)
            return _response(whole, current())

        return answering

    return decorate


def promised(view: Callable[..., Any]) -> Operation | None:
    """Return what a route promises; None for a page, which promises nothing to programs."""
    return _promised.get(inspect.unwrap(view))


def _response(answer: Answer[Any], request: Request) -> Response:
    text = json.dumps(answer.body, separators=(",", ":"))
    headers: dict[str, str | list[str]] = {"Content-Type": MEDIA_TYPE}
    if answer.location:
        headers["Location"] = answer.location
    if request.method == "GET" or answer.version is not None:
        tag = etag.of(text, answer.version)
        headers["ETag"] = tag
        if request.method == "GET" and etag.is_known(request.headers.get("if-none-match", ""), tag):
            return Response("", status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return Response(text, status_code=answer.status, headers=headers)
