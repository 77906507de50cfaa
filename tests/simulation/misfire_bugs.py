"""Planted bugs of misfires and what makes up for them, of jobs that end, and of the gate."""

from tests.simulation import misfire_checker as checks
from tests.simulation.bugs import JUDGED, LEDGER, bug
from tests.simulation.concurrency_bugs import BUGS
from tests.simulation.job_bugs import DUE, SINCE

__all__ = ["BUGS"]
_PLAN = "chalicelib.scheduler.misfire:plan"
_STORE = "chalicelib.scheduler.store:"
_EDITOR = "chalicelib.scheduler.editing:Editor."
_MAKE_UP = "chalicelib.scheduler.making_up:MakeUp."
_UPKEEP = "chalicelib.scheduler.upkeep:Upkeep."
_WORKER = "chalicelib.background.worker:Worker."
_WOKEN = "O3 a job that was paused until an instant resumes as of that"

# What is missed.

bug(
    "all-caught-up",
    "each missed slot of the last day runs, however many there are",
    "caught-up",
    checks.FEW,
    (_PLAN, "if newest[-1] <= slot:", "if True:"),
)
bug(
    "caught-up-for-days",
    "slots that were missed for more than a day are caught up",
    "out-for-days",
    (checks.FEW, checks.PLANNED),
    (_PLAN, "if slot <= too_old:", "if False:"),
)
bug(
    "newest-collapsed",
    "of many missed slots none runs, not even the newest",
    "caught-up out-for-days",
    checks.PLANNED,
    (_PLAN, "newest[1], Reason.COLLAPSED", "newest[0], Reason.COLLAPSED"),
)
bug(
    "skipped-although-asked-for",
    "a job that is to catch up skips what it missed",
    "caught-up",
    checks.PLANNED,
    ("chalicelib.scheduler.rows:due_of", "row.misfire or CronMisfirePolicy.SKIP", '"skip"'),
)
bug(
    "review-not-shown",
    "a job does not show that missed slots wait for an operator",
    "out-for-days",
    checks.WAITS,
    ("chalicelib.scheduler.handover:Handover.hand_over", "row.reason == Reason.REVIEW", "False"),
)
bug(
    "review-lost-by-an-edit",
    "an edit forgets what a tick that has died found to be reviewed",
    "out-and-changed",
    checks.WAITS,
    ("chalicelib.scheduler.changes:Plan.reviewing", "if review is None:", "if True:"),
)
bug(
    "review-begun-anew",
    "what is found to be reviewed hides what was found before",
    "decided-late",
    checks.WAITS,
    (f"{_STORE}JobStore.advance", "HotRow.review_first | first", "first"),
)

# What makes up for it.

bug(
    "made-up-for-twice",
    "who makes up for a slot does not ask whether somebody did",
    "replayed backfilled",
    checks.ONCE,
    (f"{_MAKE_UP}_make", "if made := self.work.deduped(slot.owner, key):", "if made := None:"),
    (
        f"{_MAKE_UP}_make",
        "[self.work.put_write(new), self.work.dedupe_write(slot.owner, key, new)]",
        "[self.work.put_write(new)]",
    ),
)
bug(
    "fired-once-more",
    "a backfill makes up for slots that have fired",
    "backfilled-beside",
    checks.UNTOUCHED,
    ("chalicelib.scheduler.past:untouched", "if slot not in busy", ""),
)
bug(
    "made-up-in-a-hurry",
    "what makes up for the past goes before what is due now",
    "backfilled replayed",
    checks.PATIENT,
    (f"{_MAKE_UP}_row", "lane=Lane.LOW", "lane=Lane.NORMAL"),
)
bug(
    "caught-up-at-once",
    "slots that are caught up do not wait for each other",
    "caught-up replayed backfilled",
    checks.PATIENT,
    ("chalicelib.scheduler.concurrency:meet", "if task.origin.is_patient:", "if False:"),
)
# Pauses that end by themselves.

bug(
    "woken-as-of-the-tick",
    "a job that was paused until an instant loses the slots between that and the tick",
    "paused-until",
    _WOKEN,
    ("chalicelib.scheduler.automatic:wake", "since = max(until, hot.since)", "since = request.now"),
)
bug(
    "woken-too-early",
    "a tick resumes a paused job as soon as it sees it",
    "paused-until paused-until-changed",
    (_WOKEN, SINCE),
    ("chalicelib.scheduler.tick:Tick._wake", "if due.at <= now:", "if True:"),
)
bug(
    "woken-against-an-operator",
    "a pause that was made longer ends when it would have ended before",
    "paused-until-changed",
    (_WOKEN, SINCE, JUDGED),
    (
        "chalicelib.scheduler.automatic:wake",
        "hot.state is not JobState.PAUSED or hot.standing.until != until",
        "hot.state is not JobState.PAUSED",
    ),
)
bug(
    "woken-without-ledger",
    "the slots of a pause that ends by itself have no row",
    "paused-until",
    LEDGER,
    (
        "chalicelib.scheduler.automatic:wake",
        "closing = Closing(Outcome.PAUSED, Reason.WAS_PAUSED)",
        "closing = None",
    ),
)

# Jobs that come to an end, or to harm.

bug(
    "run-after-the-last",
    "the lock does not ask how many runs are left",
    "counted",
    checks.LIMIT,
    (f"{_STORE}JobStore.lock", "condition &= _is_left_a_run()", "pass"),
)
bug(
    "run-not-counted-by-a-helper",
    "who helps a dead holder away does not count its run",
    "counted failing",
    (checks.COUNTED, checks.LIMIT),
    (f"{_STORE}JobStore.help_away", "_tally(ended)", "[]"),
)
bug(
    "never-completed",
    "a job that has made all its runs goes on being due",
    "counted",
    checks.SETTLED,
    (f"{_UPKEEP}settle", "if hot.is_exhausted:", "if False:"),
)
bug(
    "failing-for-ever",
    "a job whose runs keep failing is not paused",
    "failing failing-once",
    checks.SETTLED,
    (f"{_UPKEEP}settle", "elif hot.has_failed_too_often and", "elif False and"),
)
bug(
    "success-forgotten",
    "a run that worked does not begin the count of failures anew",
    "failing",
    (checks.COUNTED, checks.SETTLED, checks.EARLY),
    (f"{_STORE}_tally", "actions.append(HotRow.failures.set(0))", "pass"),
)
bug(
    "completed-but-due",
    "a completed job stays in the index of what is due",
    "counted",
    DUE,
    (
        f"{_STORE}_hot_actions",
        "after.state is JobState.ENABLED and after.next is not None",
        "after.state is not JobState.PAUSED and after.state is not JobState.DELETED",
    ),
)

# The gate.

bug(
    "gate-not-read-by-ticks",
    "a tick hands slots over although everything is paused",
    "gated gated-twice",
    checks.HANDED,
    ("chalicelib.scheduler.tick:Tick._look_at", "elif gate.closed(due.owner):", "elif False:"),
    (
        "chalicelib.scheduler.handover:Handover.hand_over",
        "if gate.closed(due.owner):",
        "if False:",
    ),
)
bug(
    "gate-not-read-by-workers",
    "a worker begins work although everything is paused",
    "gated-work gated",
    checks.BEGUN,
    (
        f"{_WORKER}handle",
        "if gate.closed(ref.owner) and self._is_kept(ref, gate):",
        "if False:",
    ),
    (f"{_WORKER}handle", "if _came_due_under(gate, task):", "if False:"),
)
bug(
    "gate-forgets",
    "slots that came due while everything was paused are missed, or run late",
    "gated gated-twice",
    checks.PAUSED,
    ("chalicelib.background.gate.gate:Gate.covering", "if each.covers(instant)", "if False"),
)
bug(
    "gate-remembered-for-long",
    "a worker asks for the gate once, and never again",
    "gated gated-work",
    checks.BEGUN,
    (
        "chalicelib.background.gate.watch:GateWatch.gate",
        "self._at is None or not timedelta() <= now - self._at < OLDEST",
        "self._at is None",
    ),
)
bug(
    "gate-without-version",
    "two who change the gate at once do not notice each other",
    "gated-twice",
    checks.TOLD,
    (
        "chalicelib.background.gate.store:GateStore.write",
        "GateRow.gate_ver == before if before else GateRow.pk.does_not_exist()",
        "GateRow.pk.exists() | GateRow.pk.does_not_exist()",
    ),
)
