"""Identifiers in paths: what does not look like one of ours names nothing."""

import re

from chalicelib.errors import NotFound

_ID = re.compile(r"[0-9A-Z-]{1,64}")


def identifier(text: str, noun: str) -> str:
    """Return an id from a path.

    Raises:
        NotFound: nothing can have this id.
    """
    if not _ID.fullmatch(text):
        raise NotFound(f"there is no {noun} {text!r:.80}")
    return text
