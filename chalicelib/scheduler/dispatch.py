"""Dispatch: a claimed slot is locked, judged, authorized and run, or closed with a reason.

While another slot of its job is live, the job's concurrency policy says whether it is skipped,
waits or takes over. A slot whose first step was accepted is neither judged nor authorized again;
its tool calls are.
"""

from dataclasses import dataclass

from chalicelib.background.kinds import Continuation, Ending, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task
from chalicelib.clock import Clock
from chalicelib.runs.asking import Assignment, Routine
from chalicelib.runs.prompt import after
from chalicelib.runs.service import RunService
from chalicelib.scheduler.conclusion import Conclusion
from chalicelib.scheduler.events import denied
from chalicelib.scheduler.judgement import Close
from chalicelib.scheduler.locking import JobLock
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.store import JobStore


@dataclass(kw_only=True, eq=False, repr=False)
class Dispatch:
    """The kind of task that is one slot of a job."""

    jobs: JobStore
    lock: JobLock
    runs: RunService
    clock: Clock
    conclusion: Conclusion

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation | Waiting:
        """Carry out one slot.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
            Unavailable: the policies could not be read; nothing was decided.
        """
        refused = self.lock.take(task, lease)
        if isinstance(refused, Waiting):
            return refused
        if isinstance(refused, Close):
            end = _closed(refused.outcome, refused.reason)
            return Ending(end=end, is_clean=not refused.holds_lock)
        definition = self.jobs.definition(task.ref.pk)
        if definition is None:
            return Ending(end=_closed(Outcome.SUPERSEDED, Reason.GONE))
        routine = Routine(definition.name, definition.schedule_kind, definition.created_by)
        assignment = Assignment(definition.prompt, definition.tools, routine)
        if not task.has_fired:
            decision = self.runs.admit(task, assignment, lease)
            if isinstance(decision, Waiting):
                return decision
            if not decision.allowed:
                event = denied(task, decision, self.clock.now())
                return Ending(end=_closed(Outcome.DENIED, decision.reason), event=event)
            self.runs.open(task, assignment, decision)
        return after(self.runs.execute(task, assignment, lease), self.clock)


def _closed(outcome: Outcome, reason: str) -> End:
    return End(state=State.CLOSED, outcome=outcome, reason=reason)
