"""Looking for a secret in what got out, as it stands and as it may be encoded.

It shares nothing with what redacts: a mistake there must not be one here.
"""

import base64
import binascii
import json
import re
from urllib.parse import unquote, unquote_plus

_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def leaks(output: str, secret: str) -> bool:
    """Return whether a secret can be read in what got out."""
    return any(_holds(text, secret) for text in (output, unquote(output), unquote_plus(output)))


def _holds(text: str, secret: str) -> bool:
    escaped = {json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]}
    if any(form in text for form in {secret, *escaped}):
        return True
    return any(secret.encode() in decoded for decoded in _decoded(text))


def _decoded(text: str) -> list[bytes]:
    runs = [run for line in _RUN.findall(text) for run in (line[shift:] for shift in range(4))]
    return [decoded for run in runs if (decoded := _plain(run)) is not None]


def _plain(run: str) -> bytes | None:
    run += "=" * (-len(run) % 4)
    try:
        return base64.b64decode(run, altchars=b"-_" if set(run) & set("-_") else None)
    except binascii.Error:
        return None
