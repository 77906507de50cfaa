"""Checks of the journal: its newest events, and its seals."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from chalicelib.healing.doctor.check import Look, found
from chalicelib.healing.doctor.rooms import Rooms, seconds
from chalicelib.journal.chain import genesis
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import STREAMS, audit_stream
from chalicelib.journal.retention.segments import ArchiveBroken
from chalicelib.journal.seal import LATE, own_faults
from chalicelib.journal.seals.copies import Copy
from chalicelib.tables import SYSTEM

_NEWEST = 50
# A copy is put behind the seal; a sealer that dies between the two leaves it to the next one.
_COPIED_WITHIN = timedelta(minutes=6)


def chain(rooms: Rooms) -> Look:
    """Hold the newest events of each stream against their hashes."""
    bad, looked_at = [], 0
    for stream in _streams(rooms):
        try:
            newest = rooms.journal.newest(stream, None, _NEWEST)
        except ArchiveBroken as broken:
            bad.append(f"{stream}: {broken.detail}")
            continue
        looked_at += len(newest)
        bad += [f"{stream}: {what}" for what in _faults(newest)]
    return found(bad, f"the newest {looked_at} events are as they were written")


def seals(rooms: Rooms) -> Look:
    """See when the last seal was put, and whether it is good and has its copy."""
    now, last = rooms.clock.now(), rooms.seals.last()
    if last is None:
        is_new = not any(_has_old(rooms, stream) for stream in _streams(rooms))
        told = "nothing was ever sealed"
        return found([] if is_new else [told], f"{told}, and nothing is old enough")
    bad = [f"seal {last.seq}: {what}" for what in own_faults(last, rooms.signatures.valid)]
    age = now - last.at if last.at else None
    if age is not None and age > LATE:
        bad.append(f"the last seal, {last.seq}, is {seconds(age)} old")
    # Copies may come a moment later, and must not be missed for that.
    is_due = age is None or age > _COPIED_WITHIN
    if is_due and Copy(last.seq, last.link) not in set(rooms.copies.since(last.seq)):
        bad.append(f"seal {last.seq} has no copy in S3")
    return found(bad, f"seal {last.seq} was put {seconds(age or LATE)} ago, and is good")


def _streams(rooms: Rooms) -> Iterator[str]:
    owners = (rooms.owner, SYSTEM) if rooms.sees(SYSTEM) else (rooms.owner,)
    for owner in owners:
        for number in range(STREAMS):
            yield audit_stream(owner, number)


def _has_old(rooms: Rooms, stream: str) -> bool:
    first = rooms.journal.following(stream, 0, 1)
    return bool(first) and rooms.clock.now() - first[0].at > LATE


def _faults(newest_first: Sequence[Entry]) -> Iterator[str]:
    for entry in newest_first:
        if not entry.is_whole:
            yield f"event {entry.seq} is not as it was written"
    for later, earlier in pairwise(newest_first):
        if later.seq != earlier.seq + 1 or later.previous != earlier.link:
            yield f"event {later.seq} does not follow the one before it"
    if newest_first and newest_first[-1].seq == 1:
        first = newest_first[-1]
        if first.previous != genesis(first.chain):
            yield "its first event is not the first"
