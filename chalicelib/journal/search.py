"""JournalSearch: an owner's journal, newest first across its streams.

Each stream is in the order in which it was written, and is read backwards; the streams are merged
by time. An entry may be written later than what it tells happened (the end of a task that a sweep
finds), so its place is not its own time but the latest of it and of those written before it, as far
as the reader looks ahead.

There is no index. A subject's events share one stream, and a page looks at a bounded number of
entries, and reads a bounded number of segments of what was moved to S3: it may be short although
others follow. An index by kind or subject would cost every
append a write unit, for a search that few make.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.clock import EPOCH, WORST_SKEW
from chalicelib.errors import Invalid, NotFound
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import STREAMS, audit_stream
from chalicelib.journal.query import Query
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page

_MOST_LOOKED_AT = 1_000
_MOST_SEGMENTS = 64
# Old segments may be small: so many are read at once to look ahead.
_READS_AHEAD = 4
_AHEAD = 16
_POSITION = re.compile(r"[0-9]{1,15}")


@dataclass(kw_only=True, eq=False, repr=False)
class JournalSearch:
    """Reads journals."""

    journal: JournalStore

    def search(self, owner: str, query: Query, after: str | None, limit: int) -> Page[Entry]:
        """Return the entries of an owner that are asked for, newest first.

        At most 1,000 entries are looked at for one page, and about 64 segments of moved ones are
        read: a page may be short although others follow. What is appended while somebody turns
        pages is on none of them.

        Args:
            owner: whose journal.
            query: which entries.
            after: `next` of the page before; None for the first page.
            limit: how many a page has at most.

        Raises:
            Invalid: `after` is not of a page of such a query.
            ArchiveBroken: entries that were moved are missing, or were changed.
            Unavailable: AWS did not answer.
        """
        reads = self.journal.segments.reads
        tails = self._tails(owner, query, after, limit)
        found: list[Entry] = []
        for number in range(_MOST_LOOKED_AT):
            going_on = [tail for tail in tails if not tail.is_over(query.since)]
            if len(found) == limit or not going_on:
                break
            if number and self.journal.segments.reads - reads >= _MOST_SEGMENTS:
                break
            entry = max(going_on, key=lambda tail: tail.at).take()
            if query.takes(entry):
                found.append(entry)
        is_over = all(tail.is_over(query.since) for tail in tails)
        return Page(found, None if is_over else "-".join(str(tail.before) for tail in tails))

    def entry(self, owner: str, stream: int, seq: int) -> Entry:
        """Return the entry at a position of a stream.

        Raises:
            NotFound: the owner has no such entry.
            Unavailable: DynamoDB did not answer.
        """
        entry = None
        if stream < STREAMS and seq > 0:
            entry = self.journal.entry(audit_stream(owner, stream), seq)
        if entry is None:
            raise NotFound(f"the journal has no entry {seq} in stream {stream}")
        return entry

    def _tails(self, owner: str, query: Query, after: str | None, limit: int) -> list["_Tail"]:
        chains = [audit_stream(owner, number) for number in query.streams]
        # As many as are needed where all streams are as busy as each other.
        batch = _AHEAD + 1 + limit // max(len(chains), 1)
        befores = _positions(after, len(chains))
        if befores is None:
            befores = [self._before(chain, query.until) for chain in chains]
        return [
            _Tail(self.journal, chain, before, batch)
            for chain, before in zip(chains, befores, strict=True)
        ]

    def _before(self, chain: str, until: datetime | None) -> int:
        """Return a position that none of what happened before an instant stands at or after."""
        last = next(iter(self.journal.newest(chain, None, 1)), None)
        low, high = 0, last.seq + 1 if last else 1
        if until is None or last is None:
            return high
        top = high
        while high - low > _AHEAD:
            middle = (low + high) // 2
            found = self.journal.newest(chain, middle + 1, 1)
            if found and found[0].at - WORST_SKEW >= until:
                high = found[0].seq
            else:
                low = middle
        return min(high + _AHEAD, top)


@dataclass(eq=False, repr=False)
class _Tail:
    """What is left of a stream that is read backwards.

    Attributes:
        before: the position that all that is left stands before.
        at: the place in time of the entry that comes next.
    """

    journal: JournalStore
    chain: str
    before: int
    batch: int
    at: datetime = field(init=False, default=EPOCH)
    _ahead: deque[Entry] = field(init=False, default_factory=deque)
    _is_read: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._look_ahead()

    def is_over(self, since: datetime | None) -> bool:
        """Return whether nothing is left, or nothing that is as late as an instant."""
        return not self._ahead or (since is not None and self.at + WORST_SKEW < since)

    def take(self) -> Entry:
        """Return the entry that comes next, and go on to the one before it."""
        entry = self._ahead.popleft()
        self.before = entry.seq
        self._look_ahead()
        return entry

    def _look_ahead(self) -> None:
        for _ in range(_READS_AHEAD):
            if len(self._ahead) >= _AHEAD or self._is_read:
                break
            before = self._ahead[-1].seq if self._ahead else self.before
            found = self.journal.newest(self.chain, before, self.batch) if before > 1 else []
            self._ahead.extend(found)
            self._is_read = not found or found[-1].seq == 1
        if self._ahead:
            self.at = max(entry.at for entry in self._ahead)


def _positions(after: str | None, number: int) -> list[int] | None:
    if after is None:
        return None
    parts = after.split("-")
    if len(parts) != number or not all(_POSITION.fullmatch(part) for part in parts):
        raise Invalid(
            "the cursor is not of a page of this search", field="cursor", fix="leave it out"
        )
    return [int(part) for part in parts]
