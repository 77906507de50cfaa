"""Query parameters that name one of a few things."""

from collections.abc import Mapping

from chalicelib.errors import Invalid
from chalicelib.functions.http.query import Parameter


def one_of(given: Mapping[str, str], parameter: Parameter) -> str | None:
    """Return what a parameter names, or None where it was not given.

    Raises:
        Invalid: it names none of what its schema allows; says what that is.
    """
    name, known = parameter.name, [str(each) for each in parameter.schema["enum"]]
    value = given.get(name)
    if value is None or value in known:
        return value
    raise Invalid(f"there is no {name} {value[:80]!r}", field=name, fix=f"use: {', '.join(known)}")
