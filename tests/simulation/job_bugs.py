"""Planted bugs of operators' writes on jobs, of firings at once and of idempotency keys."""

from tests.simulation.bugs import BUGS, FINAL, JUDGED, LEDGER, RAISES, bug

__all__ = ["BUGS"]
_STORE = "chalicelib.scheduler.store:"
_CHANGE = f"{_STORE}JobStore.change_write"
_HOT = f"{_STORE}_hot_actions"
_EDITOR = "chalicelib.scheduler.editing:Editor."
_CHANGES = "chalicelib.scheduler.changes:"
_TRIGGER = "chalicelib.scheduler.running:Trigger."
_JOBS = "chalicelib.scheduler.service:JobService."
_OVER = ".put_write(type(row).pk.exists() | type(row).pk.does_not_exist())"
_ALONE = "type(self.journal).append.__globals__['JournalRow'].transact(*writes)"
_TASKS = "chalicelib.background.service:TaskService."

BY_ONE = "O1 an operator's write raises the version by one"
UNMOVED = "O2 what leaves the schedule as it is moves no slot"
SINCE = "O3 a new schedule, a resume and a delete hold from then on"
DUE = "O4 only an enabled job with a next slot is due"
NOT_BEFORE = "O5 nothing from before a change is next"
ONE_VERSION = "O6 a job's rows are of one version"
ONCE = "O7 a request is carried out once"
REFUSED = "O8 who is refused has changed nothing"
EXPECTED = "O9 what is changed is what was expected"
TOMBSTONE = "I6 a deleted job leaves a tombstone"
DELETED = "I6 what is deleted stays deleted"
IN_FORCE = "I9 a slot in force is not superseded"
STUCK = "I2 what has a row is not next"
TOLD = "J5 each operator's write has its event"
ASKED = "J6 each firing that was asked for has its event"
OWN_SLOT = "L3 the schedule's rows have its slots, all others their own"
ONE_THING = "K2 an idempotency key stands for one thing"

# The transaction.

bug(
    "edit-without-version",
    "an operator's write does not ask for the version that it was decided on",
    "expected edited-meanwhile",
    (BY_ONE, EXPECTED),
    (_CHANGE, "(HotRow.ver == seen.hot.ver) & _is_next(seen.hot.next)", "_is_next(seen.hot.next)"),
)
bug(
    "edit-without-next",
    "an operator's write does not ask for the next slot that it was decided on",
    "reworded flickering edited-meanwhile",
    UNMOVED,
    (_CHANGE, " & _is_next(seen.hot.next)", ""),
)
bug(
    "version-kept",
    "an operator's write does not raise the version",
    "reworded paused-job",
    BY_ONE,
    (f"{_CHANGES}planned", "ver = seen.hot.ver + 1", "ver = seen.hot.ver"),
)
bug(
    "definition-left-behind",
    "the definition keeps its version when the hot row gets another",
    "paused-job edited",
    ONE_VERSION,
    (
        f"{_STORE}_definition_actions",
        "DefinitionRow.ver.set(definition.ver)",
        "DefinitionRow.ver.set(definition.ver - 1)",
    ),
)
bug(
    "write-beside-its-event",
    "an operator's write and its event are two",
    "paused-job edited deleted",
    TOLD,
    (
        f"{_EDITOR}_make",
        "self.journal.append_with(changed(seen, plan, closed, request), writes)",
        (f"{_ALONE}\n        self.journal.append(changed(seen, plan, closed, request))"),
    ),
)
bug(
    "own-write-not-known",
    "an operator's write whose reply was lost is decided again, whoever wrote meanwhile",
    "reworded",
    ONCE,
    (f"{_EDITOR}write", "seen.hot.op == op", "False"),
    (
        f"{_EDITOR}_make",
        "if hot is None or hot.op != request.op:\n            raise",
        "return False",
    ),
)
bug(
    "own-write-taken-for-anothers",
    "an edit whose reply was lost is refused, for its own effect is not what was expected",
    "expected",
    REFUSED,
    (f"{_EDITOR}write", "seen.hot.op == op", "False"),
    (
        f"{_EDITOR}_make",
        "if hot is None or hot.op != request.op:\n            raise",
        "return False",
    ),
)
bug(
    "version-not-compared",
    "an edit does not look at the version that it was made for",
    "expected",
    EXPECTED,
    (f"{_CHANGES}require_version", "expected is not None and expected != hot.ver", "False"),
)

# What becomes of the slots.

for verb, flows in (
    ("edited", "edited edited-meanwhile"),
    ("resumed", "resumed-late paused-job at-paused"),
    ("deleted", "deleted"),
):
    bug(
        f"{verb}-without-ledger",
        f"slots that passed before a job was {verb} have no row",
        flows,
        LEDGER,
        (
            f"{_EDITOR}_make",
            "closed, review = self._closed(seen, plan.closing, plan.now)",
            (
                f'closed, review = (None, None) if plan.verb == "{verb}" else '
                "self._closed(seen, plan.closing, plan.now)"
            ),
        ),
    )
bug(
    "range-over-a-row",
    "the row of passed slots is put over one that a tick has put meanwhile",
    "edited",
    (RAISES, FINAL),
    (
        f"{_EDITOR}_make",
        "self.work.put_write(_range_row(seen, closed, shard, request.now))",
        f"(row := self.work._row(_range_row(seen, closed, shard, request.now))){_OVER}",
    ),
)
bug(
    "ledgered-too-far",
    "the row of passed slots reaches beyond the change",
    "edited deleted resumed-late",
    IN_FORCE,
    (
        f"{_EDITOR}_closed",
        "last = schedule.latest_until(now) if schedule else now.replace(microsecond=0)",
        "last = schedule.next_after(now)",
    ),
)
bug(
    "edit-forgets-since",
    "a new schedule holds from the change before it",
    "edited changed edited-meanwhile",
    (SINCE, JUDGED),
    (f"{_CHANGES}edit", "since=request.now, ", ""),
)
bug(
    "resume-forgets-since",
    "a resumed job fires what passed during the pause",
    "resumed-late halted paused-job",
    (SINCE, JUDGED),
    (f"{_CHANGES}resume", "since=request.now,", "since=seen.hot.since,"),
)
bug(
    "reword-moves-since",
    "an edit of the prompt alone lets go of slots that were handed over",
    "reworded",
    UNMOVED,
    (
        f"{_CHANGES}edit",
        'planned("edited", seen, request, hot=hot, definition=definition)',
        (
            'planned("edited", seen, request, definition=definition, '
            "hot=replace(hot, since=request.now))"
        ),
    ),
)
bug(
    "resume-keeps-next",
    "a resumed job begins with a slot from before the pause",
    "resumed-late paused-job",
    NOT_BEFORE,
    (f"{_CHANGES}_resumed_next", "max(hot.next, following)", "hot.next"),
)
bug(
    "edit-skips-a-slot",
    "a new schedule begins with its second slot",
    "edited edited-meanwhile changed",
    LEDGER,
    (
        f"{_CHANGES}edit",
        "following = schedule.next_after(request.now)",
        "following = schedule.next_after(schedule.next_after(request.now) or request.now)",
    ),
)

# The index, and the end.

bug(
    "paused-but-due",
    "a paused job stays in the index of what is due",
    "paused-job halted resumed-late",
    DUE,
    (_HOT, "after.state is JobState.ENABLED", "after.state is not JobState.DELETED"),
)
bug(
    "deleted-but-due",
    "a deleted job stays in the index of what is due",
    "deleted",
    DUE,
    (
        _HOT,
        "after.state is JobState.ENABLED and after.next is not None",
        "after.state is not JobState.PAUSED",
    ),
)
bug(
    "resumed-but-not-due",
    "a resumed job does not come back into the index",
    "paused-job resumed-late flickering",
    DUE,
    (
        _HOT,
        "HotRow.due_shard.set(str(shard)) if is_due else HotRow.due_shard.remove()",
        "*(() if is_due else (HotRow.due_shard.remove(),))",
    ),
)
bug(
    "deleted-for-good",
    "a job's hot row is deleted with it",
    "deleted",
    TOMBSTONE,
    (
        _CHANGE,
        "HotRow.change_write(seen.pk, HOT, actions, unchanged)",
        (
            "HotRow.change_write(seen.pk, HOT, actions, unchanged)"
            " if after.hot.state is not JobState.DELETED else "
            "Write('Delete', {name: value for name, value in HotRow.change_write("
            "seen.pk, HOT, actions, unchanged).arguments.items()"
            " if name in ('TableName', 'Key')})"
        ),
    ),
)
bug(
    "edited-after-its-end",
    "a deleted job can be edited",
    "deleted",
    DELETED,
    (f"{_CHANGES}edit", "if seen.hot.state is JobState.DELETED:", "if False:"),
)
bug(
    "only-slot-stays-next",
    "a job whose only slot was handed over has it next for ever",
    "at-job",
    STUCK,
    (
        f"{_STORE}JobStore.advance",
        "[HotRow.next.remove(), HotRow.due_shard.remove()]",
        "[HotRow.next.set(to_ms(due.slot))]",
    ),
)
bug(
    "only-slot-leaves-half",
    "a job without a slot to come stays in the index of what is due",
    "at-job",
    DUE,
    (
        f"{_STORE}JobStore.advance",
        "[HotRow.next.remove(), HotRow.due_shard.remove()]",
        "[HotRow.next.remove()]",
    ),
)

# At once.

bug(
    "asked-for-by-nobody",
    "a firing at once does not say who asked for it",
    "run-beside run-during run-and-changed",
    OWN_SLOT,
    (f"{_TRIGGER}_row", "requested_by=actor", 'requested_by=""'),
)
bug(
    "in-the-schedules-slot",
    "a firing at once takes a slot of the schedule",
    "run-and-changed run-beside",
    OWN_SLOT,
    (
        "chalicelib.scheduler.running:free_second",
        "while schedule is not None and slot in schedule:",
        "while False:",
    ),
)
bug(
    "fired-over-another",
    "a firing at once is put over one of the same second",
    "run-beside keyed-firing",
    (RAISES, FINAL),
    (
        f"{_TRIGGER}_make",
        "self.work.put_write(new)",
        f"(row := self.work._row(new)){_OVER}",
    ),
)
bug(
    "judged-by-the-schedule",
    "a firing at once is superseded by an edit, for no schedule has its slot",
    "run-and-changed",
    IN_FORCE,
    ("chalicelib.scheduler.judgement:_why_closed", "if task.requested_by:", "if False:"),
)
bug(
    "fired-beside-its-event",
    "a firing at once and its event are two writes",
    "run-beside run-during run-and-changed",
    ASKED,
    (
        f"{_TRIGGER}_make",
        "self.journal.append_with(event, writes)",
        (f"{_ALONE}\n        self.journal.append(event)"),
    ),
)

# The same request twice.

bug(
    "key-beside-the-job",
    "an idempotency key is put before the job that it stands for",
    "keyed-job",
    ONE_THING,
    (
        f"{_JOBS}create",
        "writes.append(self.requests.write(key, job.id, now))",
        "self.requests.keep(key, job.id, now)",
    ),
)
bug(
    "key-beside-the-task",
    "an idempotency key is put after the task that it stands for",
    "keyed-task",
    ONE_THING,
    (
        f"{_TASKS}create",
        "writes.append(self.requests.write(key, new.ref.id, now))",
        "pass",
    ),
    (
        f"{_TASKS}create",
        "task = self.get(owner, new.ref.id)",
        (
            "if key:\n            self.requests.keep(key, new.ref.id, now)\n"
            "        task = self.get(owner, new.ref.id)"
        ),
    ),
)
bug(
    "key-ignored",
    "an idempotency key is not looked at when a job is run at once",
    "keyed-firing",
    ONE_THING,
    (f"{_TRIGGER}fire", "key and (made := self.requests.made(key, now))", "made := None"),
    (f"{_TRIGGER}_make", "if key is not None:", "if False:"),
)
bug(
    "key-overwritten",
    "a request puts its key over the same one that was used meanwhile",
    "keyed-job keyed-task keyed-firing",
    ONE_THING,
    (
        "chalicelib.access.store:_unused",
        "RequestRow.pk.does_not_exist() | expired",
        "RequestRow.pk.does_not_exist() | RequestRow.pk.exists()",
    ),
)
