"""Planted bugs of retention, each with the invariant that must notice."""

from tests.simulation.planting import Bug, Edit
from tests.simulation.retention_checker import (
    CHAIN,
    COUNTED,
    DELETED,
    FINISHED,
    KEPT,
    OBJECT,
    READ,
    SEALED,
    VERIFIES,
)

BUGS: list[Bug] = []
_MOVER = "chalicelib.journal.retention.mover:Mover."
_JOURNAL = "chalicelib.journal.store:JournalStore."
_SEGMENT = "chalicelib.journal.retention.segment:"
_STORE = "chalicelib.journal.retention.store:TombstoneStore."
_PUT_OBJECT = "self.journal.segments.archive.put(signed.tombstone().object, written(rows))\n"
_PUT_TOMBSTONE = "self.journal.segments.tombstones.put(stream, signed)\n"
FORK = "J2 no gap and no fork"


def bug(
    name: str, what: str, flows: str, invariants: tuple[str, ...], *edits: tuple[str, ...]
) -> None:
    """Enter a bug: where it can show, what notices, and what it makes of the code."""
    made = tuple(Edit(*edit) for edit in edits)
    BUGS.append(Bug(name, what, tuple(flows.split()), invariants, made, LINES.get(name, "")))


LINES: dict[str, str] = {
    "deleted-before-the-tombstone": "moved:0:::",
    "tombstone-before-the-object": "moved:0:::",
    "deleted-whatever-it-is": "moved-and-spoilt:0::13=0:",
    "not-compared-before-it-is-deleted": "moved-and-spoilt:0:10=3::",
    "newest-event-moved": "moved:0:::",
    "moved-without-seals": "moved:0:::",
    "moved-by-one-seal": "moved:0:::",
    "counted-twice": "moved:0:::",
    "tombstone-overwritten": "moved:0:10=4::",
    "moved-from-the-middle": "moved:0:::",
    "left-overs-forgotten": "moved-on:0:89=5::",
    "gap-not-looked-up": "moved:0:::",
    "moved-events-read-twice": "moved:0:15=3::",
    "head-remembered-for-ever": "moved-on:0:::",
    "tombstone-of-another-chain": "moved:0:::",
    "event-left-out": "moved:0:::",
}

bug(
    "deleted-before-the-tombstone",
    "events are deleted once their object stands, and the tombstone is put afterwards",
    "moved",
    (DELETED,),
    (
        f"{_MOVER}_make",
        f"    {_PUT_TOMBSTONE}",
        f"    for row in rows:\n        self.journal.drop(stream, row)\n    {_PUT_TOMBSTONE}",
    ),
)
bug(
    "tombstone-before-the-object",
    "the tombstone is put before the object that it names",
    "moved",
    (OBJECT,),
    (f"{_MOVER}_make", f"    {_PUT_OBJECT}", f"    {_PUT_TOMBSTONE}    {_PUT_OBJECT}"),
)
bug(
    "deleted-whatever-it-is",
    "an event is deleted without asking whether it is still the one that was moved",
    "moved-and-spoilt",
    (DELETED,),
    (f"{_JOURNAL}drop", "same & (JournalRow.previous == row.previous)", "JournalRow.pk.exists()"),
)
bug(
    "not-compared-before-it-is-deleted",
    "an event is deleted by its position, whatever its object says",
    "moved-and-spoilt",
    (DELETED,),
    (f"{_MOVER}_delete_left", "row != moved[row.seq - moved[0].seq]", "False"),
)
bug(
    "newest-event-moved",
    "what is moved ends where the stream was sealed, though that is its last event",
    "moved",
    (SEALED,),
    (f"{_MOVER}_movable", "head.seq - 1", "head.seq"),
    (f"{_MOVER}_movable", "newest[-1].heads", "newest[0].heads"),
)
bug(
    "moved-without-seals",
    "what no seal covers is moved, too",
    "moved moved-and-sealed",
    (SEALED,),
    (f"{_MOVER}_movable", "head.seq - 1", "head.seq + 9"),
)
bug(
    "moved-by-one-seal",
    "what only the newest seal covers is moved",
    "moved",
    (SEALED,),
    (f"{_MOVER}_movable", "newest[-1].heads", "newest[0].heads"),
)
bug(
    "counted-twice",
    "what was moved is counted twice",
    "moved",
    (COUNTED,),
    (f"{_SEGMENT}describe", "counted(rows)", "counted([*rows, *rows])"),
)
bug(
    "tombstone-overwritten",
    "a tombstone is put without asking whether one stands there",
    "moved",
    ("J1 the journal is append-only",),
    (
        f"{_STORE}put",
        "TombstoneRow.pk.does_not_exist()",
        "TombstoneRow.pk.exists() | TombstoneRow.pk.does_not_exist()",
    ),
)
bug(
    "moved-from-the-middle",
    "whoever goes on begins behind the first event that is left",
    "moved",
    (CHAIN, OBJECT),
    (
        f"{_MOVER}_movable_rows",
        "self.journal.live(stream, end.seq)",
        "self.journal.live(stream, end.seq + 1)",
    ),
    (f"{_MOVER}_is_whole", "not (is_next and is_own and agreed(row))", "False"),
)
bug(
    "left-overs-forgotten",
    "what a dead mover left in the table is never deleted",
    "moved-on",
    (FINISHED,),
    (
        f"{_MOVER}_move",
        "self._delete_left(stream, end)",
        "if self._done.segments:\n                self._delete_left(stream, end)",
    ),
)
bug(
    "gap-not-looked-up",
    "a reader that meets a gap does not look for what was moved meanwhile",
    "moved moved-on",
    (READ,),
    (f"{_JOURNAL}rows", "row.seq > after + 1 and", "not after and row.seq > 1 and"),
)
bug(
    "moved-events-read-twice",
    "a reader goes on behind the first moved event, not behind the last",
    "moved moved-on",
    (READ,),
    (f"{_JOURNAL}rows", "moved[-1].seq, True", "moved[0].seq, True"),
)
bug(
    "head-remembered-for-ever",
    "a container remembers where a stream ended for as long as it lives",
    "moved-on",
    (FORK,),
    (f"{_JOURNAL}_head", " or abs(event.at - known.at) > _REMEMBERED", ""),
)
bug(
    "tombstone-of-another-chain",
    "a tombstone does not follow the one before it",
    "moved moved-on",
    (VERIFIES,),
    (
        f"{_MOVER}_signed",
        "place(stream, rows[0].seq, content, last)",
        "place(stream, rows[0].seq, content, None)",
    ),
)
bug(
    "event-left-out",
    "the last event of a segment is deleted with it, and not in it",
    "moved",
    (OBJECT, DELETED, KEPT),
    (f"{_MOVER}_make", "written(rows)", "written(rows[:-1])"),
)
