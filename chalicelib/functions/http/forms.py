"""Forms of the console: what a browser sends with them, as fields, each once."""

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from chalicelib.errors import Invalid, Malformed, TooLarge, only_fields

LARGEST_BYTES = 8 * 1024
_MOST_FIELDS = 16
_LONGEST_NUMBER = 9
_FIX = "use the form of the page"


def read(raw: bytes | str, known: Mapping[str, Collection[str]]) -> tuple[str, Mapping[str, str]]:
    """Return what a form asks to be done, and its fields.

    Args:
        raw: the request's body.
        known: by what can be done, the fields that belong to it.

    Raises:
        TooLarge: it has over 8 KB.
        Malformed: it is no form, or a field is in it twice.
        Invalid: nobody knows what it asks for, or a field of it.
    """
    fields = _fields(raw)
    do = fields.pop("do", "")
    if do not in known:
        fix = f"use: {', '.join(sorted(known))}"
        raise Invalid(f"it is {do!r:.40}", field="do", fix=fix)
    only_fields(fields, known[do])
    return do, fields


def whole(fields: Mapping[str, str], name: str) -> int | str:
    """Return a field as the number that it is; as what was filled in where it is none."""
    text = fields.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else text


def _fields(raw: bytes | str) -> dict[str, str]:
    content = raw.encode() if isinstance(raw, str) else raw
    if len(content) > LARGEST_BYTES:
        raise TooLarge(f"the form has {len(content)} bytes", fix=f"send at most {LARGEST_BYTES}")
    try:
        pairs = parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(content),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise Malformed("the body is no form", fix=_FIX) from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Malformed("a field is in the form twice", fix=_FIX)
    return fields
