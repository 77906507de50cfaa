"""Entries: events as readers find them, each at its place in a stream."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from chalicelib.journal.chain import link
from chalicelib.journal.personal import Place


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event at its place.

    Attributes:
        chain: the name of its stream, which begins with the owner.
        seq: its position in the stream, from 1.
        content: the redacted event as canonical JSON: what is hashed.
        previous: the link of the entry before it.
    """

    chain: str
    seq: int
    kind: str
    at: datetime
    content: str
    previous: str
    link: str

    @property
    def stream(self) -> int:
        """Return the number of its stream among its owner's."""
        return int(self.chain.rpartition("#")[2])

    @property
    def id(self) -> str:
        """Return the event's id."""
        return str(self.facts["id"])

    @property
    def actor(self) -> str:
        """Return who did it."""
        return str(self.facts["actor"])

    @property
    def subject(self) -> str:
        """Return what it was done to."""
        return str(self.facts["subject"])

    @property
    def details(self) -> dict[str, Any]:
        """Return what else is known of it."""
        return dict(self.facts["details"])

    @property
    def sealed(self) -> dict[str, Any] | None:
        """Return what is personal as it is sealed, or None where nothing is."""
        sealed: dict[str, Any] | None = self.facts.get("personal")
        return sealed

    @property
    def place(self) -> Place:
        """Return which event of whose journal it is, as what is personal of it is bound to."""
        return Place(self.chain.partition("#")[0], self.subject, self.id)

    @property
    def is_whole(self) -> bool:
        """Return whether its link is that of its content and place."""
        return self.link == link(self.chain, str(self.seq), self.previous, self.content)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Return the event as it was written."""
        written: dict[str, Any] = json.loads(self.content)
        return written
