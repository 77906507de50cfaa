"""One entry of the journal: who did what to what, when."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.clock import rfc3339
from chalicelib.journal.chain import canonical
from chalicelib.journal.redaction import redact

STREAMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        id: derived from what happened, so that a repeat is known as one.
        owner: the workspace it happened in.
        kind: what happened, as `noun.verb`.
        actor: who did it, as `kind:name`.
        subject: what it was done to.
        at: when.
        details: what else is worth knowing; secret fields are redacted.
    """

    id: str
    owner: str
    kind: str
    actor: str
    subject: str
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        """Return the name of the event's audit stream; a subject's events share one."""
        number = hashlib.sha256(self.subject.encode()).digest()[0] % STREAMS
        return f"{self.owner}#audit#{number}"

    def content(self) -> str:
        """Return the redacted event as canonical JSON: what is stored and hashed."""
        return canonical(
            {
                "id": self.id,
                "kind": self.kind,
                "actor": self.actor,
                "subject": self.subject,
                "at": rfc3339(self.at),
                "details": redact(self.details),
            }
        )
