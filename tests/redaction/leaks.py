"""Looking for a secret in what got out, as it stands and as it may be encoded.

It shares nothing with what redacts: a mistake there must not be one here.
"""

import base64
import binascii
import json
import re
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def leaks(output: str, secret: str) -> bool:
    """Return whether a secret can be read in what got out."""
    return any(_holds(text, secret) for text in (output, unquote(output), unquote_plus(output)))


def _holds(text: str, secret: str) -> bool:
    escaped = {json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]}
    if any(form in text for form in {secret, *escaped}):
        return True
    return any(secret.encode() in part for line in text.splitlines() for part in _decoded(line))


# Many secrets are looked for in the same lines.
@lru_cache(maxsize=1024)
def _decoded(line: str) -> list[bytes]:
    runs = [run[shift:] for run in _RUN.findall(line) for shift in range(4)]
    return [decoded for run in runs if (decoded := _plain(run)) is not None]


def _plain(run: str) -> bytes | None:
    run += "=" * (-len(run) % 4)
    try:
        return base64.b64decode(run, altchars=b"-_" if set(run) & set("-_") else None)
    except binascii.Error:
        return None
