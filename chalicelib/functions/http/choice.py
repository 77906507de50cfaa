"""Query parameters that name one of a few things."""

from collections.abc import Iterable, Mapping

from chalicelib.errors import Invalid


def one_of(given: Mapping[str, str], name: str, allowed: Iterable[str]) -> str | None:
    """Return what a parameter names, or None where it was not given.

    Raises:
        Invalid: it names none of what is allowed; says what is.
    """
    value, known = given.get(name), [str(each) for each in allowed]
    if value is None or value in known:
        return value
    raise Invalid(f"there is no {name} {value[:80]!r}", field=name, fix=f"use: {', '.join(known)}")
