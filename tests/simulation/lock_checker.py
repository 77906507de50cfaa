"""What must hold of jobs' locks under each concurrency policy.

The checker keeps who held and who waited at each moment, from what was committed, and holds against
it what a slot was closed with: a worker decides by what it has read, so one moment since its claim
must bear it out.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.faults import Fault
from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

_TERMINAL = {"succeeded", "failed", "unknown", "cancelled", "expired", "closed"}
_MOST_MOMENTS = 500
_AT_ONCE = timedelta(seconds=45)
_KEPT = "I5 a live holder keeps its lock"


class Moment(NamedTuple):
    """Who was live and held a job's lock, and who waited for it; "" for nobody."""

    number: int
    holder: str
    waiter: str
    policy: str


class LockChecker:
    """Watches the locks of one schedule.

    Attributes:
        number: of the last write; each that was committed has one.
    """

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.number = 0
        self.moments: dict[str, deque[Moment]] = defaultdict(lambda: deque(maxlen=_MOST_MOMENTS))
        self.claims: dict[tuple[str, str], int] = {}
        self.handed: dict[tuple[str, str], datetime] = {}
        self.replaced: tuple[str, str] | None = None

    def begin(self) -> None:
        """Note the locks that there are already."""
        for hot in self._hot_rows():
            self._note(text(hot, "pk"))

    def committed(self, name: str, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a write of a table, after everybody else."""
        self.number += 1
        yield from self._in_one_transaction(name, new)
        if new is None or name not in {"jobs", "work"}:
            return
        if name == "jobs" and text(new, "sk") == "hot" and old is not None:
            yield from self._locked(old, new)
        if name == "work" and text(new, "kind") == "firing" and old is not None:
            yield from self._moved(old, new)
        self._note(text(new, "pk"))

    def at_rest(self) -> Iterator[Broken]:
        """Judge the locks after everything had the time to end."""
        for hot in self._hot_rows():
            if self._is_live(text(hot, "pk"), text(hot, "pending")):
                yield "I6 nobody waits for ever", key(hot)

    # The lock.

    def _locked(self, old: Item, new: Item) -> Iterator[Broken]:
        pk, now, waits = text(new, "pk"), text(new, "active"), text(new, "pending")
        if waits and not now:
            yield "I6 nobody waits for a free lock", key(new)
        if waits and waits == now:
            yield "I6 nobody waits for itself", key(new)
        before = text(old, "pending")
        if waits and waits != before and "queue_one" not in self._policies_for(pk, waits):
            yield "P1 a job's policy decides", f"{key(new)} {waits} waits"
        if waits != before != now and self._is_live(pk, before):
            yield "I5 one waits", f"{key(new)} {before} -> {waits}"
        if now != text(old, "active"):
            yield from self._passed(old, new)
        elif number(new, "active_token"):
            yield from self._told(pk, now)

    def _passed(self, old: Item, new: Item) -> Iterator[Broken]:
        pk, was, now = text(new, "pk"), text(old, "active"), text(new, "active")
        what = f"{pk}: {was} -> {now}"
        holder = self._row(pk, was)
        if self._is_live(pk, was) and number(holder, "token") == number(old, "active_token"):
            yield _KEPT, what
        if was and now and number(new, "active_token"):
            yield from self._took_over(holder, new, what)
        elif was and now and now != text(old, "pending"):
            yield "I5 the waiter inherits", what
        elif was and now and text(self._row(pk, now), "state") in {"queued", "running"}:
            self.handed[pk, now] = self.checker.world.now

    def _took_over(self, holder: Item, new: Item, what: str) -> Iterator[Broken]:
        mine = self._row(text(new, "pk"), text(new, "active"))
        if text(holder, "reason") != "replaced":
            yield _KEPT, what
        if text(mine, "sk") < text(holder, "sk"):
            yield "I5 only newer slots replace", what
        if text(mine, "state") != "running" or number(mine, "token") != number(new, "active_token"):
            yield "I4 who replaces holds its own task", what
        if self._policy(text(new, "pk")) != "replace":
            yield "P1 a job's policy decides", what

    def _told(self, pk: str, heir: str) -> Iterator[Broken]:
        """Judge how long who inherited a lock has waited for a message, if nothing went wrong."""
        handed, world = self.handed.pop((pk, heir), None), self.checker.world
        is_disturbed = any(kind in world.applied for kind in [*Fault, "frozen"])
        if handed is None or world.is_skewed or is_disturbed:
            return
        if world.now - handed > _AT_ONCE:
            yield "Q3 who inherits a lock is told at once", f"{pk}/{heir} {world.now - handed}"

    # The slots.

    def _moved(self, old: Item, new: Item) -> Iterator[Broken]:
        place, state = (text(new, "pk"), text(new, "sk")), text(new, "state")
        if state == "running" and number(new, "token") != number(old, "token"):
            self.claims[place] = self.number
        if state in _TERMINAL or state == "paused":
            self.handed.pop(place, None)
        if state == "cancelled" != text(old, "state") and text(new, "reason") == "replaced":
            self.replaced = place
        if state == "closed" != text(old, "state"):
            yield from self._closed(new)

    def _closed(self, new: Item) -> Iterator[Broken]:
        sk, outcome, reason = text(new, "sk"), text(new, "outcome"), text(new, "reason")
        moments = list(self._since_claim(new))
        policies = {moment.policy for moment in moments}
        holders = {moment.holder for moment in moments} - {"", sk}
        waiters = {moment.waiter for moment in moments} - {"", sk}
        decided = {
            "overlap": "forbid" in policies and bool(holders),
            "newer running": "replace" in policies and any(each > sk for each in holders),
        }
        what = f"{key(new)} {outcome} {reason}"
        if outcome == "queue_full" and not waiters:
            yield "I5 queue_full is true", what
        if not decided.get(reason, outcome != "queue_full" or "queue_one" in policies):
            yield "P1 a job's policy decides", what

    def _policies_for(self, pk: str, sk: str) -> set[str]:
        """Return the policies that a job has had since a row's claim."""
        return {moment.policy for moment in self._since_claim(self._row(pk, sk))}

    def _since_claim(self, row: Item) -> Iterator[Moment]:
        """Yield the moments since a row's claim, and the last one before it."""
        claimed = self.claims.get((text(row, "pk"), text(row, "sk")), 0)
        before: Moment | None = None
        for moment in self.moments[text(row, "pk")]:
            if moment.number >= claimed:
                if before is not None:
                    yield before
                    before = None
                yield moment
            else:
                before = moment
        if before is not None:
            yield before

    def _in_one_transaction(self, name: str, new: Item | None) -> Iterator[Broken]:
        """Judge whether the write behind a slot's replacement gives its lock to who replaced it."""
        place, self.replaced = self.replaced, None
        if place is None:
            return
        is_lock = name == "jobs" and new is not None and text(new, "pk") == place[0]
        if not is_lock or text(new or {}, "active") in {"", place[1]}:
            yield "I5 who is replaced has a successor", "/".join(place)

    # What there is.

    def _note(self, pk: str) -> None:
        hot = next((each for each in self._hot_rows() if text(each, "pk") == pk), None)
        if hot is None:
            return
        named = (text(hot, "active"), text(hot, "pending"))
        holder, waiter = (sk if self._is_live(pk, sk) else "" for sk in named)
        self.moments[pk].append(Moment(self.number, holder, waiter, self._policy(pk)))

    def _is_live(self, pk: str, sk: str) -> bool:
        return text(self._row(pk, sk), "state") not in {"", *_TERMINAL}

    def _row(self, pk: str, sk: str) -> Item:
        return self.checker.rows.get((pk, sk), {})

    def _policy(self, pk: str) -> str:
        rows = self.checker._table("jobs")
        definition = (each for each in rows if text(each, "pk") == pk and text(each, "sk") == "def")
        return text(next(definition, {}), "concurrency") or "forbid"

    def _hot_rows(self) -> Iterator[Item]:
        return (each for each in self.checker._table("jobs") if text(each, "sk") == "hot")
