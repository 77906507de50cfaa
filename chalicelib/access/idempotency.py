"""Idempotency keys: a request that makes something can be sent again, and makes it once.

A key belongs to who sent it and to the route. Its row leads to the id of what was made, and is put
in the same transaction; the body's hash tells a repeat from another request under the same key.
"""

import hashlib
from datetime import timedelta
from typing import NamedTuple

from chalicelib.errors import Invalid

KEPT = timedelta(days=30)


class RequestKey(NamedTuple):
    """What a client calls one of its requests, and what it sent under that name.

    Attributes:
        route: what the request asks for, as `POST /v1/jobs`.
        key: the client's name for it.
        body_sha256: the SHA-256 of the body, as hexadecimal digits.
    """

    owner: str
    actor: str
    route: str
    key: str
    body_sha256: str

    @property
    def digest(self) -> str:
        """Return the name of the key's row: one actor's keys are not another's."""
        parts = f"{self.actor}\0{self.route}\0{self.key}"
        return hashlib.sha256(parts.encode()).hexdigest()


class Kept(NamedTuple):
    """What is known of a request that was sent before."""

    made: str
    body_sha256: str


def answer(key: RequestKey, kept: Kept | None) -> str | None:
    """Return the id of what the same request made before, or None.

    Raises:
        Invalid: the key was used for another body.
    """
    if kept is None:
        return None
    if kept.body_sha256 != key.body_sha256:
        raise Invalid(
            "this key was sent with another body before",
            field="Idempotency-Key",
            fix="send each new request under a new key, and repeat one as it was",
        )
    return kept.made
