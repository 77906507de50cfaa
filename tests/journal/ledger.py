"""A journal in memory: events, seals and copies as the stores would hold them, to be spoilt."""

import base64
import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from chalicelib.clock import rfc3339, to_ms
from chalicelib.journal.chain import Head, genesis, link
from chalicelib.journal.event import STREAMS, Event, audit_stream
from chalicelib.journal.personal import KeyState, PersonalSealer
from chalicelib.journal.retention import tombstone
from chalicelib.journal.retention.segment import describe, read, written
from chalicelib.journal.retention.tombstone import SignedTombstone
from chalicelib.journal.seal import Seal, SignedSeal, message, place
from chalicelib.journal.seals.signing import FileSigner, Signatures, fingerprint
from chalicelib.journal.verify import Archived, Progress, Row, Verifier

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OWNER = "main"


@dataclass
class Ledger:
    """Everything that a verification reads."""

    signer: FileSigner
    rows_of: dict[str, list[Row]] = field(default_factory=dict)
    signed: list[SignedSeal] = field(default_factory=list)
    copied: list[tuple[int, str]] = field(default_factory=list)
    payloads: dict[str, bytes] = field(default_factory=dict)
    runs: dict[str, str | None] = field(default_factory=dict)
    buried: dict[str, list[SignedTombstone]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    keys: dict[str, KeyState] = field(default_factory=dict)
    now: datetime = NOON
    number: int = 0

    def copy(self) -> "Ledger":
        other = copy(self)
        other.rows_of = {stream: list(rows) for stream, rows in self.rows_of.items()}
        other.signed, other.copied = list(self.signed), list(self.copied)
        other.payloads, other.runs = dict(self.payloads), dict(self.runs)
        other.buried = {stream: list(each) for stream, each in self.buried.items()}
        other.objects = dict(self.objects)
        return other

    # What happens.

    def append(self, chance: random.Random, owner: str = OWNER) -> Row:
        self.number += 1
        event = Event(
            id=f"event-{self.number}",
            owner=owner,
            kind="test.happened",
            actor="token:test",
            subject=f"S{chance.randrange(40)}",
            at=self.now + timedelta(milliseconds=self.number),
            details={"number": self.number, "chance": chance.random()},
        )
        return self.put(event)

    def put(self, event: Event, sealer: PersonalSealer | None = None) -> Row:
        rows = self.rows_of.setdefault(event.stream, [])
        head = self.head(event.stream)
        content = event.content(sealer)
        row = Row(
            head.seq + 1,
            event.id,
            event.kind,
            to_ms(event.at),
            content,
            head.link,
            link(event.stream, str(head.seq + 1), head.link, content),
        )
        rows.append(row)
        return row

    def seal(self) -> SignedSeal:
        self.now += timedelta(minutes=5)
        before = self.signed[-1] if self.signed else None
        seal = Seal(
            at=self.now,
            heads={stream: self.head(stream) for stream, rows in self.rows_of.items() if rows},
            previous_signature=before.signature if before else "",
            key=fingerprint(self.signer.public_key()),
        )
        made = signed(self.signer, seal.content(), before)
        self.signed.append(made)
        self.copied.append((made.seq, made.link))
        return made

    def move(self, stream: str, number: int) -> None:
        """Move the first events of a stream in the table to S3."""
        rows = self.rows_of[stream][:number]
        there = self.buried.setdefault(stream, [])
        last = there[-1] if there else None
        said = describe(
            stream,
            rows,
            last.tombstone() if last else None,
            at=rfc3339(self.now),
            key=fingerprint(self.signer.public_key()),
        )
        previous, its_link = tombstone.place(stream, said.first, said.content(), last)
        signature = self.signer.sign(tombstone.message(its_link))
        there.append(
            SignedTombstone(
                first=said.first,
                content=said.content(),
                previous=previous,
                link=its_link,
                signature=base64.b64encode(signature).decode(),
            )
        )
        self.objects[said.object] = written(rows)
        del self.rows_of[stream][:number]

    def head(self, stream: str) -> Head:
        rows = self.rows_of.get(stream)
        return Head(rows[-1].seq, rows[-1].link) if rows else Head(0, genesis(stream))

    # What a verification reads.

    def rows(self, stream: str, after: int) -> Iterator[Row]:
        found = sorted(self.rows_of.get(stream, ()), key=lambda row: row.seq)
        return (row for row in found if row.seq > after)

    def segments(self, stream: str, after: int) -> Iterator[Archived]:
        for signed in self.buried.get(stream, ()):
            said = signed.tombstone()
            if said.last <= after:
                continue
            body = self.objects.get(said.object)
            is_same = body is not None and hashlib.sha256(body).hexdigest() == said.sha256
            left = [row for row in self.rows(stream, said.first - 1) if row.seq <= said.last]
            yield Archived(
                signed,
                stream,
                said,
                None if body is None else read(body),
                is_as_signed=is_same,
                left=tuple(left),
            )

    def seals(self, after: int) -> Iterator[SignedSeal]:
        return (seal for seal in self.signed if seal.seq > after)

    def copies(self, after: int) -> Iterator[tuple[int, str]]:
        return (each for each in sorted(self.copied) if each[0] > after)

    def payload(self, sha256: str) -> bytes | None:
        return self.payloads.get(sha256)

    def key(self, subject: str, key: str | None = None) -> KeyState:  # noqa: ARG002 - by subject
        return self.keys.get(subject, KeyState.MISSING)

    def run(self, finished: Mapping[str, Any]) -> str | None:
        return self.runs.get(finished["details"]["run_id"], "")

    def verified(self, effort: float = float("inf")) -> Progress:
        """Verify it, in one go or in small steps, each in a new process."""
        progress = Progress()
        while not progress.is_complete:
            Verifier(OWNER, self, _signatures(self.signer).valid, progress).advance(effort)
        return progress


@cache
def _signatures(signer: FileSigner) -> Signatures:
    return Signatures(signer)


def signed(signer: FileSigner, content: str, before: SignedSeal | None) -> SignedSeal:
    """Sign a seal, whatever it says."""
    seq, previous, its_link = place(content, before)
    signature = base64.b64encode(signer.sign(message(its_link))).decode()
    return SignedSeal(
        seq=seq, content=content, previous=previous, link=its_link, signature=signature
    )


def a_ledger(signer: FileSigner, seed: int, seals: int = 8, events: int = 24) -> Ledger:
    """Return a journal of two owners, with seals after every few events, and some unsealed."""
    return _a_ledger(signer, seed, seals, events).copy()


@cache
def _a_ledger(signer: FileSigner, seed: int, seals: int, events: int) -> Ledger:
    chance, ledger = random.Random(seed), Ledger(signer)
    for number in range(seals + 1):
        for _ in range(chance.randint(events // 2, events)):
            ledger.append(chance, OWNER if chance.random() < 0.9 else "other")
        if number < seals:
            ledger.seal()
    return ledger


# Attacks: each returns the stream and the first position that is not as it was.


def changed(row: Row, chance: random.Random) -> Row:
    content = json.loads(row.content)
    content["details"]["chance"] = chance.random()
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return row._replace(content=text)


def relinked(stream: str, row: Row, previous: str | None = None) -> Row:
    behind = row.previous if previous is None else previous
    return row._replace(previous=behind, link=link(stream, str(row.seq), behind, row.content))


def victim(ledger: Ledger, chance: random.Random, fewest: int = 1) -> tuple[str, int]:
    """Return a stream of the owner, and the position of an event in it that is sealed."""
    sealed = ledger.signed[-1].heads
    streams = [audit_stream(OWNER, number) for number in range(STREAMS)]
    some = [stream for stream in streams if stream in sealed and sealed[stream].seq >= fewest]
    stream = chance.choice(some)
    return stream, chance.randint(1, sealed[stream].seq)


def edit(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance)
    rows = ledger.rows_of[stream]
    rows[seq - 1] = changed(rows[seq - 1], chance)
    if chance.random() < 0.5:
        rows[seq - 1] = relinked(stream, rows[seq - 1])
    return stream, seq


def delete(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance)
    del ledger.rows_of[stream][seq - 1]
    return stream, seq


def insert(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance)
    rows = ledger.rows_of[stream]
    forged = changed(rows[seq - 1], chance)
    if chance.random() < 0.5:
        forged = relinked(stream, forged)
    rows[seq - 1 :] = [forged, *(row._replace(seq=row.seq + 1) for row in rows[seq - 1 :])]
    return stream, seq


def swap(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance, fewest=2)
    rows = ledger.rows_of[stream]
    other = chance.choice([each.seq for each in rows if each.seq != seq])
    one, two = rows[seq - 1], rows[other - 1]
    rows[seq - 1], rows[other - 1] = two._replace(seq=seq), one._replace(seq=other)
    return stream, min(seq, other)


def rechain(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance)
    rows = ledger.rows_of[stream]
    rows[seq - 1] = changed(rows[seq - 1], chance)
    previous = rows[seq - 2].link if seq > 1 else genesis(stream)
    for number in range(seq - 1, len(rows)):
        rows[number] = relinked(stream, rows[number], previous)
        previous = rows[number].link
    return stream, seq


def tail_cut(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance)
    del ledger.rows_of[stream][seq - 1 :]
    return stream, seq


def move(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    stream, seq = victim(ledger, chance)
    others = [each for each in ledger.rows_of if each != stream]
    to = chance.choice(others)
    moved = ledger.rows_of[stream].pop(seq - 1)
    head = ledger.head(to)
    moved = moved._replace(seq=head.seq + 1)
    ledger.rows_of[to].append(relinked(to, moved, head.link) if chance.random() < 0.5 else moved)
    return stream, seq


def roll_back(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    """Set the whole table back to how it was at a seal; in half of all cases, life goes on."""
    to = chance.randrange(len(ledger.signed))
    heads = ledger.signed[to - 1].heads if to else {}
    for stream, rows in ledger.rows_of.items():
        del rows[heads[stream].seq if stream in heads else 0 :]
    del ledger.signed[to:]
    if chance.random() < 0.5:
        for _ in range(chance.randint(1, 12)):
            ledger.append(chance)
            ledger.seal()
    return "system#seals", to + 1


ATTACKS = (edit, delete, insert, swap, rechain, tail_cut, move, roll_back)


# What was moved.


def a_moved_ledger(signer: FileSigner, seed: int) -> Ledger:
    """Return a journal of which the first events of each stream were moved, in small segments."""
    return _a_moved_ledger(signer, seed).copy()


@cache
def _a_moved_ledger(signer: FileSigner, seed: int) -> Ledger:
    ledger, chance = a_ledger(signer, seed), random.Random(seed)
    for stream, head in ledger.signed[-2].heads.items():
        left = head.seq - 1
        while left > 0 and chance.random() < 0.9:
            number = min(left, chance.randint(1, 6))
            ledger.move(stream, number)
            left -= number
    return ledger


def unmoved(ledger: Ledger) -> dict[str, list[tuple[SignedTombstone, list[Row]]]]:
    """Bring what was moved back among the other rows, and return the segments as they were."""
    kept: dict[str, list[tuple[SignedTombstone, list[Row]]]] = {}
    for stream, all_signed in ledger.buried.items():
        segments = [(each, read(ledger.objects[each.tombstone().object])) for each in all_signed]
        kept[stream] = segments
        rows = [row for _, some in segments for row in some]
        ledger.rows_of[stream] = [*rows, *ledger.rows_of[stream]]
    return kept


def moved_again(ledger: Ledger, kept: dict[str, list[tuple[SignedTombstone, list[Row]]]]) -> None:
    """Put what stands at the places of the old segments into their objects, whatever it is now.

    The tombstones stay as they are: nobody but the sealer can sign others.
    """
    for stream, segments in kept.items():
        rows = ledger.rows_of[stream]
        for signed, _ in segments:
            said = signed.tombstone()
            inside = [row for row in rows if said.first <= row.seq <= said.last]
            ledger.objects[said.object] = written(inside)
        last = segments[-1][0].tombstone().last if segments else 0
        ledger.rows_of[stream] = [row for row in rows if row.seq > last]
