"""From an `Authorization` header to the principal it stands for."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.access import token
from chalicelib.access.store import AccessStore
from chalicelib.errors import Unauthenticated
from chalicelib.policy.request import Role

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request, in which workspace, and in which role."""

    owner: str
    actor: str
    role: Role = Role.ADMIN


def authenticate(header: str, store: AccessStore, now: datetime) -> Principal:
    """Return the principal of an `Authorization` header.

    Raises:
        Unauthenticated: it is missing, not a bearer token, unknown, or expired.
        Unavailable: DynamoDB did not answer.
    """
    if not header.lower().startswith(_SCHEME):
        raise Unauthenticated("the request has no bearer token", fix=token.HOW)
    presented = token.parse(header[len(_SCHEME) :].strip())
    admitted = store.admitted(presented)
    if admitted is None:
        raise Unauthenticated("this API token is not known", fix=token.HOW)
    # DynamoDB deletes expired items days late.
    if admitted.until is not None and admitted.until <= now:
        raise Unauthenticated("this API token has expired", fix="ask for a new one")
    return Principal(presented.owner, f"token:{admitted.name}", admitted.role)
