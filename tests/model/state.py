"""What there is: rows, a job's hot row, messages, whoever is at work, and what may still go wrong.

A state is a tuple of tuples, so that it can be hashed, compared and shared. Slots and tasks are
numbered from 1; a job's slot `n` is due when the clock is `n`. Instants that only matter as "over
or not" (leases, back-offs, expiry, a late `wake_at`) are booleans that the environment switches.
"""

from typing import NamedTuple

ABSENT = 0
NEVER = 99
PARENT, CHILD = 1, 2

# States of a row.
QUEUED, RUNNING, PAUSED = "queued", "running", "paused"
SUCCEEDED, FAILED, UNKNOWN = "succeeded", "failed", "unknown"
CANCELLED, EXPIRED, CLOSED = "cancelled", "expired", "closed"
LIVE = frozenset({QUEUED, RUNNING, PAUSED})
RETRIABLE = frozenset({FAILED, UNKNOWN, CANCELLED})

# Outcomes of a slot.
HANDED, FIRED, SKIPPED, QUEUE_FULL = "handed", "fired", "skipped", "queue_full"
SUPERSEDED, MISFIRED = "superseded", "misfired"
OUTCOMES_THAT_CLOSE = frozenset({SKIPPED, QUEUE_FULL, SUPERSEDED, PAUSED})

# States of a job.
ENABLED, DELETED = "enabled", "deleted"


class Row(NamedTuple):
    """One item of the work table: the ledger row of a slot, or a task.

    Attributes:
        claim: the id of the last claim, if a worker may still compare it, else 0.
        last: the last slot that the row stands for.
        asked: an operator asked for it beside the schedule.
        checkpoint: 0 before the first accepted step, 1 after it (the intent), 2 after the result.
        life: raised by an operator's retry; with the checkpoint it stands for the step number.
        lease_over: `lease_until < now`.
        resting: `not_before > now`.
        overslept: re-sends have pushed `wake_at` beyond a lease's length.
        expired: `expires_at <= now`.
        concluded: its end is in the run's header, the last write of all.
    """

    state: str
    outcome: str = HANDED
    token: int = 0
    claim: int = 0
    attempt: int = 0
    held: int = 0
    ver: int = 1
    last: int = 0
    asked: bool = False
    checkpoint: int = 0
    life: int = 0
    lease_over: bool = False
    resting: bool = False
    overslept: bool = False
    cancel_requested: bool = False
    expired: bool = False
    concluded: bool = False

    @property
    def is_live(self) -> bool:
        """Return whether something may still happen to it."""
        return self.state in LIVE

    def ended(self, want: str, raised: int = 0) -> "Row":
        """Return the row with its end: a state, or the outcome of a slot that does not run."""
        closes = want in OUTCOMES_THAT_CLOSE
        return Row(
            CLOSED if closes else want,
            outcome=want if closes else self.outcome,
            token=self.token + raised,
            ver=self.ver,
            last=self.last,
            asked=self.asked,
            checkpoint=self.checkpoint,
            life=self.life,
        )

    def requeued(self, *, held: int = 0, attempt: int = 0, resting: bool = True) -> "Row":
        """Return the row put back into the queue by its holder."""
        return self._replace(
            state=QUEUED,
            claim=0,
            held=held,
            attempt=self.attempt + attempt,
            lease_over=False,
            resting=resting,
        )


class Hot(NamedTuple):
    """A job's hot row; of its definition, `policy`.

    Attributes:
        schedule: the position of the schedule among the configuration's.
        policy: the position of the concurrency policy among the configuration's.
        runs: how many rows that have fired were let go of, where the configuration limits that.
        failures: how many of them have failed in a row, where it limits that.
    """

    next: int
    ver: int = 1
    since: int = 0
    state: str = ENABLED
    schedule: int = 0
    active: int = ABSENT
    active_token: int = 0
    pending: int = ABSENT
    policy: int = 0
    runs: int = 0
    failures: int = 0


class Worker(NamedTuple):
    """A process that holds, ends or lets go of a row; sweeps and operators are such from there on.

    Attributes:
        at: where it stands in its program; the names are those of functions.
        token: the token that it writes with.
        ver: the version of the job that it asks for when it takes the lock.
        checkpoint: the row's when it was claimed.
        seen: a holder that it met (with its token and waiter), the id of its claim, or the
            schedule by which an operator chose a slot.
        seen_last: the holder that it met makes the last run that the job may make.
        seen_fired: that holder had fired when its row was read.
        want: the state or outcome that it is about to write.
    """

    at: str
    row: int
    token: int = 0
    ver: int = 0
    checkpoint: int = 0
    life: int = 0
    seen: int = ABSENT
    seen_token: int = 0
    seen_pending: int = ABSENT
    want: str = ""
    seen_last: bool = False
    seen_fired: bool = False


class Tick(NamedTuple):
    """A tick on its way through one job.

    Attributes:
        now: when it began; what is misfired is decided by it.
        slot: the slot that it hands over, with the version and the schedule that it read.
        last: the last slot of that slot's row.
        following: the slot that it advanced the job to, if that is due as well.
    """

    at: str
    now: int
    slot: int
    ver: int
    schedule: int
    last: int = 0
    following: int = ABSENT


class Budget(NamedTuple):
    """How often something may still happen; what is 0 everywhere is a world without faults.

    Attributes:
        leases: leases that end while their holder works.
        lost: replies that are lost; the SDK repeats the write.
        doubled: messages that are delivered once more.
        dropped: messages that are never delivered.
        operator: writes by an operator.
        failures: attempts that fail.
        oversleeps: re-sends with a long back-off.
    """

    crashes: int = 0
    leases: int = 0
    lost: int = 0
    doubled: int = 0
    dropped: int = 0
    ticks: int = 0
    sweeps: int = 0
    operator: int = 0
    failures: int = 0
    continuations: int = 0
    expiries: int = 0
    oversleeps: int = 0


class State(NamedTuple):
    """Everything.

    Attributes:
        rows: by number; nothing is kept at 0.
        messages: a multiset of row numbers, in order.
        workers: who is busy, in order: processes with the same program are alike.
        calls: (row, life) of each call to the outside; it is also the idempotency key.
        follow_ups: the rows whose follow-up exists.
        owed: the slots that were in force at their instant (history, read by invariants only).
        changed_at: the last edit or resume (history).
    """

    clock: int
    hot: Hot | None
    rows: tuple[Row | None, ...]
    messages: tuple[int, ...]
    workers: tuple[Worker, ...]
    ticks: tuple[Tick, ...]
    budget: Budget
    calls: tuple[tuple[int, int], ...] = ()
    follow_ups: tuple[int, ...] = ()
    owed: tuple[int, ...] = ()
    changed_at: int = 0

    def row(self, number: int) -> Row:
        """Return a row that exists."""
        row = self.rows[number]
        if row is None:
            raise LookupError(number)
        return row

    def with_row(self, number: int, row: Row) -> "State":
        """Return the state with one row written."""
        return self._replace(rows=(*self.rows[:number], row, *self.rows[number + 1 :]))

    def with_message(self, number: int) -> "State":
        """Return the state with a message sent; more than two copies are as good as two."""
        if self.messages.count(number) >= _MOST_COPIES:
            return self
        return self._replace(messages=tuple(sorted((*self.messages, number))))

    def without_message(self, number: int) -> "State":
        """Return the state with one copy of a message gone."""
        at = self.messages.index(number)
        return self._replace(messages=self.messages[:at] + self.messages[at + 1 :])

    def with_worker(self, worker: Worker) -> "State":
        """Return the state with one more process."""
        return self._replace(workers=tuple(sorted((*self.workers, worker))))

    def without_worker(self, worker: Worker) -> "State":
        """Return the state with a process gone, and all that it knew."""
        at = self.workers.index(worker)
        return self._replace(workers=self.workers[:at] + self.workers[at + 1 :])


class Label(NamedTuple):
    """What happened in a transition, to which row, under which token."""

    verb: str
    row: int = ABSENT
    token: int = 0

    def __str__(self) -> str:
        """Return the line of a trace."""
        if not self.row:
            return self.verb
        return f"{self.verb}[{self.row}#{self.token}]" if self.token else f"{self.verb}[{self.row}]"


class Move(NamedTuple):
    """One step of a process: a write, a transaction, a strong read, a message or an outside call.

    Attributes:
        shared: the state with what was written, the process itself unchanged.
        then: the process after it; None when it stops.
    """

    verb: str
    shared: State
    then: Worker | None


class Step(NamedTuple):
    """A transition."""

    label: Label
    after: State


_MOST_COPIES = 2
