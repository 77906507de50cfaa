"""Identifiers in paths: what does not look like one of ours names nothing."""

import re

from chalicelib.errors import NotFound

# A task's id names all that it came from, and what it came from has a bounded depth; a partition
# key, which is an owner and an id, may have 2,048 bytes.
_MOST_CHARACTERS = 1_024
_ID = re.compile(r"[0-9A-Z]+(?:-[0-9A-Z]+)*")
_SHOWN = 80


def is_identifier(text: str) -> bool:
    """Return whether something could have this id."""
    return len(text) <= _MOST_CHARACTERS and bool(_ID.fullmatch(text))


def identifier(text: str, noun: str) -> str:
    """Return an id from a path.

    Raises:
        NotFound: nothing can have this id.
    """
    if not is_identifier(text):
        raise NotFound(f"there is no {noun} {text[:_SHOWN]!r}")
    return text
