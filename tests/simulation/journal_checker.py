"""What must hold of the journal: its streams, its seals and their copies, and what is read of it.

It sees raw items and objects, and hashes what it sees by itself. A flow of the journal says what it
appended, asked for and was answered; the rest is judged by what was committed.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.simulation.items import Item, key, number, text
from tests.simulation.retention_checker import SEGMENTS

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

SEALS = "system#seals"
# Attacks that show where streams end; a sealer looks no further.
SEEN_BY_SEALERS = frozenset({"rechained", "cut", "forged", "set-back"})
_LATE_SECONDS = 15 * 60
_APPEND_ONLY = "J1 the journal is append-only"
_ONE_CHAIN = "S1 seals form one chain"
_COPIED = "S4 a seal is copied before the next"
_LATE = "S6 late seals are one incident, and over with the next seal"


class JournalChecker:
    """Watches the journal of one schedule.

    Attributes:
        begun: of each process that seals, where the streams ended when it began.
    """

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.begun: dict[object, dict[str, int]] = {}

    # What flows say.

    def sealing(self) -> None:
        """Note that the process under way begins to seal."""
        self.begun[self.checker.world.process] = self.ends()

    # What happens.

    def written(self, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a write of an event or a seal."""
        if self._is_attacked:
            return
        if old is not None or new is None:
            yield _APPEND_ONLY, key(old or new or {})
            return
        stream, seq = text(new, "pk"), number(new, "sk")
        before = self._row(stream, seq - 1)
        if seq > 1 and not (before and before["link"] == new["previous"]):
            yield "J2 no gap and no fork", key(new)
        if text(new, "link") != _link(stream, seq, text(new, "previous"), text(new, "content")):
            yield "J7 a link is that of content and place", key(new)
        if "payload_sha256" in new and not self._is_kept(new):
            yield "P1 a large event stands before its row", key(new)
        if stream == SEALS:
            yield from self._sealed(before, new)
        elif seq == 1 and not self._is_registered(stream):
            yield "J8 a stream is registered with its first event", key(new)

    def verified(self, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a write of how far a verification has come."""
        if old is not None and number(new or {}, "token") < number(old, "token"):
            yield "V3 who lost a verification does not write it", key(old)

    def _sealed(self, before: Item | None, new: Item) -> Iterator[Broken]:
        seal, earlier = _content(new), _content(before) if before else None
        if seal["previous_signature"] != (text(before, "signature") if before else ""):
            yield _ONE_CHAIN, f"{key(new)}: its signature of the one before"
        if earlier and seal["at"] < earlier["at"]:
            yield _ONE_CHAIN, f"{key(new)}: it is older than the one before"
        yield from self._heads(earlier, seal, key(new))
        if before and earlier:
            if not self._copy(before):
                yield _COPIED, key(before)
            if _seconds(seal["at"]) - _seconds(earlier["at"]) > _LATE_SECONDS:
                yield from self._told_late(earlier["at"])

    def _heads(
        self, earlier: Mapping[str, Any] | None, seal: Mapping[str, Any], name: str
    ) -> Iterator[Broken]:
        for stream, (seq, link) in (earlier["heads"] if earlier else {}).items():
            now = seal["heads"].get(stream, (0, ""))
            if now[0] < seq or (now[0] == seq and now[1] != link):
                yield "S2 a seal vouches for what stands, and goes on", f"{name}: {stream}"
        for stream, (seq, link) in seal["heads"].items():
            row = self._row(stream, seq)
            if row is None or text(row, "link") != link:
                yield "S2 a seal vouches for what stands, and goes on", f"{name}: {stream}"
        for stream, seq in self.begun.get(self.checker.world.process, {}).items():
            if stream != SEALS and seal["heads"].get(stream, (0, ""))[0] < seq:
                yield "S3 a seal leaves out nothing that stood before", f"{name}: {stream}"

    # What is left in the end.

    def at_rest(self) -> Iterator[Broken]:
        """Judge the journal after everything had the time to end."""
        ids = Counter(text(row, "event_id") for row in self._rows())
        acknowledged = self.checker.world.memo.get("acknowledged", ())
        for name in () if self._is_attacked else acknowledged:
            if not ids[name]:
                yield "J9 what was acknowledged is there", name
            if ids[name] > 1:
                yield "J10 an event stands once", name
        for stream in self.ends():
            if stream != SEALS and not self._is_registered(stream):
                yield "J8 a stream is registered with its first event", stream
        yield from self._seals_at_rest()
        for row in self._table("incidents"):
            name = text(row, "dedupe_key")
            if name.startswith(("broken:", "verify:")) and not self._is_attacked:
                yield "V4 no false alarm", text(row, "summary")

    def _seals_at_rest(self) -> Iterator[Broken]:
        rows = sorted(
            (row for row in self._table("journal") if text(row, "pk") == SEALS),
            key=lambda row: number(row, "sk"),
        )
        if self._is_attacked:
            return
        for row in rows[:-1]:
            if not self._copy(row):
                yield _COPIED, key(row)
        names = {_copy_name(row) for row in rows}
        for name in self.checker.world.objects:
            if name.startswith("seals/") and name not in names:
                yield "S5 a copy is of a seal that stands", name

    def late_at_rest(self) -> Iterator[Broken]:
        """Judge the incident of late seals, right after one came in time."""
        seals = [row for row in self._table("journal") if text(row, "pk") == SEALS]
        ats = sorted({_content(row)["at"] for row in seals})
        late = [
            earlier
            for earlier, later in pairwise(ats)
            # A watch whose clock is ahead, of a sealer whose clock is behind.
            if _seconds(later) - _seconds(earlier) > _LATE_SECONDS - 2 * 300
        ]
        for row in self._table("incidents"):
            if text(row, "dedupe_key") != "seal-late":
                continue
            if "active_at" in row:
                yield _LATE, "it is active"
            if number(row, "seen") > len(late):
                yield _LATE, f"it was seen {number(row, 'seen')} times in {len(late)}"

    def looked(self, now: datetime) -> Iterator[Broken]:
        """Judge a look that saw nothing in the way, at an instant of its own clock."""
        rows = [row for row in self._table("journal") if text(row, "pk") == SEALS]
        last = max((_content(row)["at"] for row in rows), default=None)
        if last and now.timestamp() - _seconds(last) > _LATE_SECONDS:
            yield from self._told_late(last)

    def _told_late(self, since: str) -> Iterator[Broken]:
        told = [row for row in self._table("incidents") if text(row, "dedupe_key") == "seal-late"]
        late = _seconds(since) + _LATE_SECONDS
        if not any(number(row, "last_seen") / 1000 > late for row in told):
            yield "S7 nobody waits for a seal in silence", since

    def attack_at_rest(self) -> Iterator[Broken]:
        """Judge whether the sealer that came after an attack told of what it can see."""
        keys = [text(row, "dedupe_key") for row in self._table("incidents")]
        is_told = any(name.startswith("broken:") for name in keys)
        if self.checker.world.memo["attack"] in SEEN_BY_SEALERS and not is_told:
            yield "V7 a sealer tells what does not go on", self.checker.world.memo["attack"]

    # What was asked for.

    def verification(self, task_id: str, stood: Mapping[str, int]) -> Iterator[Broken]:
        """Judge the verification of a task, by where the streams ended when it was asked for."""
        row = next((row for row in self._table("system") if text(row, "sk") == task_id), None)
        progress = json.loads(text(row or {}, "progress") or "{}")
        if not progress.get("is_complete"):
            yield "V2 a verification comes to its end", task_id
            return
        if bool(progress["number"]) != self._is_attacked:
            name = "V5 what was changed is found" if self._is_attacked else _HONEST
            yield name, str(progress["troubles"])
        if self._is_attacked:
            return
        found = {stream: head[0] for stream, head in progress["found"].items()}
        if progress["events"] != sum(found.values()):
            yield "V6 each event is looked at once", f"{progress['events']} {found}"
        if any(found.get(stream, 0) < seq for stream, seq in stood.items() if stream != SEALS):
            yield "V6 each event is looked at once", f"{found} {stood}"

    def exported(self, task_id: str, stood: Mapping[str, int]) -> Iterator[Broken]:
        """Judge the file of a task, by where the streams ended when it was asked for."""
        file = self.checker.world.objects.get(f"main/exports/{task_id}/journal.ndjson")
        if file is None:
            yield "X2 an export is one chain of lines", "there is none"
            return
        lines = [json.loads(line) for line in file.splitlines()]
        if not _is_one_chain(lines):
            yield "X2 an export is one chain of lines", task_id
        found: dict[str, list[int]] = defaultdict(list)
        for line in lines[1:-1]:
            found[line["stream"]].append(line["seq"])
            row = self._row(line["stream"], line["seq"])
            if row is None or text(row, "content") != line["content"]:
                yield "X1 an export has what stood before it, once", f"{line['seq']} differs"
        for stream, seq in stood.items():
            end = lines[0]["ends"][int(stream[-1])] if stream != SEALS else 0
            if stream != SEALS and (end < seq or found[stream] != list(range(1, end + 1))):
                yield "X1 an export has what stood before it, once", f"{stream} {found[stream]}"

    def searched(
        self, found: list[tuple[str, int]], stood: Mapping[str, int], *, is_over: bool
    ) -> Iterator[Broken]:
        """Judge the pages of a search, by where the streams ended some time before it."""
        if len(set(found)) != len(found):
            yield "F1 a search finds an entry once", str(found)
        for stream, last in stood.items():
            seqs = [seq for of, seq in found if of == stream]
            if is_over and not set(range(1, last + 1)) <= set(seqs):
                yield "F2 a search finds what stood before it", f"{stream} {seqs}"
            if seqs != sorted(seqs, reverse=True):
                yield "F3 a search goes back in time", f"{stream} {seqs}"

    # What there is.

    def ends(self) -> dict[str, int]:
        """Return where each stream ends."""
        ends: dict[str, int] = {}
        for row in self._table("journal"):
            if not text(row, "pk").endswith(SEGMENTS):
                ends[text(row, "pk")] = max(ends.get(text(row, "pk"), 0), number(row, "sk"))
        return ends

    def events(self) -> list[dict[str, Any]]:
        """Return what was written of all events."""
        return [_content(row) for row in self._rows()]

    @property
    def _is_attacked(self) -> bool:
        return "attack" in self.checker.world.memo

    def _rows(self) -> list[Item]:
        rows = self._table("journal")
        return [it for it in rows if not text(it, "pk").endswith((SEALS, SEGMENTS))]

    def _row(self, stream: str, seq: int) -> Item | None:
        table = self.checker.world.dynamo.tables["palyra-local-journal"]
        row = table.get(table.schema.key({"pk": {"S": stream}, "sk": {"N": str(seq)}}))
        return row.item if row else None

    def _is_registered(self, stream: str) -> bool:
        table = self.checker.world.dynamo.tables["palyra-local-system"]
        place = table.schema.key({"pk": {"S": "system#streams"}, "sk": {"S": stream}})
        return table.get(place) is not None

    def _is_kept(self, row: Item) -> bool:
        sha256 = text(row, "payload_sha256")
        body = self.checker.world.objects.get(f"journal/main/{sha256}.json", b"")
        return hashlib.sha256(body).hexdigest() == sha256

    def _copy(self, row: Item) -> bool:
        return _copy_name(row) in self.checker.world.objects

    def _table(self, name: str) -> list[Item]:
        return self.checker._table(name)


_HONEST = "V1 an honest journal verifies"


def _content(row: Item) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text(row, "content"))
    return content


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def _copy_name(row: Item) -> str:
    return f"seals/{number(row, 'sk'):012}/{text(row, 'link')}.json"


def _link(chain: str, seq: int, previous: str, content: str) -> str:
    parts = ["palyra/chain/1", chain, str(seq), previous, content]
    hashed = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return hashlib.sha256(hashed).hexdigest()


def _is_one_chain(lines: list[dict[str, Any]]) -> bool:
    """Return whether each line hashes the one before it, and the last one counts them."""
    chain = lines[0].get("chain", "")
    name = b"".join(len(it).to_bytes(8, "big") + it for it in (b"palyra/chain/1", chain.encode()))
    last = hashlib.sha256(name).hexdigest()
    for at, line in enumerate(lines, 1):
        content = {name: value for name, value in line.items() if name != "hash"}
        written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if line["hash"] != _link(chain, at, last, written):
            return False
        last = line["hash"]
    return bool(lines[-1].get("entries") == len(lines) - 2)
