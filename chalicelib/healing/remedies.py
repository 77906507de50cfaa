"""Remedies: what can be done about incidents. Each is safe to do twice, and says what it did."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.background.gate.store import GateStore
from chalicelib.background.heartbeats.record import HeartbeatKey
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.looking import SweepAction
from chalicelib.background.sweep import Sweep
from chalicelib.background.task import Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.errors import Conflict
from chalicelib.healing.causes import heartbeat_of
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.scheduler.changes import Rule
from chalicelib.scheduler.editing import Editor
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import Due
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import SYSTEM

# Moves an owner's task in an actor's name.
type Move = Callable[[str, str, str], Task]


@dataclass(kw_only=True, eq=False, repr=False)
class LookAfterTask:
    """Lets the sweep look at a task at once: requeue, fail, cancel or re-send, as is due."""

    sweep: Sweep

    def __call__(self, record: RuntimeIncidentRecord, _by: str) -> str:
        """Look, and say what the sweep did.

        Raises:
            Unavailable: AWS did not answer.
        """
        action = self.sweep.look_now(TaskRef.of(record.owner, record.subject))
        if action is SweepAction.NOTHING:
            return "the sweep found nothing to do: the task has ended, or is not due"
        return f"the sweep looked at the task, and did this: {action}"


@dataclass(kw_only=True, eq=False, repr=False)
class MoveTask:
    """Moves a task as an operator does, journaled as such."""

    move: Move
    did: str

    def __call__(self, record: RuntimeIncidentRecord, by: str) -> str:
        """Move it.

        Raises:
            NotFound: there is no such task any more.
            Conflict: it is not in a state that allows it.
            Unavailable: AWS did not answer.
        """
        task = self.move(record.owner, by, record.subject)
        return f"{self.did}: it is {task.shown_state}"


@dataclass(kw_only=True, eq=False, repr=False)
class HandOver:
    """Hands over what is due, of one job or of all, in the tick's place."""

    jobs: JobStore
    handover: Handover
    gates: GateStore
    clock: Clock

    def __call__(self, record: RuntimeIncidentRecord, _by: str) -> str:
        """Hand over, and say how many slots that were.

        Raises:
            InvalidSchedule: a job's schedule cannot be read.
            Unavailable: AWS did not answer.
        """
        now, gate = self.clock.now(), self.gates.read()
        sent = missed = 0
        for shard in range(self.handover.shards):
            for due in self.jobs.due(shard, now + self.handover.horizon):
                if isinstance(due, Due) and _concerns(record, due):
                    handed = self.handover.hand_over(due, now, gate)
                    sent, missed = sent + handed.sent, missed + handed.missed
        return f"{sent} slots were handed over, and {missed} were too late to run"


@dataclass(kw_only=True, eq=False, repr=False)
class ChangeJob:
    """Writes on a job as an operator does, journaled as such."""

    editor: Editor
    rule: Rule
    did: str

    def __call__(self, record: RuntimeIncidentRecord, by: str) -> str:
        """Write.

        Raises:
            NotFound: there is no such job any more.
            Conflict: its state does not allow it.
            Unavailable: AWS did not answer, or it keeps changing.
        """
        if not self.editor.write(record.owner, by, record.subject, self.rule):
            raise Conflict("the job is so already", fix="look at it again")
        return self.did


@dataclass(kw_only=True, eq=False, repr=False)
class ClearHeartbeat:
    """Forgets the heartbeat of what is silent.

    Attributes:
        is_paired: whether it is that of a node that is paired, whose silence is no mistake.
    """

    heartbeats: HeartbeatStore
    is_paired: Callable[[HeartbeatKey], bool]

    def __call__(self, record: RuntimeIncidentRecord, _by: str) -> str:
        """Forget it, unless somebody beats under a higher token meanwhile.

        Raises:
            Conflict: it beats again, or is a node that is paired.
            Unavailable: DynamoDB did not answer.
        """
        key = heartbeat_of(record)
        heard = self.heartbeats.get(*key)
        if heard is None:
            return "it was forgotten already"
        if heard.updated_at >= record.last_seen:
            raise Conflict("it beats again", fix="nothing is to be done")
        if self.is_paired(key):
            raise Conflict("the node is paired", fix="start it again, or revoke it")
        self.heartbeats.clear(*key, heard.token)
        return "its heartbeat was forgotten"


def _concerns(record: RuntimeIncidentRecord, due: Due) -> bool:
    """Return whether a due job is the incident's; that of the tick concerns all."""
    return record.owner == SYSTEM or due.pk == f"{record.owner}#{record.subject}"
