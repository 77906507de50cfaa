"""Planted bugs of the concurrency policies: of the lock that slots wait for, hand over and take."""

from tests.simulation.bugs import FINISHED, HEADER, JUDGED, KEPT, NO_RESCUE, RAISES, bug
from tests.simulation.job_bugs import BUGS

__all__ = ["BUGS"]
_STORE = "chalicelib.scheduler.store:JobStore."
_LOCK = "chalicelib.scheduler.locking:JobLock."
_RULES = "chalicelib.scheduler.concurrency:"
_CONCLUSION = "chalicelib.scheduler.conclusion:Conclusion."
_WORK = "chalicelib.background.store:"

NEWER = "I5 only newer slots replace"
OWN = "I4 who replaces holds its own task"
SUCCESSOR = "I5 who is replaced has a successor"
FREE = "I6 nobody waits for a free lock"
ITSELF = "I6 nobody waits for itself"
ONE_WAITS = "I5 one waits"
TRUE = "I5 queue_full is true"
TOLD = "Q3 who inherits a lock is told at once"
DECIDES = "P1 a job's policy decides"
ASKED = "C2 children are asked before their parent ends"

# Replace.

bug(
    "replace-keeps-the-token",
    "the move replace does not raise the token",
    "taken-over replaced",
    RAISES,
    (
        f"{_WORK}_taking",
        "WorkRow.token.set(WorkRow.token + 1)",
        "WorkRow.token.set(WorkRow.token + (move is not Move.REPLACE))",
    ),
)
bug(
    "replaced-by-an-older-one",
    "whoever comes replaces whoever holds the lock",
    "too-old",
    NEWER,
    (f"{_RULES}_replace", "held.active > task.ref.sk", "False"),
)
bug(
    "replaced-by-a-zombie",
    "who replaces another does not ask whether it still has its own task",
    "called-back",
    OWN,
    (
        "chalicelib.background.store:WorkStore.renew_write",
        "_mine(task)",
        "WorkRow.pk.exists()",
    ),
)
bug(
    "replaced-beside-the-lock",
    "a slot is ended, and then its lock is taken",
    "taken-over replaced",
    SUCCESSOR,
    (
        f"{_STORE}replace",
        "HotRow.transact(*others, lock)",
        "HotRow.transact(*others)\n    HotRow.transact(lock)",
    ),
)
bug(
    "replaced-without-judgement",
    "a slot replaces another whatever has become of its job",
    "paused-or-replaced deleted-or-replaced",
    JUDGED,
    (f"{_STORE}replace", "if not task.has_fired:", "if False:"),
)
bug(
    "replaced-and-forgotten",
    "a replaced slot leaves the index at once, and its end is recorded by who replaced it alone",
    "replaced",
    (FINISHED, HEADER),
    (
        f"{_WORK}WorkStore.replace_write",
        "taken = self._taken(reason, now)",
        (
            "taken = [*self._over(reason, now), WorkRow.open_lane.remove(),"
            " WorkRow.wake_at.remove()]"
        ),
    ),
)
bug(
    "replaced-parent-leaves-children",
    "what a replaced slot has delegated is not asked to stop",
    "replaced-parent",
    ASKED,
    (f"{_LOCK}_childless", "if holder is None or not holder.children:", "if True:"),
)
bug(
    "replaced-by-yesterdays-policy",
    "a slot replaces another by what the job's policy was when it looked",
    "policy-withdrawn",
    DECIDES,
    (f"{_STORE}replace", " & (HotRow.ver == held.ver)", ""),
)
bug(
    "every-job-replaces",
    "a job that forbids replaces",
    "forbidden",
    DECIDES,
    (
        f"{_RULES}meet",
        "if policy is CronConcurrencyPolicy.REPLACE:",
        "if policy is not CronConcurrencyPolicy.QUEUE_ONE:",
    ),
)

bug(
    "replacing-it-goes-on-waiting",
    "who replaces the slot that it has waited for is still named as the waiter",
    "policy-changed",
    ITSELF,
    (f"{_STORE}replace", "if held.pending == task.ref.sk:", "if False:"),
)

# QueueOne.

bug(
    "waiter-takes-itself-for-another",
    "a waiter whose message comes again finds the queue full, of itself",
    "resent-waiter",
    TRUE,
    (f"{_RULES}asks_for_waiter", '{"", task.ref.sk}', '{""}'),
)
bug(
    "dead-waiter-fills-the-queue",
    "whoever is named as the waiter fills the queue, also one that has ended",
    "waiters-place cancelled-waiter",
    TRUE,
    (f"{_RULES}meet", "if _is_live(waiter):", "if waiter is not None:"),
)
bug(
    "waiting-for-whoever-it-is",
    "a waiter is named although the holder that it saw has gone",
    "queued waiting crowded",
    FREE,
    (f"{_STORE}wait", "holder & waiter)", "waiter)"),
)
bug(
    "waiters-place-taken",
    "a waiter is named over another one who came first",
    "queue-full",
    ONE_WAITS,
    (f"{_STORE}wait", "holder & waiter)", "holder)"),
)
bug(
    "release-past-the-waiter",
    "a lock is freed although somebody waits for it",
    "waiting queued",
    FREE,
    (f"{_STORE}_free", "as_seen & HotRow.pending.does_not_exist()", "as_seen"),
)
bug(
    "heir-goes-on-waiting",
    "who inherits a lock is still named as its waiter",
    "waiting queued",
    ITSELF,
    (f"{_STORE}_hand_over", ", HotRow.pending.remove()", ""),
)
bug(
    "inherited-under-a-token",
    "a lock is handed over under a token that its heir has not come to",
    "waiting queued",
    KEPT,
    (f"{_STORE}_hand_over", "HotRow.active_token.set(0)", "HotRow.active_token.set(99)"),
)
bug(
    "heir-not-told",
    "who inherits a lock is sent no message",
    "waiting holder-cancelled",
    TOLD,
    (f"{_CONCLUSION}_wake", "self.courier.send(waiter)", "pass"),
)
bug(
    "heir-does-not-look",
    "a slot that is put back to wait does not look whether it has the lock by then",
    "overheard",
    TOLD,
    (f"{_LOCK}_waiting", "hot is not None and hot.active == task.ref.sk", "False"),
)
bug(
    "waiting-costs-an-attempt",
    "a slot that waits keeps its claim's count",
    "waiting",
    NO_RESCUE,
    (f"{_WORK}WorkStore.park", "WorkRow.held.set(0),", ""),
)
bug(
    "waiter-lets-itself-go",
    "a slot that finds another one live does not wait, but helps it away",
    "waiting queued",
    KEPT,
    (f"{_RULES}meet", "return Encounter.WAIT", "return Encounter.HELP_AWAY"),
)
bug(
    "closed-instead-of-waiting",
    "a slot that should wait is skipped",
    "waiting queued",
    DECIDES,
    (
        f"{_RULES}meet",
        "return Encounter.WAIT",
        "return Close(Outcome.SKIPPED, Reason.OVERLAP)",
    ),
)
