"""What must hold of what is moved out of the journal: segments, tombstones, and what is deleted."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.errors import PalyraError
from chalicelib.journal.verify import Progress, Verifier
from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

SEGMENTS = "#segments"
_SEALS = "system#seals"
APPEND_ONLY = "J1 the journal is append-only"
OBJECT = "M1 a segment stands before its tombstone"
CHAIN = "M2 tombstones form one chain"
SEALED = "M3 only what two seals cover is moved, and never the last event"
COUNTED = "M4 a tombstone counts each of its events once"
DELETED = "M5 only what a tombstone has is deleted, as it has it"
KEPT = "M6 what was acknowledged is in the table or in a segment"
VERIFIES = "M7 what is left and what was moved verify together"
FINISHED = "M8 what was moved is deleted in the end"
QUIET = "M9 no false alarm"
READ = "M10 a reader finds each event once"


class RetentionChecker:
    """Watches what is moved under one schedule."""

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker

    # What happens.

    def is_about(self, old: Item | None, new: Item | None) -> bool:
        """Return whether a write of the journal is about what is moved."""
        row = new or old or {}
        is_sabotage = old is not None and new is not None and self._is_attacked
        return text(row, "pk").endswith(SEGMENTS) or new is None or is_sabotage

    def written(self, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge the put of a tombstone, or the delete of an event."""
        if new is None:
            yield from self._deleted(old or {})
        elif old is None:
            yield from self._buried(new)
        elif text(new, "pk").endswith(SEGMENTS):
            yield APPEND_ONLY, key(new)

    def _buried(self, new: Item) -> Iterator[Broken]:
        said, stream = _content(new), _stream(new)
        rows = self._object(said)
        if rows is None:
            yield OBJECT, key(new)
            return
        yield from self._stood(new, said, rows)
        before = [each for each in self._tombstones(stream) if each["first"] < said["first"]]
        if said["first"] != number(new, "sk") or said["first"] != 1 + max(
            (each["last"] for each in before), default=0
        ):
            yield CHAIN, key(new)
        if said["last"] > self._sealed_twice(stream) or said["last"] >= self._end(stream):
            yield SEALED, f"{key(new)}: {said['last']}"
        counted: Counter[str] = Counter()
        for day in said["days"].values():
            counted.update(day)
        if counted != Counter(row["kind"] for row in rows):
            yield COUNTED, f"{key(new)}: {dict(counted)}"

    def _stood(
        self, new: Item, said: dict[str, Any], rows: list[dict[str, Any]]
    ) -> Iterator[Broken]:
        """Judge whether a segment has the events that it says, as they stand in the table."""
        stream = _stream(new)
        if [row["seq"] for row in rows] != list(range(said["first"], said["last"] + 1)):
            yield OBJECT, f"{key(new)}: it has other events"
        for row in rows:
            there = self._row(stream, row["seq"])
            if there and not self._is_attacked and text(there, "link") != row["link"]:
                yield OBJECT, f"{key(new)}: event {row['seq']} is another one"

    def _deleted(self, old: Item) -> Iterator[Broken]:
        seq = number(old, "sk")
        for said in self._tombstones(text(old, "pk")):
            if said["first"] <= seq <= said["last"]:
                rows = self._object(said) or []
                same = [row for row in rows if row["seq"] == seq]
                if same and (same[0]["link"], same[0]["content"]) == (
                    text(old, "link"),
                    text(old, "content"),
                ):
                    return
        yield DELETED, key(old)

    def read(self, stream: str, seqs: list[int], stood: int) -> Iterator[Broken]:
        """Judge what a reader found of a stream that ended somewhere before it began."""
        if seqs != list(range(1, len(seqs) + 1)) or len(seqs) < stood:
            yield READ, f"{stream}: {seqs} of {stood}"

    # What is left in the end.

    def at_rest(self) -> Iterator[Broken]:
        """Let what is left be moved, and judge all of it."""
        world = self.checker.world
        if "moved" not in world.memo:
            return
        function = world.functions.second_sweep
        try:
            for _ in range(3):
                world.now += function.mover.every
                function.mover.run()
            progress = Progress()
            reading = function.verifier._reading("main")
            Verifier("main", reading, function.verifier.signatures.valid, progress).advance()
        except PalyraError as error:
            yield VERIFIES, error.detail
            return
        if self._is_attacked:
            return
        for trouble in progress.troubles:
            yield VERIFIES, f"{trouble.stream}: {trouble.what}"
        yield from self._all_at_rest()
        for row in self.checker._table("incidents"):
            if text(row, "dedupe_key").startswith("broken:"):
                yield QUIET, text(row, "summary")

    def _all_at_rest(self) -> Iterator[Broken]:
        there = self._events()
        for stream, row in self._moved({stream for stream, _ in there}):
            if (stream, row["seq"]) in there:
                yield FINISHED, f"{stream} {row['seq']}"
            there[stream, row["seq"]] = row["event_id"]
        ids = Counter(there.values())
        for name in self.checker.world.memo["moved"]:
            if ids[name] != 1:
                yield KEPT, f"{name}: {ids[name]}"
        for stream in {stream for stream, _ in there}:
            seqs = sorted(seq for of, seq in there if of == stream)
            if seqs != list(range(1, len(seqs) + 1)):
                yield KEPT, f"{stream}: {seqs}"

    def _moved(self, streams: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        for stream in streams:
            for said in self._tombstones(stream):
                for row in self._object(said) or []:
                    yield stream, row

    # What there is.

    def _events(self) -> dict[tuple[str, int], str]:
        """Return the ids of the events in the table."""
        return {
            (text(row, "pk"), number(row, "sk")): text(row, "event_id")
            for row in self.checker._table("journal")
            if "#audit#" in text(row, "pk") and not text(row, "pk").endswith(SEGMENTS)
        }

    @property
    def _is_attacked(self) -> bool:
        return "attack" in self.checker.world.memo

    def _tombstones(self, stream: str) -> list[dict[str, Any]]:
        rows = [
            row
            for row in self.checker._table("journal")
            if text(row, "pk") == f"{stream}{SEGMENTS}"
        ]
        return [_content(row) for row in rows]

    def _object(self, said: dict[str, Any]) -> list[dict[str, Any]] | None:
        body = self.checker.world.objects.get(said["object"])
        if body is None or hashlib.sha256(body).hexdigest() != said["sha256"]:
            return None
        return [json.loads(line) for line in body.splitlines()]

    def _row(self, stream: str, seq: int) -> Item | None:
        rows = self.checker._table("journal")
        found = (it for it in rows if text(it, "pk") == stream and number(it, "sk") == seq)
        return next(found, None)

    def _end(self, stream: str) -> int:
        rows = self.checker._table("journal")
        return max((number(it, "sk") for it in rows if text(it, "pk") == stream), default=0)

    def _sealed_twice(self, stream: str) -> int:
        """Return the last position that the seal before the newest covers."""
        rows = [it for it in self.checker._table("journal") if text(it, "pk") == _SEALS]
        rows.sort(key=lambda row: number(row, "sk"))
        heads = _content(rows[-2])["heads"] if len(rows) > 1 else {}
        seq: int = heads.get(stream, (0,))[0]
        return seq


def _content(row: Item) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text(row, "content"))
    return content


def _stream(row: Item) -> str:
    return text(row, "pk").removesuffix(SEGMENTS)
