"""verify: whether a journal is as it was written, and up to where that is proven.

Seals are followed in order, and with each the events that it was the first to seal: every event is
hashed again from its content and place, every seal's root and signature are checked, and where a
stream stood when it was sealed must be where the events lead. What no seal covers yet is only as
good as its chain: whoever can write the table could have written it anew.

A trouble names the position at which it shows, and the last one before it that a seal proves: what
was changed lies behind that. The walk can be put aside after any event and taken up by another
process.

What was moved to S3 is followed there in the same way: a tombstone must be signed and follow the
one before it, its object must be the one that was signed, and each event of it is hashed again.
Rows that still stand in the table although they were moved must be the same events.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from chalicelib.clock import from_ms, rfc3339
from chalicelib.journal.chain import Head, genesis, link
from chalicelib.journal.event import STREAMS, audit_stream
from chalicelib.journal.personal import EVENT_KIND as ERASED_KIND
from chalicelib.journal.personal import KeyState, root_of
from chalicelib.journal.retention import tombstone
from chalicelib.journal.retention.tombstone import SignedTombstone, Tombstone
from chalicelib.journal.seal import STREAM, SignedSeal, Valid, own_faults, successor_faults

MOST_TROUBLES = 50
_SEAL_COST, _KEY_COST, _READ_COST = 5, 5, 25


class Row(NamedTuple):
    """An event as it is stored: what is hashed, and what is kept beside it for searching.

    Attributes:
        at: in milliseconds since 1970.
        payload_sha256: where the event stands elsewhere, its digest.
    """

    seq: int
    event_id: str
    kind: str
    at: int
    content: str
    previous: str
    link: str
    payload_sha256: str | None = None


class Archived(NamedTuple):
    """What S3 has of a stream: a segment, as it was found.

    Attributes:
        signed: the tombstone of the segment.
        stream: whose it is.
        tombstone: what was signed; None where that cannot be read.
        rows: the events, as far as they can be read; None where there is no object.
        is_as_signed: the object is the one that the tombstone names.
        left: events at its positions that stand in the table nevertheless.
    """

    signed: SignedTombstone
    stream: str
    tombstone: Tombstone | None
    rows: list[Row] | None
    is_as_signed: bool
    left: tuple[Row, ...] = ()

    @property
    def last(self) -> int:
        """Return the last position that it stands for, as it says."""
        return max(self.signed.first, self.tombstone.last if self.tombstone else 0)


class Trouble(NamedTuple):
    """Something that is not as it was written.

    Attributes:
        stream: the name of the stream, or of the chain of seals.
        seq: the position at which it shows.
        proven: the last position before it that a seal proves, 0 for none.
    """

    stream: str
    seq: int
    proven: int
    what: str


class Sources(Protocol):
    """Where a journal is read from."""

    def rows(self, stream: str, after: int) -> Iterator[Row]:
        """Yield the events of a stream after a position that stand in the table, in order."""

    def segments(self, stream: str, after: int) -> Iterator[Archived]:
        """Yield what S3 has of a stream after a position, in order."""

    def seals(self, after: int) -> Iterator[SignedSeal]:
        """Yield the seals after a position, in order."""

    def copies(self, after: int) -> Iterator[tuple[int, str]]:
        """Yield position and link of each copy of a seal after a position, in order."""

    def payload(self, sha256: str) -> bytes | None:
        """Return what stands elsewhere under a digest, or None."""

    def key(self, subject: str, key: str | None = None) -> KeyState:
        """Return what became of the key of a job or task.

        Args:
            subject: the job or task.
            key: the id that an event names its key by; None for whichever the subject has.
        """

    def run(self, finished: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the run of a terminal event, None where it has expired.

        Args:
            finished: the event as it was written.
        """


@dataclass(kw_only=True)
class Progress:
    """How far a verification has come.

    Attributes:
        seal: position of the last seal that was followed.
        sealed_at: when it was put.
        sealed: where it found the owner's streams.
        found: where the events of the streams lead, as far as they were read.
        copied: position of the last seal whose copies were looked at.
        expired_runs: how many terminal events had a run that is not kept any more.
        erased_runs: how many had one that was erased.
        personal: how many events have personal details, and `erased` of how many these were.
        archived_events: how many of the events were read from S3.
        segments: how many segments they were in.
        archived: of each stream, the last position of the last segment that was followed, and the
            link of its tombstone.
        troubles: the first ones; `number` is how many there are.
    """

    seal: int = 0
    sealed_at: datetime | None = None
    sealed: dict[str, int] = field(default_factory=dict)
    found: dict[str, Head] = field(default_factory=dict)
    events: int = 0
    seals: int = 0
    payloads: int = 0
    runs: int = 0
    expired_runs: int = 0
    erased_runs: int = 0
    personal: int = 0
    erased: int = 0
    archived_events: int = 0
    segments: int = 0
    archived: dict[str, Head] = field(default_factory=dict)
    number: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    is_complete: bool = False

    @property
    def holds(self) -> bool:
        """Return whether nothing was found."""
        return not self.number

    @property
    def unsealed(self) -> int:
        """Return how many events no seal covers."""
        return sum(max(0, at.seq - self.sealed.get(of, 0)) for of, at in self.found.items())


class Verifier:
    """Walks one owner's journal."""

    def __init__(self, owner: str, sources: Sources, valid: Valid, progress: Progress) -> None:
        """Take where to go on from; `progress` is changed as the walk goes on."""
        self.progress = progress
        self._sources, self._valid = sources, valid
        self._streams = [audit_stream(owner, number) for number in range(STREAMS)]
        self._cursors: dict[str, _Cursor[Row | Archived]] = {}
        self._walk = self._all()

    def advance(self, effort: float = float("inf")) -> bool:
        """Walk on; return whether the end was reached.

        Args:
            effort: about how many events to look at; what is read elsewhere counts as several.
        """
        for cost in self._walk:
            effort -= cost
            if effort <= 0:
                return self.progress.is_complete
        return True

    def _all(self) -> Iterator[int]:
        """Do everything, yielding what each part of it cost."""
        progress = self.progress
        if progress.is_complete:
            return
        copies = _Cursor(self._sources.copies(progress.seal))
        for before, seal in self._pairs():
            self._check_seal(before, seal)
            self._check_copies(copies, seal)
            yield _SEAL_COST
            for stream in self._streams:
                head = seal.heads.get(stream)
                if head is not None:
                    yield from self._follow(stream, head)
                    progress.sealed[stream] = head.seq
            progress.seal, progress.sealed_at = seal.seq, seal.at
            progress.seals += 1
        for stream in self._streams:
            yield from self._follow(stream, None)
        self._check_ahead(copies)
        progress.is_complete = True

    # Seals.

    def _pairs(self) -> Iterator[tuple[SignedSeal | None, SignedSeal]]:
        """Yield the seals that were not followed yet, each with the one before it."""
        before = None
        for seal in self._sources.seals(max(0, self.progress.seal - 1)):
            if seal.seq > self.progress.seal:
                yield before, seal
            before = seal

    def _check_seal(self, before: SignedSeal | None, seal: SignedSeal) -> None:
        faults = list(own_faults(seal, self._valid))
        if seal.at and (before is None or before.at):
            faults += successor_faults(before, seal)
        for what in faults:
            self._trouble(STREAM, seal.seq, seal.seq - 1, f"seal {seal.seq}: {what}")

    def _check_copies(self, copies: "_Cursor[tuple[int, str]]", seal: SignedSeal) -> None:
        links = set()
        while (copy := copies.peek()) is not None and copy[0] <= seal.seq:
            links.add(copies.take()[1])
        if others := links - {seal.link}:
            what = f"seal {seal.seq} is not the only one: S3 has {len(others)} other copies"
            self._trouble(STREAM, seal.seq, seal.seq - 1, what)
        elif not links and self._is_uncopied(seal):
            self._trouble(STREAM, seal.seq, seal.seq - 1, f"the copy of seal {seal.seq} is missing")

    def _is_uncopied(self, seal: SignedSeal) -> bool:
        """Return whether S3 has no copy of a seal, though it should have one."""
        if next(self._sources.seals(seal.seq), None) is None:
            return False  # Only the newest seal may be on its way to S3.
        # The copies may have been listed before this seal was put.
        known = next(self._sources.copies(seal.seq - 1), None)
        return known is None or known[0] != seal.seq

    def _check_ahead(self, copies: "_Cursor[tuple[int, str]]") -> None:
        ahead = copies.peek()
        last = self.progress.seal
        if ahead is not None and next(self._sources.seals(last), None) is None:
            what = f"the table was set back: its last seal is {last}, and S3 knows seal {ahead[0]}"
            self._trouble(STREAM, last + 1, last, what)

    # Events.

    def _follow(self, stream: str, head: Head | None) -> Iterator[int]:
        """Follow a stream to where a seal found it, or to its end."""
        found, rows = self.progress.found, self._cursor(stream)
        while head is None or self._at(stream).seq < head.seq:
            row = rows.peek()
            if row is None or (head is not None and _begins(row) > head.seq):
                break
            rows.take()
            if isinstance(row, Archived):
                yield self._check_segment(stream, row)
                continue
            at = self._at(stream)
            cost = self._check_row(stream, at, row)
            found[stream] = Head(row.seq, row.link)
            self.progress.events += 1
            self.progress.archived_events += row.seq <= self._archived(stream).seq
            yield cost
        if head is not None:
            self._check_head(stream, head)

    def _check_head(self, stream: str, head: Head) -> None:
        at, proven = self._at(stream), self.progress.sealed.get(stream, 0)
        if at.seq < head.seq:
            what = f"events {at.seq + 1} to {head.seq} are missing"
            self._trouble(stream, at.seq + 1, proven, what)
        elif at == head:
            return
        elif at.seq == head.seq:
            what = f"events {proven + 1} to {head.seq} are not as they were sealed"
            self._trouble(stream, head.seq, proven, what)
        else:
            return  # A seal that fell behind; its own trouble says so.
        self.progress.found[stream] = head

    def _check_row(self, stream: str, at: Head, row: Row) -> int:
        """Check an event as the one behind a position; return what that cost."""
        if row.seq != at.seq + 1:
            what = f"events {at.seq + 1} to {row.seq - 1} are missing"
            self._row_trouble(stream, at.seq + 1, what)
        if row.link != link(stream, str(row.seq), row.previous, row.content):
            what = f"event {row.seq} is not what was hashed"
            self._row_trouble(stream, row.seq, what)
        elif row.previous != at.link and row.seq == at.seq + 1:
            what = f"event {row.seq} was not written behind event {at.seq} as it is now"
            self._row_trouble(stream, max(1, at.seq), what)
        content = agreed(row)
        if content is None:
            what = f"what stands beside event {row.seq} is not what it says"
            self._row_trouble(stream, row.seq, what)
            return 1
        cost = 1 + self._check_key(stream, row, content)
        return cost + self._check_elsewhere(stream, row, content)

    def _check_segment(self, stream: str, segment: Archived) -> int:
        """Check a tombstone and its object, before its events; return what that cost."""
        progress, signed = self.progress, segment.signed
        first, last = signed.first, segment.last
        for what in self._tombstone_faults(stream, segment):
            self._row_trouble(stream, first, f"the tombstone of event {first}: {what}")
        progress.archived[stream] = Head(last, signed.link)
        progress.segments += 1
        named = f"events {first} to {last}"
        if segment.rows is None and segment.tombstone is not None:
            self._row_trouble(stream, first, f"the archive of {named} is missing")
            # What comes behind it can be followed all the same.
            progress.found[stream] = Head(last, segment.tombstone.link)
        elif not segment.is_as_signed:
            self._row_trouble(
                stream, last, f"the archive of {named} is not the one that was signed"
            )
        known = {row.seq: row for row in segment.rows or ()}
        for row in segment.left:
            if row != known.get(row.seq):
                what = f"event {row.seq} is another one in the table than in its archive"
                self._row_trouble(stream, row.seq, what)
        return _READ_COST

    def _tombstone_faults(self, stream: str, segment: Archived) -> Iterator[str]:
        signed, said = segment.signed, segment.tombstone
        yield from tombstone.own_faults(stream, signed, self._valid)
        yield from tombstone.successor_faults(self._archived(stream), stream, signed)
        if said is None or not segment.rows or not segment.is_as_signed:
            return
        links = [row.link for row in segment.rows]
        if (said.root, said.link, said.before, said.count) != (
            tombstone.root(stream, said.first, links),
            links[-1],
            segment.rows[0].previous,
            len(links),
        ):
            yield "it is not that of its events"

    def _check_key(self, stream: str, row: Row, content: Mapping[str, Any]) -> int:
        """Check that what is sealed has its key, or was erased as the journal says."""
        if row.kind == ERASED_KIND:
            if self._sources.key(content["subject"]) is KeyState.KEPT:
                what = f"what event {row.seq} says was erased can be read again"
                self._row_trouble(stream, row.seq, what)
            return _KEY_COST
        sealed = content.get("personal")
        if not isinstance(sealed, dict):
            return 0
        state = self._sources.key(root_of(content["subject"]), str(sealed.get("key")))
        self.progress.personal += 1
        self.progress.erased += state is KeyState.ERASED
        if state is KeyState.MISSING:
            what = f"the key of event {row.seq} is gone, and nothing says that it was erased"
            self._row_trouble(stream, row.seq, what)
        return _KEY_COST

    def _check_elsewhere(self, stream: str, row: Row, content: Mapping[str, Any]) -> int:
        """Check what an event stands for: a payload, or a run."""
        if "payload" in content:
            self.progress.payloads += 1
            body = self._sources.payload(content["payload"]["sha256"])
            if body is None or not _is_payload(body, content["payload"]):
                gone = "missing" if body is None else "not what was hashed"
                self._row_trouble(stream, row.seq, f"the payload of event {row.seq} is {gone}")
            return _READ_COST
        if row.kind != "run.finished" or not content["details"].get("head"):
            return 0
        wrong = self._sources.run(content)
        if wrong and self._sources.key(root_of(content["subject"])) is KeyState.ERASED:
            self.progress.erased_runs += 1
            return _READ_COST
        if wrong is None:
            self.progress.expired_runs += 1
        else:
            self.progress.runs += 1
        if wrong:
            self._row_trouble(stream, row.seq, f"event {row.seq}: {wrong}")
        return _READ_COST

    def _cursor(self, stream: str) -> "_Cursor[Row | Archived]":
        if stream not in self._cursors:
            self._cursors[stream] = _Cursor(self._items(stream, self._at(stream).seq))
        return self._cursors[stream]

    def _items(self, stream: str, after: int) -> Iterator[Row | Archived]:
        """Yield the segments and events of a stream after a position; a segment comes before its.

        What is moved while it is read leaves a gap in the table, and is found in S3 then.
        """
        is_moved = True
        while is_moved:
            for segment in self._sources.segments(stream, after):
                if segment.last > self._archived(stream).seq:
                    yield segment
                for row in segment.rows or ():
                    # What is at no place of the segment is not its, whatever the object has.
                    if max(after, segment.signed.first - 1) < row.seq <= segment.last:
                        yield row
                        after = row.seq
                after = max(after, segment.last)
            is_moved = False
            for row in self._sources.rows(stream, after):
                if row.seq > after + 1 and next(self._sources.segments(stream, after), None):
                    is_moved = True
                    break
                yield row
                after = row.seq

    def _archived(self, stream: str) -> Head:
        return self.progress.archived.get(stream, Head(0, ""))

    def _at(self, stream: str) -> Head:
        found = self.progress.found.get(stream)
        return found if found is not None else Head(0, genesis(stream))

    def _row_trouble(self, stream: str, seq: int, what: str) -> None:
        self._trouble(stream, seq, min(self.progress.sealed.get(stream, 0), seq - 1), what)

    def _trouble(self, stream: str, seq: int, proven: int, what: str) -> None:
        trouble, progress = Trouble(stream, seq, proven, what), self.progress
        if trouble in progress.troubles:
            return  # Seen before the walk was put aside.
        progress.number += 1
        if len(progress.troubles) < MOST_TROUBLES:
            progress.troubles.append(trouble)


class _Cursor[T]:
    """An iterator whose next item can be looked at."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._next: list[T] = []

    def peek(self) -> T | None:
        """Return the next item, or None at the end."""
        if not self._next:
            self._next.extend(item for item in (next(self._items, None),) if item is not None)
        return self._next[0] if self._next else None

    def take(self) -> T:
        """Return the next item and go on behind it."""
        self.peek()
        return self._next.pop()


def _begins(item: Row | Archived) -> int:
    return item.signed.first if isinstance(item, Archived) else item.seq


def agreed(row: Row) -> Mapping[str, Any] | None:
    """Return the event as it was written, or None where what stands beside it differs."""
    try:
        content = json.loads(row.content)
        payload = content.get("payload")
        said = (content["id"], content["kind"], content["at"], payload and payload["sha256"])
        is_event = isinstance(content["details"], dict)
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    beside = (row.event_id, row.kind, rfc3339(from_ms(row.at)), row.payload_sha256)
    return content if is_event and said == beside else None


def _is_payload(body: bytes, kept: Mapping[str, Any]) -> bool:
    return (len(body), hashlib.sha256(body).hexdigest()) == (kept["bytes"], kept["sha256"])
