"""The table of all kinds of incidents; docs/operations.md says the same, and a test compares both.

A room that can see a new sort of fault adds its kind here; those of nodes are in `node_kinds`.
Where a kind ends by its cause, what looks at that is added to `functions/wiring/healing.py`, and so
is what remedies it.
"""

from collections.abc import Mapping
from datetime import timedelta

from chalicelib.incidents import node_kinds
from chalicelib.incidents.kind import (
    BlastRadius,
    Ending,
    IncidentDomain,
    IncidentKind,
    IncidentSeverity,
    Risk,
    RuntimeRemediationDescriptor,
    by_hand,
)

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

_LOOK_AFTER = RuntimeRemediationDescriptor(
    "look_after_task",
    "let the sweep look at the task now: send it again, end it failed, or carry a cancel out",
    Risk.LOW,
    BlastRadius.SESSION,
)
_CANCEL = RuntimeRemediationDescriptor(
    "cancel_task",
    "cancel the task",
    Risk.MEDIUM,
    BlastRadius.SESSION,
    requires_approval=True,
    auto_executable=False,
)
_RESUME_TASK = RuntimeRemediationDescriptor(
    "resume_task",
    "resume the task",
    Risk.MEDIUM,
    BlastRadius.SESSION,
)
_HAND_OVER = RuntimeRemediationDescriptor(
    "hand_over_slots",
    "hand over what is due in the tick's place; misfire rules judge what is too late",
    Risk.LOW,
    BlastRadius.WORKSPACE,
)
_RESUME_JOB = RuntimeRemediationDescriptor(
    "resume_job",
    "resume the job, its failures counted from none",
    Risk.MEDIUM,
    BlastRadius.WORKSPACE,
)
_CLEAR_HEARTBEAT = RuntimeRemediationDescriptor(
    "clear_heartbeat",
    "forget the heartbeat of what is silent, unless it beats again meanwhile",
    Risk.MEDIUM,
    BlastRadius.SESSION,
)
_ROLL_BACK = RuntimeRemediationDescriptor(
    "roll_back_policies",
    "let the policies decide again that did before the last activation",
    Risk.HIGH,
    BlastRadius.WORKSPACE,
    requires_approval=True,
    auto_executable=False,
)


DEAD_WORK = IncidentKind(
    "dead-work",
    IncidentDomain.WATCHDOG,
    IncidentSeverity.MEDIUM,
    "who works on a task is dead, hangs past its step's deadline, or did not obey a cancel in time",
    "the sweep takes the task away: it is sent again while attempts are left, ends failed after "
    "the last one, and cancelled where that was asked; resolved when the task is held by a "
    "living worker, waits in its lane, or has ended",
    "read the worker's log of the time for a time-out or for memory used up; a task that ended "
    "failed can be retried with `palyra tasks retry TASK`",
    _LOOK_AFTER,
    Ending.CAUSE,
)
UNSENT = IncidentKind(
    "message-lost",
    IncidentDomain.QUEUE,
    IncidentSeverity.MEDIUM,
    "a task is due, its lane holds no backlog, and nobody took the messages that were sent for "
    "it for two minutes",
    "the sweep sends it again, after longer and longer pauses; resolved when somebody takes the "
    "task",
    "see that the lane's worker function is enabled and can begin: its log, its event source, "
    "and the account's Lambda concurrency",
    _LOOK_AFTER,
    Ending.CAUSE,
)
LANE_SLOW = IncidentKind(
    "lane-slow",
    IncidentDomain.QUEUE,
    IncidentSeverity.HIGH,
    "a lane holds a backlog, and a task in it is due for over five minutes",
    "nothing is lost: messages wait, and are not sent twice into a backlog; resolved when no "
    "message waits in the lane",
    "compare the queue's waiting messages with the worker's errors: there is more work than the "
    "lane's workers can do, or they do not work",
    by_hand("see why the lane's worker function does not keep up"),
    Ending.CAUSE,
)
STALE_HEARTBEAT = IncidentKind(
    "stale-heartbeat",
    IncidentDomain.WATCHDOG,
    IncidentSeverity.MEDIUM,
    "work that has no lease, of a channel worker or an approval, gave no sign of life for ten "
    "minutes",
    "nothing more in `observe_only`; in `auto`, the heartbeat is forgotten, unless it is that of "
    "a paired node; resolved when it beats again or is cleared; nodes of the kinds `cli` and "
    "`desktop` may sleep, and are never one",
    "see whether what beats still runs, and start it again; clear the heartbeat where it is gone "
    "for good (`palyra incidents remediate ID`)",
    _CLEAR_HEARTBEAT,
    Ending.CAUSE,
)
FUNCTION_FAILING = IncidentKind(
    "function-failing",
    IncidentDomain.WATCHDOG,
    IncidentSeverity.HIGH,
    "a function ended with an error; the detail says which error it was the last time",
    "Lambda, SQS or the next minute tries again; resolved when it has not failed for 15 minutes",
    "read the function's log at the request id that the evidence names",
    by_hand("read the function's log and deploy a version that does not fail"),
    Ending.QUIET,
    15 * _MINUTE,
)
CLOCK_SKEW = IncidentKind(
    "clock-skew",
    IncidentDomain.WATCHDOG,
    IncidentSeverity.HIGH,
    "the clock of a function and that of AWS differ by more than 5 seconds; no work is lost or "
    "done twice by that, but dead work may be found late and living work be taken for dead",
    "it is measured once a minute; resolved when it is 5 seconds or less",
    "on a machine of your own, let its clock be set by NTP; in Lambda, report it to AWS",
    by_hand("set the clock"),
    Ending.CAUSE,
)
TICK_LATE = IncidentKind(
    "tick-late",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "no tick ran for 150 seconds: nobody hands slots over",
    "the sweep hands over what is due in the tick's place; resolved with the next tick",
    "see that the rule `palyra-STAGE-cron_tick-event` is enabled, and read the tick's log",
    _HAND_OVER,
    Ending.CAUSE,
)
SWEEP_LATE = IncidentKind(
    "sweep-late",
    IncidentDomain.WATCHDOG,
    IncidentSeverity.MEDIUM,
    "between two sweeps lay more than 150 seconds, in which no dead work was rescued",
    "the sweep that came late looks after everything that waited; resolved when sweeps have come "
    "in time for 15 minutes. While none comes, the alarm `sweep-is-missing` says so",
    "see that the rule `palyra-STAGE-sweep-event` is enabled, and read the sweep's log of the gap",
    by_hand("see why the sweep was not run"),
    Ending.QUIET,
    15 * _MINUTE,
)
SLOTS_LATE = IncidentKind(
    "slots-late",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "a job's slot is due for longer than the misfire grace, and has no row in the ledger",
    "the sweep hands the job's slots over; the misfire rule says what becomes of those that are "
    "too late; resolved when the job is not behind any more",
    "read the tick's log for the job; pause it where it cannot be handed over",
    _HAND_OVER,
    Ending.CAUSE,
)
JOB_FAILING = IncidentKind(
    "job-failing",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "a job's runs kept failing, and it was paused as its `pause_after` says",
    "nothing more in `observe_only`; in `auto`, the job is resumed, at most three times; "
    "resolved when the job is enabled, edited or deleted",
    "read why the runs failed (`palyra jobs show JOB`), mend it, then `palyra jobs resume JOB`",
    _RESUME_JOB,
    Ending.CAUSE,
)
JOB_UNREADABLE = IncidentKind(
    "job-unreadable",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "a job's schedule cannot be read by this version, and the job was paused",
    "it stays paused and delays no other; resolved when the job is enabled or deleted",
    "give it a schedule again with `palyra jobs edit JOB`, then resume it",
    by_hand("edit the job's schedule and resume it", BlastRadius.WORKSPACE),
    Ending.CAUSE,
)
JOB_BROKEN = IncidentKind(
    "job-broken",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "the tick fails at a job, whose slots are not handed over; others are",
    "each tick tries again; resolved when it has not failed at it for 5 minutes",
    "the detail says the error; pause the job, then mend or delete it",
    by_hand("pause the job, then mend or delete it", BlastRadius.WORKSPACE),
    Ending.QUIET,
    5 * _MINUTE,
)
POLICIES_FAIL = IncidentKind(
    "policies-fail",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "the active policies fail, or are not what was stored, and refuse what they are asked",
    "nothing runs that they cannot decide; resolved by the next activation",
    "`palyra policies rollback`, or `palyra policies activate 0`",
    _ROLL_BACK,
    Ending.ROOM,
)
POLICIES_UNREAD = IncidentKind(
    "policies-unread",
    IncidentDomain.SCHEDULER,
    IncidentSeverity.HIGH,
    "the active policies could not be read for 30 seconds, and everything is refused",
    "each decision tries again; resolved when none failed so for 15 minutes, or by the next "
    "activation",
    "see whether DynamoDB answers",
    by_hand("see whether DynamoDB answers"),
    Ending.QUIET,
    15 * _MINUTE,
)
UNKNOWN_KIND = IncidentKind(
    "unknown-kind",
    IncidentDomain.QUEUE,
    IncidentSeverity.HIGH,
    "no function knows a task's kind; the task is paused",
    "nothing more in `observe_only`; in `auto`, the task is resumed, and put aside again where "
    "its kind is still not known; resolved when the task is not paused any more",
    "deploy a version that knows the kind, then `palyra tasks resume TASK`; or cancel it",
    _RESUME_TASK,
    Ending.CAUSE,
)
CHAIN_CUT = IncidentKind(
    "chain-cut",
    IncidentDomain.QUEUE,
    IncidentSeverity.MEDIUM,
    "as many tasks followed each other as `tasks.max_depth` allows; what follows was not made",
    "the task itself ends as it would have; resolved after a day",
    "raise the setting, or end the chain",
    by_hand("raise `tasks.max_depth`, or end the chain", BlastRadius.WORKSPACE),
    Ending.QUIET,
    _DAY,
)
NOT_SWEPT = IncidentKind(
    "task-not-swept",
    IncidentDomain.QUEUE,
    IncidentSeverity.HIGH,
    "the sweep fails at a task; the others are looked after",
    "each sweep tries again; resolved when it has not failed at it for 5 minutes",
    "the detail says the error; a row that no version can read is an operator's to mend",
    _CANCEL,
    Ending.QUIET,
    5 * _MINUTE,
)
DEAD_LETTER = IncidentKind(
    "dead-letter",
    IncidentDomain.QUEUE,
    IncidentSeverity.HIGH,
    "a task's message came back ten times and is a dead letter now",
    "the sweep goes on with an open task; resolved when the task has ended",
    "read the worker's log for what failed; cancel the task where it must not be tried again",
    _CANCEL,
    Ending.CAUSE,
)
UNREADABLE_LETTER = IncidentKind(
    "unreadable-letter",
    IncidentDomain.QUEUE,
    IncidentSeverity.MEDIUM,
    "a dead letter points to no task",
    "no task depends on it; resolved after a day without another one like it",
    "the evidence shows what it was; find out who sends to the lane, for it is not Palyra",
    by_hand("find out who sends to the lane"),
    Ending.QUIET,
    _DAY,
)
SEAL_LATE = IncidentKind(
    "seal-late",
    IncidentDomain.JOURNAL,
    IncidentSeverity.HIGH,
    "nothing was sealed for over fifteen minutes",
    "the next seal covers what happened meanwhile, and resolves it",
    "see whether the function `journal_seal` runs, and read its log",
    by_hand("see why the sealer does not run"),
    Ending.ROOM,
)
JOURNAL_BROKEN = IncidentKind(
    "journal-broken",
    IncidentDomain.JOURNAL,
    IncidentSeverity.CRITICAL,
    "the journal contradicts its seals, or a seal is not what it was: something was changed, cut "
    "or set back; the key says which stream or seal",
    "what does not fit is not moved to S3, and is told again each time; it is never resolved by "
    "itself",
    "keep the table as it is, run `palyra journal verify` for each owner, compare with a "
    "restored copy and the older versions in the bucket `seals` ([journal](journal.md)), then "
    "resolve it",
    by_hand("verify the journal and compare it with a restored copy"),
    Ending.ROOM,
)
APPROVAL_WAITS = IncidentKind(
    "approval-waits",
    IncidentDomain.APPROVAL,
    IncidentSeverity.MEDIUM,
    "somebody is asked to approve something, and has not decided for ten minutes",
    "what asked goes on waiting until the prompt expires, and then ends denied; resolved when it "
    "is decided or has expired",
    "decide: `palyra approvals list`, then `palyra approvals approve ID` or `deny ID`",
    by_hand("approve or deny it", BlastRadius.SESSION),
    Ending.ROOM,
)

KINDS: Mapping[str, IncidentKind] = {
    kind.name: kind
    for kind in (
        *(DEAD_WORK, STALE_HEARTBEAT, FUNCTION_FAILING, CLOCK_SKEW, SWEEP_LATE),
        *(TICK_LATE, SLOTS_LATE, JOB_FAILING, JOB_UNREADABLE, JOB_BROKEN),
        *(POLICIES_FAIL, POLICIES_UNREAD),
        *(UNSENT, LANE_SLOW, UNKNOWN_KIND, CHAIN_CUT, NOT_SWEPT, DEAD_LETTER, UNREADABLE_LETTER),
        *(APPROVAL_WAITS, SEAL_LATE, JOURNAL_BROKEN),
        *node_kinds.ALL,
    )
}
