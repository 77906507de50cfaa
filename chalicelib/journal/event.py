"""One entry of the journal: who did what to what, when."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.clock import rfc3339
from chalicelib.journal.chain import canonical
from chalicelib.journal.personal import NoSealer, PersonalSealer, Place
from chalicelib.redaction import redact

STREAMS = 8


def audit_stream(owner: str, number: int) -> str:
    """Return the name of one of an owner's audit streams."""
    return f"{owner}#audit#{number}"


def stream_of(subject: str) -> int:
    """Return the number of the stream that all events of a subject share."""
    return hashlib.sha256(subject.encode()).digest()[0] % STREAMS


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
        details: what else is worth knowing; secrets in it are redacted.
        personal: what of it somebody wrote or is about somebody; it is sealed, and can be erased.
    """

    id: str
    owner: str
    kind: str
    actor: str
    subject: str
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        """Return the name of the event's audit stream; a subject's events share one."""
        return audit_stream(self.owner, stream_of(self.subject))

    def content(self, sealer: PersonalSealer | None = None) -> str:
        """Return the redacted event as canonical JSON: what is stored and hashed.

        Args:
            sealer: seals what is personal, anew at each call.

        Raises:
            NoSealer: something is personal, and nothing can seal it.
            Erased: what is known of the subject was erased.
            Unavailable: the subject's key cannot be reached.
        """
        head = self._head()
        content = head | {"details": redact(self.details)}
        if not self.personal:
            return canonical(content)
        if sealer is None:
            raise NoSealer(f"{self.kind} has personal details")
        place = Place(self.owner, head["subject"], head["id"])
        return canonical(content | {"personal": sealer.seal(place, redact(self.personal))})

    def pointer(self, sha256: str, size: int) -> str:
        """Return what is stored of an event whose content stands elsewhere: where, and its size."""
        elsewhere = {"sha256": sha256, "bytes": size}
        return canonical(self._head() | {"details": {}, "payload": elsewhere})

    def _head(self) -> dict[str, Any]:
        head = {"id": self.id, "kind": self.kind, "actor": self.actor, "subject": self.subject}
        return {**redact(head), "at": rfc3339(self.at)}
