"""Assets: the style sheet, the script and the icon, each named by what is in it."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from chalicelib.errors import NotFound

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_DIGITS = 12


class Asset(NamedTuple):
    """A file that pages refer to; its version changes whenever its text does."""

    text: str
    media_type: str
    version: str


@cache
def asset(name: str) -> Asset:
    """Return a file of this name.

    Raises:
        NotFound: there is none.
    """
    if name not in _TYPES:
        raise NotFound(f"there is no file {name!r:.120}")
    text = (_FOLDER / name).read_text(encoding="utf-8")
    version = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return Asset(text, _TYPES[name], version)
