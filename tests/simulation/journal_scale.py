"""A journal that grows: what an append, a page and a look cost, however much there is.

What is measured is done by the stores. The events in between are put into the table as the store
would put them, which the seals and the verification over all of them confirm.

It is counted by DynamoDB's billing rules. The time that a verification takes is that of this
machine, and means something only beside another one taken in the same run.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from chalicelib.clock import rfc3339, to_ms
from chalicelib.journal.chain import Head, link
from chalicelib.journal.event import STREAMS, audit_stream, stream_of
from chalicelib.journal.query import Query
from chalicelib.journal.verify import Progress, Verifier
from chalicelib.settings import resource
from tests.bench.simulated import Rooms, rooms

_PAGE = 50
_SEALS = 10
_SECOND = timedelta(seconds=1)
# Of what is put here, this is the canonical form (RFC 8785).
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Cost(NamedTuple):
    """What something cost: requests, write units and read units."""

    requests: int
    writes: float
    reads: float

    def each(self, number: int) -> "Cost":
        """Return the cost of one of so many."""
        return Cost(*(round(part / number, 4) for part in self))  # type: ignore[arg-type]


class Verified(NamedTuple):
    """What a verification cost, by the event.

    Attributes:
        microseconds: of one core.
    """

    cost: Cost
    microseconds: float


class Size(NamedTuple):
    """What things cost in a journal of so many events."""

    events: int
    append: Cost
    head: Cost
    page: Cost
    next_page: Cost
    subject_page: Cost
    seal: Cost
    verified: Verified


def grown(sizes: Sequence[int]) -> Iterator[Size]:
    """Let a journal grow, and yield what things cost as it has each of the sizes."""
    with rooms() as made:
        journal = _Growing(made)
        for size in sizes:
            before = journal.number
            for part in range(1, _SEALS + 1):
                journal.grow(before + (size - before) * part // _SEALS)
                made.sealer.run()
            yield journal.measured()


class _Growing:
    """A journal of one owner whose streams are as busy as each other."""

    def __init__(self, made: Rooms) -> None:
        self.number = 0
        self._made = made
        self._table = made.cloud.dynamo.tables[resource("journal")]
        names = [f"subject-{number}" for number in range(1_000)]
        self._subjects = [
            next(name for name in names if stream_of(name) == stream) for stream in range(STREAMS)
        ]

    def grow(self, size: int) -> None:
        """Let there be so many events: the first one of each stream is appended, the rest put."""
        while self.number < min(size, STREAMS):
            self._append()
        journal = self._made.journal
        ends = [journal.head(audit_stream("main", stream)) for stream in range(STREAMS)]
        while self.number < size:
            stream = self.number % STREAMS
            ends[stream] = self._put(stream, ends[stream])
        journal._heads.clear()  # As in a container that comes back after others have written.
        self._table.last = None

    def _put(self, stream: int, end: Head) -> Head:
        self._pass()
        subject, name = self._subjects[stream], self._name()
        content = _CANONICAL.encode(
            {
                "actor": "system:bench",
                "at": rfc3339(self._made.cloud.instant),
                "details": {"name": name},
                "id": name,
                "kind": "bench.happened",
                "subject": subject,
            }
        )
        chain = audit_stream("main", stream)
        head = Head(end.seq + 1, link(chain, str(end.seq + 1), end.link, content))
        texts = {"pk": chain, "event_id": name, "kind": "bench.happened", "content": content}
        texts |= {"previous": end.link, "link": head.link}
        numbers = {"sk": head.seq, "at": to_ms(self._made.cloud.instant)}
        row = self._table.schema.row(
            {name: {"S": text} for name, text in texts.items()}
            | {name: {"N": str(number)} for name, number in numbers.items()}
        )
        self._table.commit(row.key, row, 0, self._made.cloud.instant)
        return head

    def measured(self) -> Size:
        """Return what things cost now."""
        search, size = self._made.search, self.number
        for _ in range(STREAMS):
            self._append()  # A container reads each head once.
        first = search.search("main", Query(), None, _PAGE)
        of_one = Query(subject=self._subjects[0])
        return Size(
            events=size,
            append=self._cost(self._append),
            head=self._cost(lambda: self._made.journal.head(audit_stream("main", 0))),
            page=self._cost(lambda: search.search("main", Query(), None, _PAGE)),
            next_page=self._cost(lambda: search.search("main", Query(), first.next, _PAGE)),
            subject_page=self._cost(lambda: search.search("main", of_one, None, _PAGE)),
            seal=self._cost(self._made.sealer.run),
            verified=self._verified(),
        )

    def _append(self) -> None:
        subject = self._subjects[self.number % STREAMS]
        self._pass()
        self._made.append(self._name(), subject)

    def _name(self) -> str:
        # As long for the first as for the last: a page of them has as many bytes.
        return f"event-{self.number:09}"

    def _pass(self) -> None:
        self._made.cloud.instant += _SECOND
        self.number += 1

    def _verified(self) -> Verified:
        progress, verify = Progress(), self._made.verify
        verifier = Verifier("main", verify._reading("main"), verify.signatures.valid, progress)
        begun = time.process_time()
        cost = self._cost(verifier.advance)
        took = time.process_time() - begun
        if progress.troubles or progress.events != self.number:
            raise RuntimeError(f"{progress.events} events verified: {progress.troubles[:1]}")
        return Verified(cost.each(progress.events), round(took / progress.events * 1e6, 1))

    def _cost(self, do: Callable[[], object]) -> Cost:
        with self._made.counted() as units:
            do()
        writes, reads = units.writes.total(), sum(units.reads.values())
        return Cost(units.calls.total(), writes, reads)
