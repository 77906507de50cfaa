"""Entity tags (RFC 9110): which representation a caller has, and which one a change is for.

A tag is a digest of the body. A job's begins with its version, `"3.6f1c2a.."`, and a change that
is made for a version, `"3"` or longer, holds for every representation of it: `next_slot` moves
without an edit.
"""

import hashlib
import re

from chalicelib.errors import Malformed

_DIGEST_CHARACTERS = 32
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")
_VERSIONED = re.compile(r'"([0-9]{1,15})(?:\.[0-9a-f]+)?"')
_ANY = "*"


def of(body: str, version: int | None = None) -> str:
    """Return the tag of a body."""
    digest = hashlib.sha256(body.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


def is_known(if_none_match: str, tag: str) -> bool:
    """Return whether a caller has the representation of a tag; what cannot be read names none."""
    header = if_none_match.strip()
    return header == _ANY or tag in {each.removeprefix("W/") for each in _tags(header)}


def versions(if_match: str | None) -> frozenset[int] | None:
    """Return the versions that a change may be made for; None for any, as without a header.

    Raises:
        Malformed: the header is neither `*` nor a list of entity tags.
    """
    if if_match is None:
        return None
    header = if_match.strip()
    if header == _ANY:
        return None
    tags = _tags(header)
    if not tags:
        raise Malformed(
            f"If-Match is {header!r:.80}: not a list of entity tags",
            field="If-Match",
            fix="send the ETag of the answer that the change is made for, with its quotes, or *",
        )
    found = (_VERSIONED.fullmatch(tag) for tag in tags)
    return frozenset(int(match[1]) for match in found if match)


def _tags(header: str) -> list[str]:
    return re.findall(_TAG, header) if _LIST.fullmatch(header) else []
