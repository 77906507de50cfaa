"""OpenAPI 3.1 of the HTTP API, made from its routes: `python -m infra.openapi` writes it.

What a route says of itself is read where it stands: path and method from Chalice, parameters of the
path and the answer's type from its signature, words from its docstring, the rest from its
`Operation`. Pages for people promise nothing to programs and are left out.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from pydantic.json_schema import JsonSchemaMode

from app import app
from chalicelib import errors
from chalicelib.errors import PalyraError
from chalicelib.functions.http import operation, problem, routines, views
from chalicelib.functions.http.operation import Answer, Operation, promised
from chalicelib.functions.http.query import Parameter
from chalicelib.version import VERSION
from infra.openapi_schemas import Schemas

ROOT = Path(__file__).parents[1]
OPENAPI = ROOT / "chalicelib/functions/http/openapi.json"
_PAGE = ROOT / "docs/api.md"
_BEGIN, _END = "<!-- routes: python -m infra.openapi -->\n", "<!-- end -->"
_PATH_PARAMETER = re.compile(r"{(\w+)}")
_ID = {"type": "string", "pattern": "^[0-9A-Z]+(-[0-9A-Z]+)*$", "maxLength": 1_024}
# Ids in paths that are no ULIDs, nor made of them.
_IDS = {"incident_id": {"type": "string", "pattern": "^incident_[0-9a-f]{16}$"}}
_TAGGED = {"type": "string", "pattern": '^".+"$'}
_ALWAYS = (errors.Invalid, errors.InvalidSettings, PalyraError)
_ANYWHERE = {415, 422, 500, 503}
_TAGS = {
    *("approvals", "incidents", "jobs", "routines", "runs", "tasks", "heartbeats"),
    *("journal", "policies", "nodes", "node-authority", "pairing"),
}
_NOT_JSON = "The body is said to be something else than JSON"  # Chalice refuses it by itself.
_IF_NONE_MATCH = Parameter(
    "If-None-Match",
    "The ETag of an answer that the caller has; answered with 304 where it is still the same.",
    {"type": "string"},
)


class Route(NamedTuple):
    """A route with all that it says of itself."""

    method: str
    path: str
    view: Callable[..., Any]
    promise: Operation

    @property
    def answer(self) -> Any:
        """Return the type of the answer's body."""
        hint = get_type_hints(self.view)["return"]
        return self._shape(get_args(hint)[0] if get_origin(hint) is Answer else hint)

    @property
    def body(self) -> Any:
        """Return the model of the request's body, or None."""
        return self._shape(self.promise.body)

    @property
    def name(self) -> str:
        """Return the operation's id."""
        return routines.operation_id(self.path, self.view.__name__)

    @property
    def words(self) -> tuple[str, str]:
        """Return the first line of its docstring, and the rest."""
        words = self.told(inspect.getdoc(self.view) or "")
        summary, _, rest = words.partition("\n")
        return summary.rstrip("."), rest.strip()

    def told(self, text: str) -> str:
        """Return words of the view as they are said of this path."""
        return routines.told(self.path, text)

    def _shape(self, shape: Any) -> Any:
        return routines.SHAPES.get(shape, shape) if self._is_of_routines else shape

    @property
    def _is_of_routines(self) -> bool:
        return routines.is_of_routines(self.path)


def routes() -> Iterator[Route]:
    """Yield the routes of the API, by path and method."""
    for path in sorted(app.routes):
        for method, entry in sorted(app.routes[path].items()):
            promise = promised(entry.view_function)
            if promise:
                yield Route(method, path, inspect.unwrap(entry.view_function), promise)


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    schemas = Schemas(_shapes())
    paths: dict[str, Any] = {}
    for route in routes():
        paths.setdefault(route.path, {})[route.method.lower()] = _described(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Palyra",
            "summary": "A control plane for AI agents.",
            "version": VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "responses": _problems(schemas),
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "palyra_<owner>_.."},
                "certificate": {
                    "type": "mutualTLS",
                    "description": "A node's certificate, at the nodes origin alone.",
                },
            },
        },
    }


def text() -> str:
    """Return the document as it is committed."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def table() -> str:
    """Return the routes as a Markdown table."""
    rows = [f"| `{r.method} {r.path}` | {r.words[0]} | {_statuses(r)} |\n" for r in routes()]
    return "| route | what it does | answers |\n|---|---|---|\n" + "".join(rows)


def page(written: str) -> str:
    """Return the page of the API's users with its table as it must be."""
    head, _, rest = written.partition(_BEGIN)
    return f"{head}{_BEGIN}\n{table()}\n{_END}{rest.partition(_END)[2]}"


def _shapes() -> Iterator[tuple[Any, JsonSchemaMode]]:
    yield views.Problem, "serialization"
    for route in routes():
        yield route.answer, "serialization"
        if route.body:
            yield route.body, "validation"


def _described(route: Route, schemas: Schemas) -> dict[str, Any]:
    summary, description = route.words
    described: dict[str, Any] = {
        "operationId": route.name,
        "summary": summary,
        "tags": [_tag(route.path)],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if description:
        described["description"] = description
    if route.promise.is_open:
        described["security"] = []
    if route.promise.needs_certificate:
        described["security"] = [{"certificate": []}]
    if route.body:
        described["requestBody"] = {
            "required": not route.promise.may_be_empty,
            "content": {operation.MEDIA_TYPE: {"schema": schemas.of(route.body)}},
        }
    return described


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [
        Parameter(
            name,
            route.told(f"The id of the {name.removesuffix('_id')}."),
            _IDS.get(name, _ID),
        )
        for name in _PATH_PARAMETER.findall(route.path)
    ]
    headers = [*route.promise.headers, *([_IF_NONE_MATCH] if route.method == "GET" else [])]
    places = {"path": in_path, "query": route.promise.query, "header": headers}
    return [
        {
            "name": each.name,
            "in": place,
            "required": place == "path",
            "description": each.description,
            "schema": dict(each.schema),
        }
        for place, parameters in places.items()
        for each in parameters
    ]


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for success, meaning in route.promise.answers.items():
        responses[str(int(success))] = {
            "description": route.told(meaning),
            "headers": _headers(route),
            "content": {operation.MEDIA_TYPE: {"schema": schemas.of(route.answer)}},
        }
    if route.method == "GET":
        described = {"description": "The caller has it.", "headers": {"ETag": _header(_TAGGED)}}
        responses[str(int(HTTPStatus.NOT_MODIFIED))] = described
    for status in _refusals(route):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return responses


def _problems(schemas: Schemas) -> dict[str, Any]:
    """Return the answer of each status that anything is refused with."""
    titles: dict[int, list[str]] = {int(HTTPStatus.UNSUPPORTED_MEDIA_TYPE): [_NOT_JSON]}
    for error in dict.fromkeys(chain.from_iterable(_errors(route) for route in routes())):
        titles.setdefault(error.status, []).append(error.title())
    content = {problem.MEDIA_TYPE: {"schema": schemas.of(views.Problem)}}
    return {
        str(status): {"description": "; or: ".join(of), "content": content}
        for status, of in titles.items()
    }


def _refusals(route: Route) -> list[int]:
    """Return the statuses of the problems that a route may be answered with."""
    statuses = {error.status for error in _errors(route)}
    return sorted(statuses | {int(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)})


def _errors(route: Route) -> list[type[PalyraError]]:
    return [*_implied(route), *route.promise.errors]


def _implied(route: Route) -> Iterator[type[PalyraError]]:
    yield from _ALWAYS
    if not route.promise.is_open:
        yield errors.Unauthenticated
        yield errors.Denied
        yield errors.Unavailable
    if route.promise.needs_certificate:
        yield errors.ClientCertRequired
        yield errors.CertificateRefused
        yield errors.Unavailable
    if _PATH_PARAMETER.search(route.path):
        yield errors.NotFound
    if route.promise.body:
        yield errors.TooLarge
    if route.promise.body or route.promise.headers:
        yield errors.Malformed


def _headers(route: Route) -> dict[str, Any]:
    headers = {}
    if route.method == "GET" or route.promise.has_version:
        headers["ETag"] = _header(_TAGGED)
    if route.promise.has_location:
        headers["Location"] = _header({"type": "string", "pattern": "^/v1/"})
    return headers


def _header(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "schema": dict(schema)}


def _statuses(route: Route) -> str:
    refused = [status for status in _refusals(route) if status not in _ANYWHERE]
    fine = " ".join(str(int(status)) for status in route.promise.answers)
    return f"{fine} · {' '.join(map(str, refused))}" if refused else fine


def _tag(path: str) -> str:
    parts = path.strip("/").removeprefix("v1").strip("/").split("/")
    return parts[0] if parts[0] in _TAGS else "system"


def main() -> None:
    """Write the document, and the table into the page about the API."""
    OPENAPI.write_text(text())
    _PAGE.write_text(page(_PAGE.read_text()))


if __name__ == "__main__":
    main()
