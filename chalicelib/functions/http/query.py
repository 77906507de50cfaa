"""Query parameters: each is known and given once, or the request is refused."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chalice.app import MultiDict

from chalicelib.errors import Invalid


class Parameter(NamedTuple):
    """A query parameter or header that a route takes.

    Attributes:
        schema: what it may be, as JSON Schema.
    """

    name: str
    description: str
    schema: Mapping[str, Any]


def check(given: MultiDict | None, known: Sequence[Parameter]) -> None:
    """Refuse what nobody would look at.

    Raises:
        Invalid: a parameter is unknown or repeated; names it.
    """
    for name in sorted(given or ()):
        _check_one(name, len(given.getlist(name)) if given else 0, [each.name for each in known])


def _check_one(name: str, times: int, known: Sequence[str]) -> None:
    field = f"{name:.80}" or "query"
    if name not in known:
        fix = f"use: {', '.join(sorted(known))}" if known else "leave it out"
        raise Invalid(f"there is no query parameter {name!r:.80}", field=field, fix=fix)
    if times > 1:
        raise Invalid(f"{name} is given {times} times", field=field, fix="give it once")
