"""What must hold of missed slots, of what makes up for them, of counted runs and of the gate.

Like the other checkers it sees raw items. When the gate was closed it knows from the writes
themselves, and which process began before one or after.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.items import Item, key, number, text
from tests.simulation.slots import slots

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

_GRACE = 180
_DAY = 24 * 60 * 60
_MOST_CAUGHT_UP = 3
_SEEN_WITHIN = timedelta(seconds=5)
_PATIENT = {"catch_up", "replay", "backfill"}
_REVIEW = "missed too long ago to catch up: an operator decides"
_COLLAPSED = "collapsed into the newest missed slot"
_TERMINAL = {"succeeded", "failed", "unknown", "cancelled", "expired", "closed"}
_FAILED = {"failed", "unknown"}
_DECIDED = {"job.replayed", "job.dismissed", "job.edited", "job.deleted"}

FEW = "M1 no more is caught up than allowed"
PLANNED = "M2 what is missed is planned by its age and number"
WAITS = "M3 what waits for an operator is shown"
ONCE = "M4 a slot of the past is made up for once"
UNTOUCHED = "M5 what has fired is not made up for"
PATIENT = "M6 what makes up for the past is not lost"
LIMIT = "M7 no more runs than allowed"
SETTLED = "M8 a job is completed, or paused, when it must be"
COUNTED = "M9 each run is counted once"
BEGUN = "G1 nothing begins under a closed gate"
HANDED = "G2 nothing is handed over under a closed gate"
PAUSED = "G3 what comes due under the gate is paused"
TOLD = "G4 each change of the gate has its event"
EARLY = "M11 a job that does not fail is not paused for failing"
DECIDED = "M10 what was decided about is not asked again"


class Closure(NamedTuple):
    """When the gate was closed, in the world's time, and the number of the process after that."""

    at: datetime
    number: int


class MisfireChecker:
    """Watches the ledger for what was missed, and the gate."""

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.closed: Closure | None = None
        self.gate = 0
        self.periods: list[tuple[datetime, datetime]] = []
        self.locked: set[tuple[str, str]] = set()
        self.freed: list[tuple[str, str]] = []

    # What happens.

    def gated(self, old: Item | None, new: Item) -> Iterator[Broken]:
        """Judge a write of the gate."""
        world, self.gate = self.checker.world, number(new, "gate_ver")
        if self.gate != number(old or {}, "gate_ver") + 1:
            yield TOLD, f"{self.gate}"
        own = json.loads(text(new, "periods"))
        is_closed = any(periods[-1][1] is None for periods in own.values())
        if is_closed and self.closed is None:
            self.closed = Closure(world.now, world.number)
        elif not is_closed and self.closed is not None:
            self.periods.append((self.closed.at, _opened(own)))
            self.closed = None

    def held(self, old: Item | None, hot: Item) -> None:
        """Note who holds a job's lock: what never did has not run, whatever its row says."""
        before, holder = text(old or {}, "active"), text(hot, "active")
        self.locked.add((text(hot, "pk"), holder))
        if before and before != holder:
            self.freed.append((text(hot, "pk"), before))

    def ledgered(self, row: Item) -> Iterator[Broken]:
        """Judge a new row of a slot."""
        hot = self._hot(row)
        if hot is None:
            return
        is_missed = text(row, "outcome") == "misfired" or text(row, "origin") == "catch_up"
        # What lies before a closed gate is planned apart from what lies behind it.
        if is_missed and not self.gate:
            yield from self._planned(hot, row)
        if text(row, "stands_for"):
            own = self.checker.rows.get((text(row, "pk"), text(row, "stands_for")), {})
            is_open = bool(own) and text(own, "state") not in _TERMINAL
            if text(own, "outcome") == "fired" or is_open:
                yield UNTOUCHED, key(row)
            if text(row, "lane") != "low":
                yield PATIENT, key(row)
        if text(row, "outcome") == "handed" and self._began_closed():
            yield HANDED, key(row)

    def moved(self, old: Item, new: Item) -> Iterator[Broken]:
        """Judge a row that was written."""
        has_begun = text(old, "outcome") != "fired" and text(new, "outcome") == "fired"
        late = self.closed and self.checker.world.now >= self.closed.at + _SEEN_WITHIN
        if has_begun and late and self._began_closed():
            yield BEGUN, key(new)

    def _planned(self, hot: Item, row: Item) -> Iterator[Broken]:
        # A row is planned by the clock of its process when that looked, which is its instant.
        now, slot = number(row, "created_at") // 1000, int(text(row, "sk"))
        last, limit = int(text(row, "last") or slot), now - _GRACE
        missed, catches_up = self._slots(hot, slot, limit), text(hot, "misfire") == "catch_up"
        newest = missed[-1] if missed else 0
        reason, is_old = text(row, "reason"), slot <= now - _DAY
        if text(row, "origin") == "catch_up":
            if len(missed) > _MOST_CAUGHT_UP or is_old or not catches_up or slot > limit:
                yield FEW, f"{key(row)}: {len(missed)} were missed"
        elif not catches_up:
            if (reason, last) != ("missed", newest):
                yield PLANNED, key(row)
        elif is_old:
            old = self._slots(hot, slot, now - _DAY)
            if reason != _REVIEW or last != old[-1]:
                yield PLANNED, key(row)
        elif reason != _COLLAPSED or len(missed) <= _MOST_CAUGHT_UP or last != missed[-2]:
            yield PLANNED, key(row)

    # What is left in the end.

    def at_rest(self) -> Iterator[Broken]:
        """Judge the world after everything had the time to end."""
        rows = [row for row in self._table("journal") if "content" in row]
        events = [json.loads(text(row, "content")) for row in rows]
        told = sum(event.get("kind") in {"gate.closed", "gate.opened"} for event in events)
        if told != self.gate:
            yield TOLD, f"{told} of {self.gate}"
        for hot in self._table("jobs"):
            if text(hot, "sk") == "hot":
                own = [row for row in self._table("work") if row["pk"] == hot["pk"]]
                subject = text(hot, "pk").partition("#")[2]
                mine = [event for event in events if event.get("subject") == subject]
                yield from self._job(hot, [row for row in own if "state" in row], mine)

    def _job(
        self, hot: Item, rows: list[Item], events: list[dict[str, object]]
    ) -> Iterator[Broken]:
        made_up = Counter(text(row, "stands_for") for row in rows if text(row, "stands_for"))
        if any(times > 1 for times in made_up.values()):
            yield ONCE, f"{key(hot)}: {made_up}"
        for row in rows:
            is_lost = text(row, "outcome") in {"skipped", "queue_full"} and "max_runs" not in hot
            if text(row, "origin") in _PATIENT and is_lost:
                yield PATIENT, key(row)
        yield from self._review(hot, rows, {str(event["kind"]) for event in events})
        fired = [row for row in rows if text(row, "outcome") == "fired"]
        ran = [row for row in fired if (text(row, "pk"), text(row, "sk")) in self.locked]
        yield from self._runs(hot, ran)
        yield from self._under_gate(hot, rows)

    def _review(self, hot: Item, rows: list[Item], kinds: set[str]) -> Iterator[Broken]:
        waiting = [row for row in rows if text(row, "reason") == _REVIEW]
        if kinds & _DECIDED or not waiting or text(hot, "state") == "deleted":
            is_decided = kinds & {"job.replayed", "job.dismissed"}
            if is_decided and "review_first" in hot and self.checker.world.memo.get("decides"):
                yield DECIDED, key(hot)
            return
        first = min(int(text(row, "sk")) for row in waiting)
        last = max(int(text(row, "last") or text(row, "sk")) for row in waiting)
        shown = (number(hot, "review_first") // 1000, number(hot, "review_last") // 1000)
        if shown != (first, last):
            yield WAITS, f"{key(hot)}: {shown}, not {(first, last)}"

    def _runs(self, hot: Item, fired: list[Item]) -> Iterator[Broken]:
        ended = [row for row in fired if text(row, "state") in _TERMINAL]
        most, memo = number(hot, "max_runs"), self.checker.world.memo
        if most and len(fired) > most:
            yield LIMIT, f"{key(hot)}: {len(fired)} of {most}"
        if memo.get("counts") and number(hot, "runs") != len(ended):
            yield COUNTED, f"{key(hot)}: {number(hot, 'runs')} of {len(ended)}"
        if memo.get("counts"):
            if most and len(ended) >= most and text(hot, "state") != "completed":
                yield SETTLED, key(hot)
            yield from self._failures(hot, ended)

    def _failures(self, hot: Item, ended: list[Item]) -> Iterator[Broken]:
        in_a_row = most_in_a_row = 0
        # Runs are counted as they let go of the lock, which may be long after their end.
        counted = {place: order for order, place in enumerate(self.freed)}
        for row in sorted(
            ended, key=lambda row: counted.get((text(row, "pk"), text(row, "sk")), len(counted))
        ):
            in_a_row = in_a_row + 1 if text(row, "state") in _FAILED else 0
            most_in_a_row = max(most_in_a_row, in_a_row)
        most = number(hot, "pause_after")
        if most and most_in_a_row >= most and text(hot, "state") == "enabled":
            yield SETTLED, key(hot)
        if text(hot, "hold") == "failures" and most_in_a_row < most:
            yield EARLY, key(hot)

    def _under_gate(self, hot: Item, rows: list[Item]) -> Iterator[Broken]:
        if self.checker.world.is_skewed or "main" not in text(hot, "pk"):
            return
        for closed, opened in self.periods:
            for row in rows:
                slot = datetime.fromtimestamp(int(text(row, "sk")), UTC)
                is_under = not text(row, "origin") and closed + _SEEN_WITHIN < slot <= opened
                if is_under and text(row, "outcome") in {"fired", "misfired"}:
                    yield PAUSED, f"{key(row)} is {text(row, 'outcome')}"

    def _began_closed(self) -> bool:
        """Return whether the process that writes was invoked after the gate was closed."""
        process = self.checker.world.process
        return (
            process is not None and self.closed is not None and process.number >= self.closed.number
        )

    def _slots(self, hot: Item, first: int, last: int) -> list[int]:
        return list(slots(text(hot, "schedule"), first - 1, last))

    def _hot(self, row: Item) -> Item | None:
        hot = (each for each in self._table("jobs") if text(each, "sk") == "hot")
        return next((each for each in hot if each["pk"] == row["pk"]), None)

    def _table(self, name: str) -> list[Item]:
        return self.checker._table(name)


def _opened(periods: dict[str, list[tuple[int, int, str]]]) -> datetime:
    """Return when a gate was opened, by the clock of whoever opened it."""
    return datetime.fromtimestamp(max(own[-1][1] for own in periods.values()) / 1000, UTC)
