"""The page of the journal: who did what, when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from chalicelib.console.words import pretty
from chalicelib.journal.entry import Entry
from chalicelib.journal.query import read_query
from chalicelib.journal.search import JournalSearch

_RUN, _JOB = "run_id", "job."


class Wanted(NamedTuple):
    """Which entries are asked for; None for any."""

    kind: str | None = None
    subject: str | None = None

    @property
    def is_all(self) -> bool:
        """Return whether no entry is left out."""
        return self.kind is None and self.subject is None

    def address(self, cursor: str | None = None) -> str:
        """Return the query string that asks for these entries."""
        given = [*self._asdict().items(), ("cursor", cursor)]
        return urlencode([(name, value) for name, value in given if value is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """An entry of the journal.

    Attributes:
        page: the path of the page about what it was done to, or None where there is none.
        text: what else is known of it, as JSON, or nothing.
    """

    stream: int
    seq: int
    at: datetime
    kind: str
    actor: str
    subject: str
    page: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """Entries of the journal, newest first.

    Attributes:
        older: the key after which older entries begin, or None.
        is_first: it begins with the newest entry.
    """

    entries: Sequence[EntryLine]
    wanted: Wanted
    older: str | None
    is_first: bool


def journal_page(
    search: JournalSearch, owner: str, wanted: Wanted, after: str | None, limit: int
) -> JournalPage:
    """Return a page of an owner's journal.

    Raises:
        Invalid: nothing could be of such a kind or subject.
        Unavailable: DynamoDB did not answer.
    """
    found = search.search(owner, read_query(wanted._asdict()), after, limit)
    return JournalPage(
        entries=[_line(entry) for entry in found.items],
        wanted=wanted,
        older=found.next,
        is_first=after is None,
    )


def _line(entry: Entry) -> EntryLine:
    return EntryLine(
        stream=entry.stream,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        subject=entry.subject,
        page=_page(entry),
        text=pretty(entry.facts.get("payload") or entry.details),
    )


def _page(entry: Entry) -> str | None:
    run = entry.details.get(_RUN)
    if isinstance(run, str):
        return f"runs/{run}"
    return f"jobs/{entry.subject}" if entry.kind.startswith(_JOB) else None
