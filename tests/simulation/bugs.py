"""Planted bugs: what somebody could get wrong, and the invariant that must notice.

Most are the traps of the dispatch protocol; the others are the ways in which a write loses its
condition, its fence or its place in the order. One that nothing could ever notice is not here.
"""

from tests.simulation.planting import Bug, Edit
from tests.simulation.replays import LINES

BUGS: list[Bug] = []
_STORE = "chalicelib.background.store:"
_WORK = f"{_STORE}WorkStore."
_WORKER = "chalicelib.background.worker:Worker."
_JOBS = "chalicelib.scheduler.store:JobStore."
_DISPATCH = "chalicelib.scheduler.dispatch:Dispatch."
_RUNS = "chalicelib.runs.service:RunService."
_JOURNAL = "chalicelib.journal.store:JournalStore."
ANYTHING = "WorkRow.pk.exists() | WorkRow.pk.does_not_exist()"


def bug(
    name: str, what: str, flows: str, invariants: str | tuple[str, ...], *edits: tuple[str, ...]
) -> None:
    """Enter a bug: where it can show, what notices, and what it makes of the code."""
    names = (invariants,) if isinstance(invariants, str) else invariants
    made = tuple(Edit(*edit) for edit in edits)
    BUGS.append(Bug(name, what, tuple(flows.split()), names, made, LINES.get(name, "")))


HOLDER = "I4 only its holder writes under a token"
FINAL = "I1 terminal is final"
RAISES = "R2 who takes work raises the token"
BY_ONE = "R2 a token is raised by one"
LOCK = "I5 what has fired holds its lock"
ONE_LIVE = "I5 one fired live task a job"
KEPT = "I5 a live holder keeps its lock"
JUDGED = "I7 only a slot in force passes judgement"
LEDGER = "I2 no slot without a row"
INDEX = "I3 in the index while not terminal"
FINISHED = "J3 a terminal event"
ONCE = "J3 one terminal event"
HEADER = "R1 the header ends last"
COUNTED = "A1 a failed attempt is counted, and nothing else"
RESCUE = "A1 a rescue counts an attempt"
NO_RESCUE = "A1 only a rescue counts an attempt"
LIMIT = "A2 no more attempts than allowed"
LIVE_LEASE = "L1 a live lease is not taken over"
INTENT = "I8 no call without an accepted intent"
ONE_CALL = "I8 one call"
CHAIN = "I1 accepted steps are one chain"
FOLLOWED = "I10 a success has its follow-up"
ASKED = "C2 children are asked before their parent ends"
PLACE = "D2 a child that runs has its place"

# The fence.

bug(
    "no-fence",
    "a worker's writes ask for a running row, not for their own token",
    "rescued hanging",
    HOLDER,
    (f"{_STORE}_mine", "(WorkRow.token == task.token) & ", ""),
)
bug(
    "fence-without-state",
    "a worker's writes ask for their token, not for a running row",
    "retries slot-retries continued",
    RAISES,
    (f"{_STORE}_mine", " & (WorkRow.state == State.RUNNING)", ""),
)
bug(
    "checkpoint-without-fence",
    "a checkpoint is written whoever holds the task",
    "hanging outside-calls firing",
    (HOLDER, FINAL),
    (
        f"{_WORK}checkpoint",
        "return self._by_holder(task, Move.KEEP, State.RUNNING, actions)",
        "return task_of(WorkRow.change(*task.ref, actions, WorkRow.pk.exists()))",
    ),
)
bug(
    "end-without-fence",
    "a task is ended whoever holds it",
    "hanging outside-calls firing task",
    (HOLDER, FINAL),
    (
        f"{_WORK}end",
        "return self._by_holder(task, Move.END, end.state, self._ending(end, now))",
        (
            "actions = [WorkRow.state.set(end.state), *self._ending(end, now)]\n"
            "    return task_of(WorkRow.change(*task.ref, actions, WorkRow.pk.exists()))"
        ),
    ),
)
for move, flows, invariant in (
    ("FAIL", "last-attempt retried", HOLDER),
    ("TAKE", "cancelled", HOLDER),
    ("EXPIRE", "expiring overdue", RAISES),
    ("RETRY", "retried", FINAL),
    ("PAUSE", "paused", RAISES),
):
    bug(
        f"{move.lower()}-keeps-the-token",
        f"the move {move.lower()} does not raise the token",
        flows,
        invariant,
        (
            f"{_STORE}_taking",
            "WorkRow.token.set(WorkRow.token + 1)",
            f"WorkRow.token.set(WorkRow.token + (move is not Move.{move}))",
        ),
    )
bug(
    "claim-keeps-the-token",
    "a claim does not raise the token",
    "firing task",
    (RAISES, HOLDER),
    (f"{_WORK}_claim", "WorkRow.token.set(WorkRow.token + 1)", "WorkRow.token.set(WorkRow.token)"),
)
bug(
    "move-without-state",
    "who takes work away asks for the token it saw, not for the state",
    "last-attempt cancelled",
    FINAL,
    (f"{_STORE}_as_seen", " & (WorkRow.state == task.state)", ""),
)

# The claim.

bug(
    "read-back-without-id",
    "a refused claim that finds the row running takes it for its own",
    "task firing outside-calls",
    HOLDER,
    (f"{_WORK}_claim", "old.claim == claim and ", ""),
)
bug(
    "lease-test-without-state",
    "a claim takes whatever has no live lease, terminal or not",
    "rescued task",
    FINAL,
    (f"{_STORE}_ready", "(WorkRow.state == State.RUNNING)", "WorkRow.state.exists()"),
    (f"{_WORK}claim", " & (WorkRow.wake_at <= lease_end)", ""),
)
bug(
    "claim-of-the-living",
    "a rescue does not wait for the end of the lease",
    "task firing outside-calls beating",
    LIVE_LEASE,
    (f"{_STORE}_ready", "(WorkRow.lease_until < to_ms(now))", "WorkRow.lease_until.exists()"),
)
bug(
    "fail-of-the-living",
    "the sweep fails a task although its lease was renewed meanwhile",
    "last-attempt",
    LIVE_LEASE,
    (f"{_WORK}fail", "WorkRow.lease_until < to_ms(now)", "WorkRow.lease_until.exists()"),
)
bug(
    "rescue-not-counted",
    "a rescue counts no attempt",
    "task firing outside-calls",
    RESCUE,
    (
        f"{_WORK}_claim",
        "WorkRow.attempt.set(WorkRow.attempt + WorkRow.held)",
        "WorkRow.attempt.set(WorkRow.attempt)",
    ),
)
bug(
    "requeue-counted",
    "a task that was put back counts as rescued when it is claimed again",
    "retries continued slot-retries",
    NO_RESCUE,
    (f"{_STORE}_requeued", "WorkRow.held.set(0)", "WorkRow.held.set(1)"),
)
bug(
    "rescued-for-ever",
    "a rescue does not ask how many attempts are left",
    "last-attempt",
    LIMIT,
    (f"{_STORE}_ready", "(WorkRow.attempt < WorkRow.last_attempt)", "WorkRow.attempt.exists()"),
)
bug(
    "claim-ignores-cancel",
    "a claim takes what was asked to stop",
    "unheeded",
    "C1 what was asked to stop is not begun",
    (f"{_STORE}_ready", " & WorkRow.cancel_at.does_not_exist()", ""),
)
bug(
    "claim-ignores-not-before",
    "a claim takes what may not begin yet",
    "expiring far-future retries",
    "T2 nothing begins before its time",
    (f"{_STORE}_ready", "takeable & in_time", "takeable"),
)
bug(
    "slot-before-its-instant",
    "a worker whose clock is behind does not send an early message again",
    "outside-call health firing",
    "T2 nothing begins before its time",
    (f"{_WORKER}handle", "if ref.is_slot and now < ref.slot:", "if False:"),
)
bug(
    "claim-ignores-expiry",
    "a claim takes what has expired",
    "overdue expiring",
    "T3 nothing begins after it has expired",
    (f"{_STORE}_ready", "& unexpired", ""),
)
bug(
    "claim-leaves-wake-at",
    "a claim does not pull back when the sweep looks",
    "firing task expiring outside-calls",
    "L2 the sweep looks when a claim's lease ends",
    (f"{_WORK}claim", " & (WorkRow.wake_at <= lease_end)", ""),
)

# Attempts.

bug(
    "rearm-not-counted",
    "a failed attempt is tried again without being counted",
    "retries slot-retries",
    COUNTED,
    (f"{_WORK}rearm", "WorkRow.attempt + 1", "WorkRow.attempt + 0"),
)
bug(
    "hop-counted",
    "going on in another invocation counts as an attempt",
    "continued",
    COUNTED,
    (
        f"{_WORK}go_on",
        "actions = [*_requeued(at, look), ",
        "actions = [*_requeued(at, look), WorkRow.attempt.set(WorkRow.attempt + 1), ",
    ),
)
bug(
    "retried-for-ever",
    "a worker does not ask how many attempts are left",
    "retried retries slot-revived",
    LIMIT,
    (f"{_WORKER}_attempt_failed", "task.attempt >= task.last_attempt", "False"),
)

# The ledger.

bug(
    "row-decided-again",
    "a tick overwrites a row that exists",
    "handover missed changed",
    (RAISES, BY_ONE, FINAL),
    (f"{_WORK}put", "row.put(WorkRow.pk.does_not_exist())", f"row.put({ANYTHING})"),
)
bug(
    "advance-past-the-row",
    "a tick advances behind what it would have decided, not behind the row that exists",
    "missed",
    LEDGER,
    (
        "chalicelib.scheduler.handover:Handover.hand_over",
        "slot_instant(row.last)",
        "slot_instant(self._row(due, schedule, now, gate).last)",
    ),
)
bug(
    "advance-without-version",
    "a tick that read the old schedule advances a job that was edited",
    "changed",
    LEDGER,
    (f"{_JOBS}advance", " & (HotRow.ver == due.ver)", ""),
)
bug(
    "advance-before-row",
    "a tick advances the job, and then puts the row of the slot",
    "handover missed changed misfire",
    LEDGER,
    (
        "chalicelib.scheduler.handover:Handover.hand_over",
        "row = self.work.put(self._row(due, schedule, now, gate))",
        "row = self._row(due, schedule, now, gate)",
    ),
    (
        "chalicelib.scheduler.handover:Handover.hand_over",
        "self._send(row)",
        "self._send(self.work.put(row))",
    ),
)

# The lock and the judgement.

_SINCE = (f"{_JOBS}lock", "(HotRow.since < to_ms(task.ref.slot)) & ", "")
bug(
    "lock-taken-from-others",
    "the lock is taken although another slot holds it",
    "overlap",
    (LOCK, ONE_LIVE),
    (f"{_JOBS}lock", " & (HotRow.active.does_not_exist() | mine)", ""),
)
bug(
    "holder-not-read",
    "a lock's holder is helped away without a look at whether it has ended",
    "overlap slot-retries",
    (LOCK, ONE_LIVE),
    (
        "chalicelib.scheduler.concurrency:_is_live",
        "task is not None and not task.state.is_terminal",
        "False",
    ),
)
bug(
    "lock-not-kept-in-backoff",
    "a slot that waits to be tried again lets go of its job's lock",
    "slot-retries slot-revived",
    (LOCK, ONE_LIVE),
    (
        f"{_WORKER}_attempt_failed",
        "self._put_back(self.work.rearm(task, failed, at, look))",
        (
            "self._put_back(self.work.rearm(task, failed, at, look))\n"
            "    self.kinds[task.kind].conclusion.jobs.release(task)"
        ),
    ),
)
bug(
    "release-before-end",
    "a slot lets go of its job's lock, and then ends",
    "firing outside-call",
    (LOCK, ONE_LIVE),
    (
        f"{_DISPATCH}perform",
        "return after(self.runs.execute(task, assignment, lease), self.clock)",
        (
            "done = after(self.runs.execute(task, assignment, lease), self.clock)\n"
            "    self.jobs.release(task)\n"
            "    return done"
        ),
    ),
)
bug(
    "unlock-in-finally",
    "a worker that lost its task lets go of the lock all the same",
    "firing outside-call overlap",
    LOCK,
    (
        f"{_DISPATCH}perform",
        "return after(self.runs.execute(task, assignment, lease), self.clock)",
        (
            "try:\n"
            "        return after(self.runs.execute(task, assignment, lease), self.clock)\n"
            "    except self.lock.take.__globals__['LostClaim']:\n"
            "        self.jobs.release(task)\n"
            "        raise"
        ),
    ),
)
bug(
    "release-without-token",
    "a worker of an earlier life lets go of the lock that the later one holds",
    "slot-revived",
    (LOCK, KEPT),
    (
        f"{_JOBS}release",
        "HotRow.active_token <= task.token",
        "HotRow.active_token.exists()",
    ),
)
bug(
    "judged-without-since",
    "a slot from before the job was changed passes judgement",
    "changed halted",
    JUDGED,
    _SINCE,
    ("chalicelib.scheduler.judgement:_why_closed", "task.ref.slot <= hot.since", "False"),
)
bug(
    "judged-by-version-only",
    "a slot is superseded by any change of its job, although the schedule still has it",
    "changed halted",
    "I9 a slot in force is not superseded",
    (
        "chalicelib.scheduler.judgement:_why_closed",
        "hot.ver != ver and task.ref.slot not in read_schedule(hot.schedule)",
        "hot.ver != ver",
    ),
)
bug(
    "not-judged-by-version",
    "a slot that the schedule no longer has passes judgement",
    "changed halted",
    JUDGED,
    (f"{_JOBS}lock", " & (HotRow.ver == ver)", ""),
)
bug(
    "paused-not-judged",
    "a paused job's slot passes judgement",
    "halted",
    JUDGED,
    (f"{_JOBS}lock", "condition &= HotRow.state == JobState.ENABLED", "pass"),
    ("chalicelib.scheduler.judgement:_why_closed", "hot.state in _NOT_FIRING", "False"),
)
bug(
    "judged-again",
    "a rescued slot that has fired is judged once more",
    "halted",
    "I2 what has fired is not closed",
    (f"{_JOBS}lock", "if not task.has_fired:", "if True:"),
    ("chalicelib.scheduler.judgement:judge", "None if task.has_fired else ", ""),
)

# Steps and calls.

bug(
    "intent-not-accepted",
    "a call is made although its intent is no checkpoint yet",
    "outside-calls outside-call",
    INTENT,
    (
        f"{_RUNS}_accept",
        "accepted = self.transcripts.work.checkpoint(",
        "accepted = task if isinstance(turn, ToolCall) else self.transcripts.work.checkpoint(",
    ),
)
bug(
    "call-repeated",
    "a rescuer repeats a call that is not idempotent",
    "outside-calls outside-call",
    ONE_CALL,
    (f"{_RUNS}_may_go_on", "tool is None or tool.is_idempotent", "True"),
)
bug(
    "rescuer-starts-over",
    "a rescuer begins the run from its first step",
    "outside-calls outside-call",
    ONE_CALL,
    (f"{_RUNS}execute", "self.transcripts.accepted(task)", "[]"),
)
bug(
    "key-counts-attempts",
    "a call that is made again has another idempotency key",
    "outside-calls cancelled continued",
    "I8 a repeat has the key of the first",
    (f"{_RUNS}_call", "{steps[-1].checkpoint.seq}", "{steps[-1].checkpoint.seq - task.attempt}"),
)
bug(
    "call-after-the-lease",
    "a worker that was frozen makes its call under a lease that has ended",
    "outside-calls outside-call",
    "I8 no call under an ended lease",
    (f"{_RUNS}_call", "if not tool.is_idempotent:", "if False:"),
)
bug(
    "step-overwritten",
    "a step is put over one that exists",
    "outside-calls task firing",
    "I1 steps are never rewritten",
    (
        "chalicelib.runs.store:RunStore._put_once",
        "RunRow.pk.does_not_exist()",
        "RunRow.pk.exists() | RunRow.pk.does_not_exist()",
    ),
)
bug(
    "checkpoint-before-step",
    "the checkpoint points to a step that is put afterwards",
    "outside-calls task firing",
    CHAIN,
    (
        f"{_RUNS}_accept",
        "self.transcripts.runs.put_step(task.ref.owner, step, now)",
        "pass",
    ),
    (
        f"{_RUNS}_accept",
        "lease.renewed(now)",
        "self.transcripts.runs.put_step(task.ref.owner, step, now)",
    ),
)

# What follows an end.

bug(
    "follow-ups-after-the-end",
    "a task ends, and then what follows it is made",
    "followed",
    FOLLOWED,
    (f"{_WORKER}_carry_out", "self.follow_ups.put(task, done.follow_ups)", "pass"),
    (
        f"{_WORKER}_follow",
        "self._end(task, lease, done)",
        "self._end(task, lease, done)\n        self.follow_ups.put(task, done.follow_ups)",
    ),
)
bug(
    "follow-up-of-each-attempt",
    "a rescuer makes the follow-up under another id",
    "followed",
    "I10 it is followed once",
    (
        "chalicelib.background.followups:FollowUps._new",
        "derived_key(task.ref.id, follow_up.name)",
        "derived_key(task.ref.id, follow_up.name, str(task.token))",
    ),
)
bug(
    "header-before-event",
    "a run's header ends before the event of its end, whose loss nobody notices then",
    "firing task outside-calls",
    FINISHED,
    (
        "chalicelib.runs.conclusion:RunConclusion.conclude",
        "event = _finished(task, self.clock)",
        "event = _finished(task, self.clock)\n    self.runs.close(task)",
    ),
)
bug(
    "header-of-an-older-life",
    "a worker of an earlier life writes its end into the header",
    "retried slot-revived",
    HEADER,
    (
        "chalicelib.runs.store:RunStore.close",
        "RunRow.pk.exists() & not_newer",
        "RunRow.pk.exists()",
    ),
)
bug(
    "event-not-looked-for",
    "who completes a conclusion appends the terminal event once more",
    "firing task outside-calls",
    ONCE,
    ("chalicelib.background.aftermath:Aftermath.complete", "again=True", "again=False"),
)
bug(
    "nobody-concludes",
    "a late message of a task that ended is dropped, concluded or not",
    "firing task outside-calls",
    (FINISHED, HEADER),
    (
        f"{_WORKER}_refused",
        "_is_left(task, now)",
        "False",
    ),
)
bug(
    "own-end-not-known",
    "a worker whose reply was lost takes its own end for somebody else's",
    "task firing outside-calls",
    (FINISHED, HEADER),
    (f"{_WORK}_by_holder", "old and old.token == task.token", "False"),
)

# The index.

bug(
    "out-of-the-index-too-early",
    "a task that the sweep or an operator ended leaves the index before it is concluded",
    "called-off family",
    (FINISHED, HEADER),
    (
        f"{_WORK}_taken",
        "WorkRow.wake_at.set(to_ms(now + _CONCLUDED_WITHIN))",
        "WorkRow.wake_at.remove(), WorkRow.open_lane.remove()",
    ),
)
bug(
    "left-in-the-index",
    "what was ended and concluded stays in the index",
    "called-off cancelled",
    "I3 what is over leaves the index",
    (
        "chalicelib.background.aftermath:Aftermath._put_away",
        "task.wake_at is not None",
        "False",
    ),
)
bug(
    "put-away-alive",
    "a task that lives again is taken out of the index",
    "revived",
    INDEX,
    (f"{_WORK}put_away", "actions, as_seen)", "actions, WorkRow.pk.exists())"),
)
bug(
    "look-noted-anyway",
    "the sweep notes when it looks again although the task has ended meanwhile",
    "rescued",
    INDEX,
    (
        f"{_WORK}_unless_changed",
        "WorkRow.change(task.ref.pk, task.ref.sk, actions, condition)",
        "WorkRow.change(task.ref.pk, task.ref.sk, actions, WorkRow.pk.exists())",
    ),
)

# Families.

bug(
    "parent-ends-first",
    "a parent ends before its children are asked to stop",
    "family stopped",
    ASKED,
    (
        "chalicelib.background.cancellation:Cancellation.carry_out",
        "self.reach_children(task)",
        "pass",
    ),
    (
        "chalicelib.background.cancellation:Cancellation.carry_out",
        "self.aftermath.follow(cancelled)",
        "self.reach_children(task)\n    self.aftermath.follow(cancelled)",
    ),
)
bug(
    "child-claimed-meanwhile",
    "a child that is claimed while it is asked to stop is not asked again",
    "reached",
    ASKED,
    (
        "chalicelib.background.cancellation:Cancellation._stop",
        "seen is not None and not seen.state.is_terminal",
        "False",
    ),
)
bug(
    "children-of-yesterday",
    "the children are read from a replica that lags",
    "reached",
    ASKED,
    (f"{_WORK}offspring", "consistent_read=True", "consistent_read=False"),
)
bug(
    "child-of-what-ends",
    "a child is made although its parent was asked to stop meanwhile",
    "delegated",
    "D1 nothing is delegated by what ends",
    (
        f"{_STORE}_may_delegate",
        "is_open & WorkRow.cancel_at.does_not_exist() & counted",
        "counted",
    ),
)
bug(
    "children-miscounted",
    "two children that are made at once are counted as one",
    "siblings",
    "D4 a parent counts its children",
    (f"{_STORE}_may_delegate", " & counted", ""),
)
bug(
    "places-overwritten",
    "who takes a place overwrites one that was taken meanwhile",
    "crowd family",
    PLACE,
    (f"{_WORK}set_busy", "WorkRow.pk.exists() & seen", "WorkRow.pk.exists()"),
)
bug(
    "serial-child-does-not-wait",
    "a serial child runs beside those before it",
    "family",
    "D3 a serial child waits for those before it",
    (
        "chalicelib.background.delegation:admit",
        "membership.serial and any(_goes_before(each, child) for each in siblings)",
        "False",
    ),
)
bug(
    "paused-while-asked-to-stop",
    "a task that was asked to stop can be paused, and is forgotten",
    "stopped",
    "I3 no task is lost",
    (f"{_WORK}pause_write", ", WorkRow.cancel_at.does_not_exist()", ""),
)

# The journal, and what else is written once.

bug(
    "journal-overwritten",
    "an event is put at a position without asking whether it is free",
    "task outside-calls cancelled",
    "J1 the journal is append-only",
    (
        "chalicelib.journal.store:_put",
        "JournalRow.pk.does_not_exist()",
        "JournalRow.pk.exists() | JournalRow.pk.does_not_exist()",
    ),
)
bug(
    "journal-forked",
    "who lost a position goes on behind its own event without reading the head again",
    "retried",
    "J2 no gap and no fork",
    (
        f"{_JOURNAL}append",
        "self._heads.pop(event.stream, None)",
        "self._heads[event.stream] = _Remembered(Head(int(row.sk), row.link), event.at)",
    ),
)
bug(
    "own-event-not-known",
    "an event whose reply was lost is appended once more",
    "task outside-calls firing",
    ONCE,
    (
        f"{_JOURNAL}append",
        "refused.old is not None and refused.old.event_id == event.id",
        "False",
    ),
)
bug(
    "event-beside-the-decision",
    "a decision and its event are two writes",
    "task siblings deduped",
    "J4 what is made has its event",
    (
        f"{_JOURNAL}append_with",
        "JournalRow.transact(*writes, *_writes(row))",
        "JournalRow.transact(*writes)\n            self.append(event)",
    ),
)
bug(
    "dedupe-without-condition",
    "two tasks are made under one dedupe key",
    "deduped",
    "K1 a dedupe key stands for one task",
    (
        f"{_WORK}dedupe_write",
        "DedupeRow.pk.does_not_exist()",
        "DedupeRow.pk.exists() | DedupeRow.pk.does_not_exist()",
    ),
)
bug(
    "payload-after-the-row",
    "a task points to a payload that is put afterwards",
    "large-payload",
    "I3 a payload is kept before its task",
    (
        "chalicelib.background.payloads:Payloads.keep",
        'aws.call("S3", self._client.put_object, Bucket=self._bucket, Key=key, Body=body)',
        (
            "self.put = lambda: aws.call(\n"
            '        "S3", self._client.put_object, Bucket=self._bucket, Key=key, Body=body\n'
            "    )"
        ),
    ),
    (
        "chalicelib.background.service:TaskService.create",
        "task = self.get(owner, new.ref.id)",
        (
            'getattr(self.maker.payloads, "put", lambda: None)()\n'
            "        task = self.get(owner, new.ref.id)"
        ),
    ),
)
bug(
    "heartbeats-left",
    "the heartbeat of a worker that died is never cleared",
    "beating hanging",
    "H1 heartbeats are cleared",
    (
        "chalicelib.background.heartbeats.collector:HeartbeatCollector._has_ended",
        "task is None or task.state.is_terminal",
        "task is None",
    ),
)
bug(
    "shelved-before-the-incident",
    "a task of an unknown kind is put aside, and then the incident says so",
    "unknown-kind",
    "Q2 what is put aside has an incident",
    (
        "chalicelib.background.shelf:Shelf.put",
        '_log.error("no function knows this kind", extra={"kind": task.kind})',
        'shelved = self.work.shelve(task, "", task.expires_at or NEVER)',
    ),
    (
        "chalicelib.background.shelf:Shelf.put",
        'return self.work.shelve(task, "no function knows its kind", task.expires_at or NEVER)',
        "return shelved",
    ),
)
