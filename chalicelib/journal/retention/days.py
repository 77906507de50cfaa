"""JournalDays: how many events of each kind there were on each day, for ever.

What was moved is counted by its tombstones, which stay. What is still in the table is looked at:
one look counts a bounded number of events, and says from which day on it counted all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.clock import WORST_SKEW
from chalicelib.errors import Invalid
from chalicelib.journal.event import STREAMS, audit_stream
from chalicelib.journal.retention.segment import day_of
from chalicelib.journal.retention.tombstone import Tombstone
from chalicelib.journal.store import JournalStore

_MOST_DAYS = 3_660
_UNLESS_SAID = timedelta(days=30)
_MOST_EVENTS = 20_000
_PAGE = 500


@dataclass(kw_only=True)
class Count:
    """What was counted.

    Attributes:
        days: how many events of each kind, by day; days without events are left out.
        archived: how many of all these events were counted by tombstones.
        complete_from: the first day of which all events were counted; None for all days.
    """

    days: dict[str, Counter[str]] = field(default_factory=dict)
    archived: int = 0
    complete_from: date | None = None

    def add(self, day: str, kind: str, number: int) -> None:
        """Add events of a day."""
        self.days.setdefault(day, Counter())[kind] += number


@dataclass(kw_only=True, eq=False, repr=False)
class JournalDays:
    """Counts journals.

    Attributes:
        most_events: how many events that were not moved are looked at for one answer.
    """

    journal: JournalStore
    most_events: int = _MOST_EVENTS

    def count(self, owner: str, first: date, last: date) -> Count:
        """Return the counts of an owner's events from one day to another, both included.

        Raises:
            ArchiveBroken: a tombstone cannot be read, or events that were moved a moment ago.
            Unavailable: AWS did not answer.
        """
        counted, room = Count(), self.most_events // STREAMS
        for number in range(STREAMS):
            stream = audit_stream(owner, number)
            end = self._count_moved(counted, stream, first, last)
            self._count_live(counted, stream, (first, last), end, room)
        counted.days = dict(sorted(counted.days.items()))
        return counted

    def _count_moved(self, counted: Count, stream: str, first: date, last: date) -> int:
        """Count by tombstones; return the last position that they stand for."""
        end = 0
        for tombstone in self._tombstones(stream):
            end = end or tombstone.last
            if tombstone.latest < first.isoformat():
                break  # Nor is any before it as late.
            for day, kinds in tombstone.days.items():
                if first.isoformat() <= day <= last.isoformat():
                    _add_all(counted, day, kinds)
        return end

    def _tombstones(self, stream: str) -> Iterator[Tombstone]:
        for signed in self.journal.segments.tombstones.backwards(stream):
            yield self.journal.segments.readable(stream, signed)

    def _count_live(
        self, counted: Count, stream: str, days: tuple[date, date], end: int, room: int
    ) -> None:
        """Count the events behind a position, from the newest back to the first day."""
        since, before = _midnight(days[0]), None
        first, last = days[0].isoformat(), days[1].isoformat()
        while page := self.journal.newest(stream, before, _PAGE):
            for entry in page:
                if entry.seq > end and first <= day_of(entry.at) <= last:
                    counted.add(day_of(entry.at), entry.kind, 1)
            before, room = page[-1].seq, room - len(page)
            latest = max(entry.at for entry in page)
            if before <= end + 1 or latest + WORST_SKEW < since:
                return
            if room <= 0:
                whole = latest.astimezone(UTC).date() + timedelta(days=1)
                counted.complete_from = max(counted.complete_from or whole, whole)
                return


def read_days(fields: Mapping[str, str], now: datetime) -> tuple[date, date]:
    """Return the first and the last day that `from` and `to` ask for.

    Raises:
        Invalid: names the field and the fix.
    """
    today = now.astimezone(UTC).date()
    last = _day(fields.get("to"), "to") or today
    first = _day(fields.get("from"), "from") or max(date.min + _UNLESS_SAID, last) - _UNLESS_SAID
    if first > last:
        raise Invalid("it is after to", field="from", fix="send an earlier day")
    if (last - first).days >= _MOST_DAYS:
        fix = f"ask for {_MOST_DAYS} days at most"
        raise Invalid("it is too long before to", field="from", fix=fix)
    return first, last


def _day(text: str | None, field: str) -> date | None:
    if text is None:
        return None
    try:
        # Other forms of ISO 8601 are read, too, and would not be the same text.
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    except ValueError:
        pass
    raise Invalid(f"{text!r:.80} is not a day", field=field, fix="send a day as 2026-11-22")


def _add_all(counted: Count, day: str, kinds: Mapping[str, int]) -> None:
    for kind, number in kinds.items():
        counted.add(day, kind, number)
        counted.archived += number


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
