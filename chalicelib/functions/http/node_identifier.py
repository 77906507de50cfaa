"""Names in paths that only nodes have: what does not look like one of them names nothing."""

import re

from chalicelib.errors import NotFound
from chalicelib.nodes.authority.naming import is_device_id
from chalicelib.nodes.capabilities.capability import NAME
from chalicelib.nodes.pairing.code import CODE_ID

_SHOWN = 80


def node(text: str) -> str:
    """Return the id of a device.

    Raises:
        NotFound: no device can have this id.
    """
    if not is_device_id(text):
        raise _none("node", text)
    return text


def capability(text: str) -> str:
    """Return the name of a capability.

    Raises:
        NotFound: no capability can have this name.
    """
    return _matching(NAME, "capability", text)


def code(text: str) -> str:
    """Return the id of a code for pairing.

    Raises:
        NotFound: no code can have this id.
    """
    return _matching(CODE_ID, "code", text)


def _matching(pattern: re.Pattern[str], noun: str, text: str) -> str:
    if not pattern.fullmatch(text):
        raise _none(noun, text)
    return text


def _none(noun: str, text: str) -> NotFound:
    return NotFound(f"there is no {noun} {text[:_SHOWN]!r}")
