"""Versions of an owner's policies, and which of them is active."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

NO_POLICIES = 0  # The version of an owner without policies: the defaults alone.


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A set of policies as an operator wrote it; it never changes.

    Attributes:
        version: from 1; the first is the owner's oldest.
        sha256: of the text.
        op: id of the write that made it.
    """

    version: int
    text: str
    note: str
    author: str
    at: datetime
    sha256: str
    op: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """Which version is active; each change of it has the next number.

    Attributes:
        number: how often it was changed, 0 for an owner who never did.
        previous: the version that was active before; what a rollback goes back to.
        op: id of the write that made it.
    """

    number: int = 0
    version: int = NO_POLICIES
    previous: int = NO_POLICIES
    at: datetime | None = None
    by: str = ""
    op: str = ""


class NewPolicies(NamedTuple):
    """A version, and whether it was made by this call."""

    version: PolicyVersion
    is_new: bool


def digest(text: str) -> str:
    """Return what a version's text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()
