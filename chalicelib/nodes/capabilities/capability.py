"""Capability: what a device says that it can do; and whether an operator lets it.

A grant is for what was declared when it was given: where a device declares the same name anew with
another effect or other arguments, the grant is for nothing any more.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.errors import Invalid
from chalicelib.nodes.capabilities.schema import check_schema

MOST = 64
LARGEST_BYTES = 64 * 1024
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}(?:\.[a-z][a-z0-9_]{0,31}){0,3}")
NAME_FIX = "use one to four words of a-z, 0-9 and _, with dots between them"


class Effect(StrEnum):
    """What a capability does to the world."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Something that a device can do.

    Attributes:
        arguments: what it takes, as JSON Schema.
        is_idempotent: doing it twice is as good as once, so a lost answer may be asked for again.
        needs_mediation: the person at the device has to agree each time.
    """

    name: str
    description: str
    arguments: Mapping[str, Any]
    effect: Effect
    is_idempotent: bool
    needs_mediation: bool

    @property
    def terms_sha256(self) -> str:
        """Return what a grant is for: all but the description, which changes nothing."""
        terms = [
            self.name,
            self.arguments,
            str(self.effect),
            self.is_idempotent,
            self.needs_mediation,
        ]
        return hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return it as it is kept, and as it is shown."""
        return {
            "name": self.name,
            "description": self.description,
            "arguments": dict(self.arguments),
            "effect": str(self.effect),
            "idempotent": self.is_idempotent,
            "local_mediation": self.needs_mediation,
        }


def of_document(document: Mapping[str, Any]) -> Capability:
    """Return the capability of a document."""
    return Capability(
        name=document["name"],
        description=document["description"],
        arguments=document["arguments"],
        effect=Effect(document["effect"]),
        is_idempotent=document["idempotent"],
        needs_mediation=document["local_mediation"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that a device can do, as it said last.

    Attributes:
        version: raised by every change; 0 before the device said anything.
    """

    capabilities: tuple[Capability, ...] = ()
    registered_at: datetime | None = None
    version: int = 0

    def find(self, name: str) -> Capability | None:
        """Return a capability, or None where the device does not have it."""
        return next((each for each in self.capabilities if each.name == name), None)

    @property
    def content(self) -> str:
        """Return the capabilities as they are kept."""
        return json.dumps([each.document() for each in self.capabilities], sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An operator's word that a device may do something.

    Attributes:
        terms_sha256: what the capability was when it was granted.
        generation: the device's pairing then; paired anew, it may do nothing.
    """

    name: str
    terms_sha256: str
    generation: int
    granted_by: str
    granted_at: datetime


def is_granted(capability: Capability, grant: Grant | None, generation: int) -> bool:
    """Return whether a capability is what was granted to a device of this pairing."""
    if grant is None or grant.generation != generation:
        return False
    return grant.terms_sha256 == capability.terms_sha256


def check_inventory(capabilities: Sequence[Capability]) -> None:
    """Refuse what a device may not say of itself.

    Raises:
        Invalid: names the field and the fix.
    """
    names: set[str] = set()
    for position, each in enumerate(capabilities):
        field = f"capabilities.{position}"
        if each.name in names:
            raise Invalid(f"{each.name} is there twice", field=f"{field}.name", fix="name it once")
        names.add(each.name)
        check_schema(each.arguments, f"{field}.arguments")
    content = Inventory(capabilities=tuple(capabilities)).content
    if len(content.encode()) > LARGEST_BYTES:
        raise Invalid(
            f"the capabilities have {len(content.encode())} bytes",
            field="capabilities",
            fix=f"use at most {LARGEST_BYTES} bytes for all together",
        )
