"""Consent: what a run needs a person's approval for is asked, waited for and followed.

A call waits behind the step that announced it. Where a prompt for that step exists, no call was
ever made under it: who asked did not call, and whoever comes later announces the call anew before
making it, unless it can be repeated under its key. So a rescuer knows an approved call that may
have been made from one that was not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from chalicelib.approvals.prompt import (
    ApprovalPrompt,
    ApprovalPromptRecord,
    Code,
    Kind,
    Risk,
    State,
    approval_id,
    digest,
    job_of,
)
from chalicelib.approvals.service import Approvals
from chalicelib.background.kinds import Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.store import LostClaim, WorkStore
from chalicelib.background.task import Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.journal.chain import canonical
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import Approval, Decision
from chalicelib.providers import ToolCall
from chalicelib.runs.asking import Assignment
from chalicelib.runs.step import Step
from chalicelib.runs.tools import Tool, Toolbox
from chalicelib.tables import Cancelled

_DISPATCH = "dispatch"
_LOOKS = "read"


class Refusal(NamedTuple):
    """What was asked for is not done.

    Attributes:
        reason: the code that the ledger says.
        approval_id: the prompt that was denied or expired.
    """

    reason: Reason
    approval_id: str

    @property
    def told(self) -> str:
        """Return it as a ledger says it."""
        return f"{self.reason}: {self.approval_id}"


class Spent(NamedTuple):
    """The prompt says nothing any more: the task was retried, or was not waiting; ask anew."""


type Answer = Approval | Waiting | Refusal | Spent


@dataclass(kw_only=True, eq=False, repr=False)
class Consents:
    """Asks for approvals in the name of runs."""

    approvals: Approvals
    work: WorkStore
    tools: Toolbox
    clock: Clock

    def asked(self, task: Task, step: Step) -> ApprovalPromptRecord | None:
        """Return what was asked behind a step that announced a call, or None."""
        return self.approvals.find(task.ref.owner, call_id(task.ref, step))

    def follow(self, record: ApprovalPromptRecord, task: Task) -> Answer:
        """Return what a prompt means for the task that asked."""
        if record.state is State.PENDING and record.is_over(self.clock.now()):
            record = self.approvals.close(record, Code.EXPIRED)
        if record.state is State.PENDING:
            return self._waiting(record)
        if record.state is State.APPROVED:
            return Approval.APPROVED
        if record.code == Code.WITHDRAWN or any(record.id in each.reason for each in task.history):
            return Spent()
        denied = record.state is State.DENIED
        return Refusal(Reason.APPROVAL_DENIED if denied else Reason.APPROVAL_EXPIRED, record.id)

    def to_call(
        self, task: Task, assignment: Assignment, steps: Sequence[Step], of: Decision, lease: Lease
    ) -> Approval | Waiting | Refusal:
        """Return whether the call that was announced last may be made; ask where nobody did."""
        announced = steps[-1]
        tool = self._tool(announced)
        if tool.is_idempotent and (record := self.asked(task, announced)):
            # A rescuer, of a call that the policies let pass before.
            answer = self.follow(record, task)
            if not isinstance(answer, Spent):
                return answer
        prompt = self._of_call(task, assignment, announced, tool, of)
        # What keeps its key was not announced anew for its approval: an operator wants it again.
        is_given = not tool.is_idempotent and self._given_before(task, steps)
        if is_given or self.approvals.stands(prompt):
            return Approval.APPROVED
        return self._ask(prompt, task, lease)

    def to_dispatch(
        self, task: Task, assignment: Assignment, of: Decision, lease: Lease
    ) -> Approval | Waiting | Refusal:
        """Return whether a run may begin; ask where nobody did."""
        for number in count():
            prompt = self._of_dispatch(task, assignment, of, number)
            record = self.approvals.find(task.ref.owner, prompt.id)
            if record is None:
                if self.approvals.stands(prompt):
                    return Approval.APPROVED
                return self._ask(prompt, task, lease)
            answer = self.follow(record, task)
            if not isinstance(answer, Spent):
                return answer
        raise AssertionError

    def _given_before(self, task: Task, steps: Sequence[Step]) -> bool:
        """Return whether the call was approved behind the step before, and announced anew then."""
        if len(steps) < 2 or steps[-2].content != steps[-1].content:  # noqa: PLR2004 - two steps
            return False
        record = self.asked(task, steps[-2])
        return record is not None and record.state is State.APPROVED

    def _ask(self, prompt: ApprovalPrompt, task: Task, lease: Lease) -> Waiting:
        """Ask, fenced: whoever lost the task asks nothing.

        Raises:
            LostClaim: the task was taken away.
        """
        now = self.clock.now()
        try:
            record = self.approvals.ask(prompt, [self.work.renew_write(task, now)], task.expires_at)
        except Cancelled as cancelled:
            raise LostClaim from cancelled
        lease.renewed(now)
        return self._waiting(record)

    def _waiting(self, record: ApprovalPromptRecord) -> Waiting:
        def is_over() -> bool:
            seen = self.approvals.find(record.prompt.owner, record.id)
            return seen is None or seen.state is not State.PENDING

        reason = f"approval {record.id}"
        return Waiting(reason, is_over, is_sent=True, until=record.expires_at)

    def _tool(self, announced: Step) -> Tool:
        call = announced.turn
        tool = self.tools.find(call.tool) if isinstance(call, ToolCall) else None
        assert tool is not None  # noqa: S101 - the policies were asked about this tool
        return tool

    def _of_call(
        self, task: Task, assignment: Assignment, announced: Step, tool: Tool, of: Decision
    ) -> ApprovalPrompt:
        call = announced.turn
        assert isinstance(call, ToolCall)  # noqa: S101 - only calls are announced
        name = tool.spec.name
        lines = (
            _whose(assignment),
            tool.spec.description,
            f"arguments {canonical(call.arguments)}",
        )
        return ApprovalPrompt(
            id=call_id(task.ref, announced),
            kind=Kind.TOOL_CALL,
            step=announced.key,
            action=name,
            digest=digest(call.arguments),
            risk=risk_of(tool),
            title=f"call {name}",
            text="\n".join(filter(None, lines)),
            **_shared(task, assignment, of),
        )

    def _of_dispatch(
        self, task: Task, assignment: Assignment, of: Decision, number: int
    ) -> ApprovalPrompt:
        names, effects = list(assignment.tools), self.tools.effects(assignment.tools)
        lines = (_whose(assignment), f"tools {', '.join(names) or 'none'}", assignment.prompt)
        return ApprovalPrompt(
            id=dispatch_id(task.ref, number),
            kind=Kind.DISPATCH,
            step="",
            action=_DISPATCH,
            digest=digest({"prompt": assignment.prompt, "tools": names}),
            risk=Risk.LOW if set(effects) <= {_LOOKS} else Risk.HIGH,
            title="begin a run",
            text="\n".join(filter(None, lines)),
            **_shared(task, assignment, of),
        )


def call_id(ref: TaskRef, step: Step) -> str:
    """Return the id of the prompt behind a step that announced a call, with its arguments."""
    return approval_id(ref.owner, ref.run_id, step.key, step.content)


def dispatch_id(ref: TaskRef, number: int) -> str:
    """Return the id of a run's prompt to begin, counted from 0 by those that were withdrawn."""
    return approval_id(ref.owner, ref.run_id, _DISPATCH, str(number))


def risk_of(tool: Tool) -> Risk:
    """Return how much harm a call could do: none by looking, most by what cannot be repeated."""
    if tool.spec.effect == _LOOKS:
        return Risk.LOW
    return Risk.MEDIUM if tool.is_idempotent else Risk.HIGH


def _whose(assignment: Assignment) -> str:
    name = assignment.routine.name
    return f"for {name}" if name else ""


def _basis(assignment: Assignment) -> str:
    routine = assignment.routine
    return digest(
        {
            "prompt": assignment.prompt,
            "tools": list(assignment.tools),
            "schedule": routine.schedule,
            "created_by": routine.created_by,
        }
    )


def _shared(task: Task, assignment: Assignment, of: Decision) -> dict[str, Any]:
    """Return what prompts for a call and for a dispatch have in common."""
    askers = (assignment.routine.created_by, task.requested_by)
    return {
        "owner": task.ref.owner,
        "task": task.ref.id,
        "run_id": task.ref.run_id,
        "job_id": job_of(task.ref),
        "basis": _basis(assignment),
        "askers": tuple(dict.fromkeys(filter(None, askers))),
        "policies": of.policies,
        "policy_set": of.policy_set,
    }
