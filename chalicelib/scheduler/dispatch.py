"""Dispatch: a claimed slot is locked, judged, authorized and run, or closed with a reason.

Concurrency policy Forbid: while another slot of the job is live, this one is skipped. A holder
that has ended without letting go is helped away first, so no crash between end and release blocks
a job. A slot whose first step was accepted is neither judged nor authorized again; its tool calls
are.
"""

from dataclasses import dataclass

from chalicelib.background.kinds import Continuation, Ending
from chalicelib.background.lease import Lease
from chalicelib.background.store import End, LostClaim, WorkStore
from chalicelib.background.task import Outcome, State, Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.runs.prompt import after
from chalicelib.runs.service import Assignment, RunService
from chalicelib.scheduler.conclusion import Conclusion
from chalicelib.scheduler.events import denied
from chalicelib.scheduler.judgement import Close, Held, Stop, TryVersion, judge
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import Refused

_LOCK_TRIES = 8


class LockContended(Exception):
    """The job's lock changed hands at every try."""


@dataclass(kw_only=True, eq=False, repr=False)
class Dispatch:
    """The kind of task that is one slot of a job."""

    jobs: JobStore
    work: WorkStore
    runs: RunService
    clock: Clock
    conclusion: Conclusion

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation:
        """Carry out one slot.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
        """
        closed = self._lock(task)
        if closed is not None:
            return Ending(
                end=_closed(closed.outcome, closed.reason), is_clean=not closed.holds_lock
            )
        definition = self.jobs.definition(task.ref.pk)
        if definition is None:
            return Ending(end=_closed(Outcome.SUPERSEDED, "the job is gone"))
        assignment = Assignment(prompt=definition.prompt, tools=definition.tools)
        if not task.has_fired:
            decision = self.runs.authorize(task, "Job", task.ref.subject, definition.tools)
            if not decision.allowed:
                event = denied(task, decision, self.clock.now())
                return Ending(end=_closed(Outcome.DENIED, decision.reason), event=event)
            self.runs.open(task, assignment, decision)
        return after(self.runs.execute(task, assignment, lease), self.clock)

    def _lock(self, task: Task) -> Close | None:
        """Take the job's lock; say why the slot is closed where it does not run."""
        ver = task.ver
        for _ in range(_LOCK_TRIES):
            try:
                self.jobs.lock(task, ver)
            except Refused as refused:
                judgement = judge(task, ver, refused.old)
            else:
                return None
            if isinstance(judgement, Stop):
                raise LostClaim(judgement.value)
            if isinstance(judgement, TryVersion):
                ver = judgement.ver
                continue
            close = self._meet(task, judgement) if isinstance(judgement, Held) else judgement
            if close is not None:
                return close
        raise LockContended

    def _meet(self, task: Task, held: Held) -> Close | None:
        """Help a holder away that has ended; a live one forbids this slot."""
        holder = self.work.get(TaskRef(task.ref.pk, held.active))
        if holder is not None and not holder.state.is_terminal:
            return Close(Outcome.SKIPPED, "overlap", holds_lock=False)
        self.jobs.help_away(task.ref.pk, held.active, held.active_token)
        return None


def _closed(outcome: Outcome, reason: str) -> End:
    return End(state=State.CLOSED, outcome=outcome, reason=reason)
