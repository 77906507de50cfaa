"""Segments: consecutive events of a stream as one object in S3, NDJSON, a stored row a line.

The object's name says whose it is and where it stands, in digits that sort, and ends with its
digest: what is put under a name is always the same, whoever puts it and however often.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from chalicelib.clock import from_ms, to_ms
from chalicelib.journal.retention.tombstone import Days, Tombstone, root
from chalicelib.journal.verify import Row

MOST_EVENTS = 1_000
# Whoever reads one event of a segment reads all of it.
MOST_BYTES = 4 * 1024 * 1024
PREFIX = "segments/"
_DIGITS = 15
_DIGEST_DIGITS = 16


def cutoff(now: datetime, kept: timedelta) -> datetime:
    """Return the instant before which events are moved: the beginning of a day (UTC).

    By the day, since a stream in which little happens would be cut into a segment an hour.
    """
    return datetime.combine((now - kept).astimezone(UTC).date(), time(), UTC)


def movable(
    rows: Iterable[Row], *, through: int, before: datetime, most: int = MOST_EVENTS
) -> list[Row]:
    """Return the first rows of a stream that may be moved now: as many as a segment takes.

    Args:
        rows: what follows the last segment, in order; read no further than needed.
        through: the last position that may be moved.
        before: the instant at or after which nothing is moved.
        most: how many events a segment has at most.
    """
    taken: list[Row] = []
    size = 0
    for row in rows:
        size += len(row.content)
        is_full = len(taken) == most or (taken and size > MOST_BYTES)
        if is_full or row.seq > through or row.at >= to_ms(before):
            break
        taken.append(row)
    return taken


def written(rows: Iterable[Row]) -> bytes:
    """Return the object of these rows."""
    return b"".join(map(_line, rows))


def read(body: bytes) -> list[Row]:
    """Return the rows of an object, up to the first line that is none."""
    rows: list[Row] = []
    for fields in _parsed(body.splitlines()):
        row = _row(fields)
        if row is None:
            break
        rows.append(row)
    return rows


def describe(
    stream: str, rows: Sequence[Row], before: Tombstone | None, *, at: str, key: str
) -> Tombstone:
    """Return the tombstone of rows that follow those of another.

    Args:
        stream: where they stand.
        rows: the whole segment.
        before: the tombstone before it.
        at: now, as RFC 3339.
        key: the fingerprint of the key that will sign it.
    """
    body, days = written(rows), counted(rows)
    digest = hashlib.sha256(body).hexdigest()
    first, last = rows[0], rows[-1]
    return Tombstone(
        first=first.seq,
        last=last.seq,
        before=first.previous,
        link=last.link,
        root=root(stream, first.seq, [row.link for row in rows]),
        object=name(stream, first.seq, last, digest),
        sha256=digest,
        bytes=len(body),
        days=days,
        latest=max([*days, before.latest if before else ""]),
        at=at,
        key=key,
    )


def name(stream: str, first: int, last: Row, digest: str) -> str:
    """Return the name of an object."""
    owner, _, rest = stream.partition("#")
    number = rest.rpartition("#")[2]
    places = f"{first:0{_DIGITS}}-{last.seq:0{_DIGITS}}"
    return f"{PREFIX}{owner}/{number}/{places}-{last.link}-{digest[:_DIGEST_DIGITS]}.ndjson"


def counted(rows: Iterable[Row]) -> Days:
    """Return how many events of each kind happened on each day."""
    days: dict[str, Counter[str]] = {}
    for row in rows:
        days.setdefault(day_of(from_ms(row.at)), Counter())[row.kind] += 1
    return {day: dict(kinds) for day, kinds in days.items()}


def day_of(instant: datetime) -> str:
    """Return the day of an instant, in UTC."""
    return instant.astimezone(UTC).date().isoformat()


def _line(row: Row) -> bytes:
    # What is absent is left out: a row can get columns, and old segments stay as they are.
    kept = {field: value for field, value in row._asdict().items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _parsed(lines: Sequence[bytes]) -> Iterator[Any]:
    try:
        # As one text they are read in half the time.
        yield from json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                return


def _row(fields: Any) -> Row | None:
    try:
        row = Row(**fields)
    except TypeError:
        return None
    is_placed = type(row.seq) is type(row.at) is int
    texts = (row.content, row.previous, row.link, row.event_id, row.kind)
    is_sound = is_placed and set(map(type, texts)) == {str}
    return row if is_sound and isinstance(row.payload_sha256, str | None) else None
