"""What must hold of jobs that operators change.

The checker keeps its own history of each job's versions, from the hot rows that were committed, and
judges the ledger and the journal by it. It sees raw items, as the checker of tasks does.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.items import Item, key, number, text
from tests.simulation.slots import has, slots

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

# What ticks and workers may change on a hot row.
_NOT_OPERATORS = {
    *("next", "due_shard", "active", "active_token", "pending"),
    *("runs", "failures", "review_first", "review_last"),
}
_CLOSING = {"superseded", "paused"}
_VERBS = {
    *("job.edited", "job.paused", "job.resumed", "job.deleted"),
    *("job.completed", "job.replayed", "job.dismissed"),
}
_REVIEWED = dict.fromkeys(("job.replayed", "job.dismissed"), "job.reviewed")
_FAR = 366 * 24 * 60 * 60
_BY_ONE = "O1 an operator's write raises the version by one"
_GHOST = "I6 no ghost job"
_DUE = "O4 only an enabled job with a next slot is due"


class Version(NamedTuple):
    """A job between two writes of operators; `since` is in milliseconds."""

    ver: int
    since: int
    state: str
    schedule: str
    until: int = 0
    review: int = 0

    @classmethod
    def of(cls, hot: Item) -> "Version":
        """Return the version that a hot row is of."""
        return cls(
            number(hot, "ver"),
            number(hot, "since"),
            text(hot, "state"),
            _schedule(hot),
            number(hot, "until"),
            number(hot, "review_first"),
        )


class JobChecker:
    """Watches the jobs of one schedule.

    Attributes:
        history: of each job the versions, by their numbers.
    """

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.history: dict[str, dict[int, Version]] = defaultdict(dict)

    def begin(self) -> None:
        """Note the jobs that there are already."""
        for hot in self._hot_rows():
            self._note(hot)

    # What happens.

    def written(self, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a write of a job's row."""
        if text(new or old or {}, "sk") == "wake":
            return  # It says when a paused job resumes, and goes with the pause.
        if new is None:
            yield "I6 a deleted job leaves a tombstone", key(old or {})
        elif text(new, "sk") == "hot" and old is None:
            yield from self._made(new)
        elif text(new, "sk") == "hot" and old is not None:
            yield from self._changed(old, new)

    def ledgered(self, row: Item) -> Iterator[Broken]:
        """Judge a new row of a slot."""
        version = self.history[text(row, "pk")].get(number(row, "ver"))
        slot, is_asked_for = int(text(row, "sk")), bool(text(row, "requested_by"))
        if version is not None and is_asked_for == has(version.schedule, slot):
            yield "L3 the schedule's rows have its slots, all others their own", key(row)
        hot = self._hot(row)
        if hot is None or text(row, "outcome") not in _CLOSING or text(row, "state") != "closed":
            return
        last = int(text(row, "last") or slot)
        if text(row, "reason") == "everything was paused":
            return
        if last * 1000 > number(hot, "since"):
            yield "I9 a slot in force is not superseded", f"{key(row)} to {last}"

    def _made(self, new: Item) -> Iterator[Broken]:
        if number(new, "ver") != 1 or text(new, "state") != "enabled" or "schedule" not in new:
            yield _GHOST, key(new)
            return
        self._note(new)
        yield from _shape(new)

    def _changed(self, old: Item, new: Item) -> Iterator[Broken]:
        before, after = number(old, "ver"), number(new, "ver")
        what = f"{key(new)} {before} -> {after}"
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if after == before:
            if _is_of_another_tzdata(old, new):
                changed -= {"schedule"}
            if changed - _NOT_OPERATORS:
                yield _BY_ONE, f"{what}: {sorted(changed)}"
            if "next" in old and "next" in new and number(new, "next") < number(old, "next"):
                yield "T4 a job only moves on", what
        elif after != before + 1 or "op" not in changed:
            yield _BY_ONE, what
        else:
            yield from self._operated(old, new, what)
        self._note(new)
        yield from _shape(new)

    def _operated(self, old: Item, new: Item, what: str) -> Iterator[Broken]:
        was, now = text(old, "state"), text(new, "state")
        if was == "deleted":
            yield "I6 what is deleted stays deleted", what
        is_anew = (
            old["schedule"] != new["schedule"]
            or now in {"deleted", "completed"} - {was}
            or (was != "enabled" == now)
        )
        if not is_anew:
            if any(old.get(name) != new.get(name) for name in ("since", "next")):
                yield "O2 what leaves the schedule as it is moves no slot", what
            return
        since, (earliest, latest) = number(new, "since"), self._clocks()
        before = number(old, "since")
        if self._is_woken(old, new):
            # As of the instant that it was paused until, however late the tick is.
            if since != max(before, number(old, "until")) or since > latest:
                yield "O3 a job that was paused until an instant resumes as of that", what
            earliest = since
        if not max(before, earliest) <= since <= max(before, latest):
            yield "O3 a new schedule, a resume and a delete hold from then on", what
        if "next" in new and number(new, "next") <= since:
            yield "O5 nothing from before a change is next", what

    def _is_woken(self, old: Item, new: Item) -> bool:
        """Return whether a job resumed by itself: no operator asked for what was written."""
        process = self.checker.world.process
        is_resumed = (text(old, "state"), text(new, "state")) == ("paused", "enabled")
        return is_resumed and process is not None and process.name.startswith("tick")

    # What is left in the end.

    def at_rest(self) -> Iterator[Broken]:
        """Judge the jobs after everything had the time to end."""
        events = self.checker.journal.events()
        for hot in self._hot_rows():
            yield from self._job_at_rest(hot, events)

    def _job_at_rest(self, hot: Item, events: list[dict[str, object]]) -> Iterator[Broken]:
        definition = self._definition(hot)
        if definition is None:
            yield _GHOST, key(hot)
        elif (number(definition, "ver") or 1) != number(hot, "ver"):
            yield "O6 a job's rows are of one version", key(hot)
        rows = {sk: row for (pk, sk), row in self.checker.rows_now().items() if pk == _pk(hot)}
        missing = self._not_ledgered(hot, rows)
        if missing:
            yield "I2 no slot without a row", f"{key(hot)} {missing}"
        if self._is_stuck(hot, rows):
            yield "I2 what has a row is not next", key(hot)
        yield from self._journal_of(hot, rows, events)

    def _not_ledgered(self, hot: Item, rows: dict[str, Item]) -> list[int]:
        covered = [
            range(int(sk), int(text(row, "last") or sk) + 1)
            for sk, row in rows.items()
            if sk.isdigit()
        ]
        owed = self._owed(hot)
        return [slot for slot in owed if not any(slot in each for each in covered)]

    def _owed(self, hot: Item) -> Iterator[int]:
        """Yield the slots of each schedule while it was in force, up to the one that is next.

        What lies behind that one is yet to come, or in an open pause.
        """
        versions = [each for _, each in sorted(self.history[_pk(hot)].items())]
        begun = [versions[0]] + [
            after
            for before, after in pairwise(versions)
            if (before.since, before.schedule) != (after.since, after.schedule)
            or "completed" in {before.state, after.state}
        ]
        for before, after in pairwise(begun):
            if before.state != "completed":
                yield from slots(before.schedule, before.since // 1000, after.since // 1000)
        last = begun[-1]
        if "next" in hot:
            yield from slots(last.schedule, last.since // 1000, number(hot, "next") // 1000 - 1)
        elif versions[-1].state not in {"deleted", "completed"}:
            # Only a single slot that was handed over leaves none that is next.
            yield from slots(last.schedule, last.since // 1000, last.since // 1000 + _FAR)

    def _is_stuck(self, hot: Item, rows: dict[str, Item]) -> bool:
        world = self.checker.world
        is_due = text(hot, "state") == "enabled" and "next" in hot
        has_row = number(hot, "next") // 1000 in {int(sk) for sk in rows if sk.isdigit()}
        # A tick whose clock lags does not look so far.
        return is_due and has_row and bool(world.memo.get("ticks")) and not world.is_skewed

    def _journal_of(
        self, hot: Item, rows: dict[str, Item], events: list[dict[str, object]]
    ) -> Iterator[Broken]:
        subject = _pk(hot).partition("#")[2]
        own = [event for event in events if event["subject"] == subject]
        versions = self.history[_pk(hot)]
        told = Counter(
            (_details(each).get("ver"), _REVIEWED.get(str(each["kind"]), each["kind"]))
            for each in own
            if each["kind"] in _VERBS and _details(each).get("ver") not in range(min(versions) + 1)
        )
        wanted = Counter(
            (ver, _verb(versions[ver - 1], versions[ver]))
            for ver in versions
            if ver - 1 in versions
        )
        if told != wanted:
            yield "J5 each operator's write has its event", f"{key(hot)}: {dict(told)}"
        fired = Counter(_details(each)["task"] for each in own if each["kind"] == "job.run")
        asked = Counter(f"{subject}-{sk}" for sk, row in rows.items() if text(row, "requested_by"))
        if fired != asked:
            yield "J6 each firing that was asked for has its event", key(hot)

    # What there is.

    def _note(self, hot: Item) -> None:
        self.history[_pk(hot)][number(hot, "ver")] = Version.of(hot)

    def _clocks(self) -> tuple[int, int]:
        """Return when the process that writes was invoked and what time it is, by its clock."""
        world, process = self.checker.world, self.checker.world.process
        if process is None:
            now = int(world.now.timestamp() * 1000)
            return now, now
        clock = process.function.clock
        begun = process.started_at + clock.skew
        return int(begun.timestamp() * 1000), int(clock.now().timestamp() * 1000)

    def _hot(self, row: Item) -> Item | None:
        return next((hot for hot in self._hot_rows() if hot["pk"] == row["pk"]), None)

    def _hot_rows(self) -> list[Item]:
        return [row for row in self._table("jobs") if text(row, "sk") == "hot"]

    def _definition(self, hot: Item) -> Item | None:
        rows = (row for row in self._table("jobs") if text(row, "sk") == "def")
        return next((row for row in rows if row["pk"] == hot["pk"]), None)

    def _table(self, name: str) -> list[Item]:
        return self.checker._table(name)


def _shape(hot: Item) -> Iterator[Broken]:
    is_due = text(hot, "state") == "enabled" and "next" in hot
    if is_due != ("due_shard" in hot):
        yield _DUE, key(hot)
    if text(hot, "state") == "deleted" and "next" in hot:
        yield "I6 what is deleted stays deleted", key(hot)
    if "next" in hot and not has(_schedule(hot), number(hot, "next") // 1000):
        yield "O5 what is next is a slot", key(hot)


def _verb(before: Version, after: Version) -> str:
    if before.until != after.until and after.state == "paused":
        return "job.paused"
    if before.review not in {0, after.review} and before.schedule == after.schedule:
        return "job.reviewed"
    verbs = {
        ("enabled", "paused"): "job.paused",
        ("enabled", "completed"): "job.completed",
        ("paused", "enabled"): "job.resumed",
        ("completed", "enabled"): "job.resumed",
        ("enabled", "deleted"): "job.deleted",
        ("paused", "deleted"): "job.deleted",
        ("completed", "deleted"): "job.deleted",
    }
    return verbs.get((before.state, after.state), "job.edited")


def _details(event: dict[str, object]) -> dict[str, object]:
    details = event["details"]
    assert isinstance(details, dict)
    return details


def _pk(row: Item) -> str:
    return text(row, "pk")


def _is_of_another_tzdata(old: Item, new: Item) -> bool:
    """Return whether the same schedule is read with other time zones, which no operator does."""
    was, now = (_schedule(hot).rpartition(" ") for hot in (old, new))
    return was[0] == now[0] != "" and was[0].endswith(" tzdata")


def _schedule(hot: Item) -> str:
    return text(hot, "schedule")
