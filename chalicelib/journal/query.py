"""Queries: which entries of a journal are asked for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.clock import NotAnInstant, read_rfc3339
from chalicelib.errors import Invalid, only_fields
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import STREAMS, stream_of

FIELDS = ("actor", "from", "kind", "stream", "subject", "text", "until")
_MOST_CHARACTERS = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which entries are asked for; None for any.

    Attributes:
        kind: a kind, or a noun for all that happened to such: `job` takes `job.created`.
        actor: who did it, or what kind of actor: `token` takes `token:laptop`.
        text: is in what was written, whatever its case.
        since: the earliest instant.
        until: the instant before which it happened.
    """

    kind: str | None = None
    actor: str | None = None
    subject: str | None = None
    stream: int | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def streams(self) -> list[int]:
        """Return the streams that can hold such an entry; a subject's events share one."""
        held = range(STREAMS) if self.subject is None else [stream_of(self.subject)]
        return [number for number in held if self.stream in {None, number}]

    def takes(self, entry: Entry) -> bool:
        """Return whether an entry is asked for."""
        return (
            (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and _is_of(entry.kind, self.kind, ".")
            and (self.subject is None or entry.subject == self.subject)
            and (self.actor is None or _is_of(entry.actor, self.actor, ":"))
            and (self.text is None or _says(entry, self.text))
        )


def read_query(fields: Mapping[str, Any], within: str = "") -> Query:
    """Return the query that fields say: each of `FIELDS`, or None for one that is not given.

    Args:
        fields: what was given.
        within: what the names of the fields begin with where one is refused.

    Raises:
        Invalid: names the field and the fix.
    """
    only_fields(fields, FIELDS, within)
    given = {name: _plain(value) for name, value in fields.items()}
    texts = {name: _text(given.get(name), within + name) for name in FIELDS}
    since = _instant(texts["from"], f"{within}from")
    until = _instant(texts["until"], f"{within}until")
    if since and until and since >= until:
        raise Invalid("it is not after from", field=f"{within}until", fix="send a later instant")
    return Query(
        kind=texts["kind"],
        actor=texts["actor"],
        subject=texts["subject"],
        stream=_stream(texts["stream"], f"{within}stream"),
        text=texts["text"],
        since=since,
        until=until,
    )


def _plain(value: Any) -> Any:
    """Return a number as a query parameter has it."""
    return str(value) if isinstance(value, int) else value


def _text(value: Any, field: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_CHARACTERS:
        fix = f"send 1 to {_MOST_CHARACTERS} characters, or leave it out"
        raise Invalid("it is not a text that can be looked for", field=field, fix=fix)
    return value


def _instant(text: str | None, field: str) -> datetime | None:
    try:
        return None if text is None else read_rfc3339(text)
    except NotAnInstant as wrong:
        raise Invalid(wrong.detail, field=field, fix=wrong.fix) from None


def _stream(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    if text not in {str(number) for number in range(STREAMS)}:
        raise Invalid(
            f"there is no stream {text!r:.80}", field=field, fix=f"use 0 to {STREAMS - 1}"
        )
    return int(text)


def _is_of(name: str, wanted: str | None, separator: str) -> bool:
    return wanted is None or name == wanted or name.startswith(wanted + separator)


def _says(entry: Entry, text: str) -> bool:
    wanted = text.casefold()
    # Most entries are told from their text alone, which is not read for that.
    if json.dumps(wanted, ensure_ascii=False)[1:-1] not in entry.content.casefold():
        return False
    return any(wanted in said.casefold() for said in _said(entry))


def _said(entry: Entry) -> Iterator[str]:
    yield from (entry.id, entry.kind, entry.actor, entry.subject)
    yield from _texts(entry.details)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)
