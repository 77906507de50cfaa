"""What the deployed API has routes for, as the gateway itself tells it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Self
from urllib.parse import unquote

from infra.local import clients

type Segments = tuple[str, ...]

_ANY = "ANY"
_ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class Routes:
    """The methods of each path of the API, found as API Gateway finds them.

    Empty segments of a path do not count, a literal segment goes before a variable one, and a
    variable takes one segment that is not empty and holds no slash, encoded or not.
    """

    def __init__(self, methods: Mapping[str, Collection[str]]) -> None:
        """Take the methods by the path, whose variable segments are `{name}`."""
        self._methods = {_split(path): frozenset(_all(of)) for path, of in methods.items()}

    @classmethod
    def of(cls, rest_api_id: str) -> Self:
        """Ask the gateway for those of an API."""
        pages = clients.client("apigateway").get_paginator("get_resources")
        found = (each for page in pages.paginate(restApiId=rest_api_id) for each in page["items"])
        return cls({each["path"]: each["resourceMethods"] for each in found if _is_route(each)})

    def methods(self, path: str) -> frozenset[str]:
        """Return the methods of a path as it came in a request: none, if it is no route's."""
        best = self._best([unquote(segment) for segment in _split(path)])
        return frozenset() if best is None else self._methods[best]

    def find(self, path: str) -> tuple[str, dict[str, str]] | None:
        """Return a path's route and what its variables stand for; None, if it is no route's."""
        asked = [unquote(segment) for segment in _split(path)]
        best = self._best(asked)
        if best is None:
            return None
        variables = zip(best, asked, strict=True)
        return "/" + "/".join(best), {
            name[1:-1]: value for name, value in variables if _is_variable(name)
        }

    def _best(self, asked: Collection[str]) -> Segments | None:
        if any("/" in segment for segment in asked):
            return None
        fitting = [route for route in self._methods if _fits(route, asked)]
        # A literal sorts before a variable, segment by segment.
        return min(fitting, key=lambda route: [_is_variable(each) for each in route], default=None)


def _split(path: str) -> Segments:
    return tuple(segment for segment in path.split("/") if segment)


def _fits(route: Segments, asked: Collection[str]) -> bool:
    return len(route) == len(asked) and all(
        _is_variable(wanted) or wanted == given for wanted, given in zip(route, asked, strict=True)
    )


def _is_variable(segment: str) -> bool:
    return segment.startswith("{")


def _all(methods: Collection[str]) -> Iterator[str]:
    return iter(_ALL if _ANY in methods else methods)


def _is_route(found: Mapping[str, object]) -> bool:
    return bool(found.get("resourceMethods"))
