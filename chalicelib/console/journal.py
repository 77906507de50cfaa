"""The page of the journal: who did what, when."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from chalicelib.console.words import pretty
from chalicelib.journal.entry import Entry
from chalicelib.journal.erasure.reading import Personal, PersonalReader
from chalicelib.journal.query import Query, read_query
from chalicelib.journal.search import JournalSearch
from chalicelib.journal.verification.store import Verification

_RUN, _JOB = "run_id", "job."
_ASKED = ("kind", "actor", "subject", "text", "from", "until")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for, as the form of the page says it.

    Attributes:
        fields: what was filled in, by the names of the fields.
    """

    fields: Mapping[str, str]

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Return what was asked for; a field that was left empty asks for nothing."""
        return cls({name: given[name] for name in _ASKED if given.get(name)})

    @property
    def is_all(self) -> bool:
        """Return whether no entry is left out."""
        return not self.fields

    def query(self) -> Query:
        """Return the query; a form's days are whole ones, in UTC.

        Raises:
            Invalid: names the field and the fix.
        """
        return read_query({name: _instant(name, value) for name, value in self.fields.items()})

    def address(self, cursor: str | None = None) -> str:
        """Return the query string that asks for these entries."""
        return urlencode({**self.fields, **({"cursor": cursor} if cursor else {})})


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
        checked: the latest verification, or None before the first.
        older: the key after which older entries begin, or None.
        is_first: it begins with the newest entry.
    """

    entries: Sequence[EntryLine]
    wanted: Wanted
    checked: Verification | None
    older: str | None
    is_first: bool


def journal_page(
    search: JournalSearch,
    reader: PersonalReader,
    checked: Verification | None,
    owner: str,
    wanted: Wanted,
    after: str | None,
    limit: int,
) -> JournalPage:
    """Return a page of an owner's journal.

    Raises:
        Invalid: nothing could be such an entry.
        Unavailable: DynamoDB did not answer.
    """
    found = search.search(owner, wanted.query(), after, limit)
    opened = reader.opened(found.items)
    return JournalPage(
        entries=[_line(*each) for each in zip(found.items, opened, strict=True)],
        wanted=wanted,
        checked=checked,
        older=found.next,
        is_first=after is None,
    )


def _instant(name: str, value: str) -> str:
    """Return the instant that a day means; what is no day is left to whoever reads it."""
    if name not in {"from", "until"} or not _DAY.fullmatch(value):
        return value
    try:
        day = date.fromisoformat(value) + timedelta(days=name == "until")
    except (ValueError, OverflowError):
        return value
    return f"{day}T00:00:00Z"


def _line(entry: Entry, personal: Personal) -> EntryLine:
    said = entry.facts.get("payload") or entry.details
    if personal is not None:
        said = {**said, "personal": personal}
    return EntryLine(
        stream=entry.stream,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        subject=entry.subject,
        page=_page(entry),
        text=pretty(said),
    )


def _page(entry: Entry) -> str | None:
    run = entry.details.get(_RUN)
    if isinstance(run, str):
        return f"runs/{run}"
    return f"jobs/{entry.subject}" if entry.kind.startswith(_JOB) else None
