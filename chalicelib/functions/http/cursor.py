"""Pages: how many items, and where they begin.

A cursor is the last key of the page before, in base64url. The partition comes from the token,
never from the cursor, so that no cursor can lead to another owner.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.errors import Invalid
from chalicelib.functions.http.query import Parameter

_DEFAULT = 50
_MOST = 200
_KEY = re.compile(r"[0-9A-Za-z#_-]{1,1024}")
PAGE = (
    Parameter(
        "limit",
        "How many items a page has at most.",
        {"type": "integer", "minimum": 1, "maximum": _MOST, "default": _DEFAULT},
    ),
    Parameter("cursor", "`next` of the page before; without it, the first.", {"type": "string"}),
)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page of a list is asked for.

    Attributes:
        filters: what was given of the parameters that narrow the list.
    """

    after: str | None
    limit: int
    filters: Mapping[str, str] = field(default_factory=dict)


def read(parameters: Mapping[str, str] | None) -> PageQuery:
    """Return the page that the query parameters `limit` and `cursor` ask for.

    Args:
        parameters: the query, if any; what else is in it narrows the list.

    Raises:
        Invalid: the limit is not 1 to 200, or the cursor not one of ours.
    """
    given = dict(parameters or {})
    limit, cursor = given.pop("limit", str(_DEFAULT)), given.pop("cursor", None)
    if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= _MOST:
        raise Invalid(f"limit is {limit!r:.80}", field="limit", fix=f"use 1 to {_MOST}")
    after = _decode(cursor) if cursor is not None else None
    return PageQuery(after=after, limit=int(limit), filters=given)


def encode(key: str | None) -> str | None:
    """Return the cursor of a key."""
    return None if key is None else base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = key.decode()
    except ValueError:
        text = ""
    if not _KEY.fullmatch(text):
        raise Invalid(
            "the cursor is not one that this API gave", field="cursor", fix="leave it out"
        )
    return text
