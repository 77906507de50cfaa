"""A run: model -> tool calls -> model, each step a checkpoint, until the model answers.

Every tool call is authorized on its own. A refused call is not the end of a run: the model is
told. A rescuer reads the transcript up to the task's checkpoint and goes on behind it.

The step in which the model asks for a tool is the intent of the call: only the worker whose intent
was accepted makes the call. A rescuer that finds an intent without a result cannot know whether
the call was made: it makes it again, with the same key, only if the tool is idempotent.

What the policies allow only with an approval waits for one, without a worker; denied or expired,
it is the end of the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from chalicelib.background.kinds import Stopped, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.task import Checkpoint, Task
from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import Unavailable
from chalicelib.journal.chain import canonical
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import Approval, Authorizer, Decision
from chalicelib.providers import Answer, Conversation, ModelProvider, ToolCall, ToolResult, Turn
from chalicelib.redaction import MARK
from chalicelib.runs import asking
from chalicelib.runs.asking import Assignment
from chalicelib.runs.consent import Consents, Refusal
from chalicelib.runs.step import Step, encode, first_link
from chalicelib.runs.store import RunHeader
from chalicelib.runs.tools import Invocation, NotYet, OutcomeUnknown, Tool, Toolbox
from chalicelib.runs.transcripts import Transcripts

# The call as it was announced is all that is kept of it, and it is not the call that was meant.
_REDACTED = "its arguments hold a secret, or the mark that one was redacted"


class TooManySteps(Exception):
    """The run made as many steps as it may without coming to an answer."""


class Progress(StrEnum):
    """How far a run has come."""

    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


@dataclass(kw_only=True, eq=False, repr=False)
class RunService:
    """Carries out runs."""

    transcripts: Transcripts
    provider: ModelProvider
    tools: Toolbox
    policy: Authorizer
    consents: Consents
    clock: Clock
    max_steps: int

    def admit(self, task: Task, assignment: Assignment, lease: Lease) -> Decision | Waiting:
        """Ask whether the run of a claimed task may begin, and people where policies want that.

        Raises:
            LostClaim: the task was taken away.
            Unavailable: the policies could not be read.
        """
        decision = self.authorize(task, assignment)
        if not decision.needs_approval:
            return decision
        answer = self.consents.to_dispatch(task, assignment, decision, lease)
        if isinstance(answer, Waiting):
            return answer
        if isinstance(answer, Refusal):
            return replace(decision, reason=answer.reason, missing=())
        return self.authorize(task, assignment.approved)

    def authorize(self, task: Task, assignment: Assignment) -> Decision:
        """Ask whether the run of a claimed task may begin.

        Raises:
            Unavailable: the policies could not be read, which decides nothing about a slot that
                will not come again: the lease ends, and it is asked anew.
        """
        question = asking.dispatch(task.ref, self._told(task, assignment))
        decision = self.policy.authorize(*question)
        if decision.reason is Reason.UNAVAILABLE:
            raise Unavailable(decision.reason.told, fix="it is tried again")
        return replace(decision, asked=question.context)

    def open(self, task: Task, assignment: Assignment, decision: Decision) -> None:
        """Put the header of a task's run, with the decision that allowed it."""
        self.transcripts.runs.open(
            RunHeader(
                run_id=task.ref.run_id,
                task=task.ref,
                prompt=assignment.prompt,
                provider=self.provider.name,
                policies=",".join(decision.policies),
                policy_set=decision.policy_set,
                asked=canonical(decision.asked) if decision.asked else "",
                started_at=self.clock.now(),
            )
        )

    def execute(
        self, task: Task, assignment: Assignment, lease: Lease
    ) -> Progress | Waiting | Refusal:
        """Carry out a claimed task's run, from its checkpoint to its answer.

        It is interrupted, between two steps, where the next one would outlast the function; and
        its outcome is unknown where an outside call may have been made and must not be repeated.
        It waits where a call needs an approval or is answered later, and is refused where the
        approval is denied or expired.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
            TooManySteps: the run does not come to an answer.
        """
        steps = self.transcripts.accepted(task)
        halted = self._resumed(task, steps, lease)
        if halted is not None:
            return halted
        first = len(steps)
        while not (steps and isinstance(steps[-1].turn, Answer)):
            if len(steps) >= self.max_steps:
                raise TooManySteps(f"no answer after {self.max_steps} steps")
            if len(steps) > first and self._must_stop(steps, lease):
                return Progress.INTERRUPTED
            try:
                turn = self._next_turn(task, assignment, steps, lease)
            except NotYet as waits:
                return Waiting(waits.reason, waits.is_there, is_sent=True)
            except OutcomeUnknown:
                return Progress.UNKNOWN
            if isinstance(turn, Waiting | Refusal):
                return turn
            steps.append(self._accept(task, steps, turn, lease))
        return Progress.ANSWERED

    def _resumed(
        self, task: Task, steps: list[Step], lease: Lease
    ) -> Progress | Waiting | Refusal | None:
        """Return why a run cannot go on from its last step, or None where it can."""
        announced = steps[-1].turn if steps else None
        if not isinstance(announced, ToolCall):
            return None
        record = None if _is_wanted_again(task) else self.consents.asked(task, steps[-1])
        if record is None:
            return None if self._may_go_on(task, steps, lease) else Progress.UNKNOWN
        answer = self.consents.follow(record, task)
        if isinstance(answer, Waiting | Refusal):
            return answer
        tool = self.tools.find(announced.tool)
        if answer is not Approval.APPROVED or (tool is not None and not tool.is_idempotent):
            # Nothing was called under this step, and nothing ever is: the next one is the intent.
            steps.append(self._accept(task, steps, announced, lease))
        return None

    def _may_go_on(self, task: Task, steps: list[Step], lease: Lease) -> bool:
        """Return whether a call that an earlier worker announced may be made by this one."""
        announced = steps[-1].turn if steps else None
        if not isinstance(announced, ToolCall):
            return True
        if not _is_wanted_again(task):
            tool = self.tools.find(announced.tool)
            return tool is None or tool.is_idempotent
        # An operator wants it again: a new intent, so that this, too, happens once.
        steps.append(self._accept(task, steps, announced, lease))
        return True

    def _must_stop(self, steps: Sequence[Step], lease: Lease) -> bool:
        if isinstance(steps[-1].turn, ToolCall):
            return False  # It is announced: whoever comes next could not know that it was not made.
        slowest = max((tool.deadline for tool in self.tools.all()), default=timedelta())
        return lease.must_stop_before(self.provider.deadline + slowest)

    def _next_turn(
        self, task: Task, assignment: Assignment, steps: Sequence[Step], lease: Lease
    ) -> Turn | Waiting | Refusal:
        last = steps[-1] if steps else None
        if last is not None and isinstance(last.turn, ToolCall):
            return self._call(task, assignment, last.turn, steps, lease)
        specs = self.tools.specs(assignment.tools)
        turns = [step.turn for step in steps]
        with lease.step(self.provider.deadline):
            return self.provider.reply(
                Conversation(prompt=assignment.prompt, tools=specs, turns=turns)
            )

    def _call(
        self,
        task: Task,
        assignment: Assignment,
        call: ToolCall,
        steps: Sequence[Step],
        lease: Lease,
    ) -> ToolResult | Waiting | Refusal:
        tool = self.tools.find(call.tool)
        if tool is None:
            return ToolResult(call.tool, ok=False, content={"refused": "there is no such tool"})
        if MARK in encode(call):
            return ToolResult(call.tool, ok=False, content={"refused": _REDACTED})
        decision = self._authorize(task, assignment, tool)
        if decision.needs_approval:
            answer = self.consents.to_call(task, assignment, steps, decision, lease)
            if isinstance(answer, Waiting | Refusal):
                return answer
            decision = self._authorize(task, assignment.approved, tool)
        if not decision.allowed:
            return ToolResult(call.tool, ok=False, content={"refused": decision.reason})
        key = f"{task.ref.run_id}#{steps[-1].checkpoint.seq}"
        invocation = Invocation(task.ref.owner, key, call.arguments, task.ref.id)
        if not tool.is_idempotent:
            lease.before_outside_call()
        with lease.step(tool.deadline):
            return ToolResult(call.tool, ok=True, content=tool.call(invocation))

    def _authorize(self, task: Task, assignment: Assignment, tool: Tool) -> Decision:
        return self.policy.authorize(*asking.call(task.ref, self._told(task, assignment), tool))

    def _told(self, task: Task, assignment: Assignment) -> Mapping[str, Any]:
        """Return what policies are told of a task and what it was granted."""
        tools, box = list(assignment.tools), self.tools
        told = asking.context_of(task.ref, task.requested_by, assignment.routine, tools, box)
        return told.document()

    def _accept(self, task: Task, steps: Sequence[Step], turn: Turn, lease: Lease) -> Step:
        now = self.clock.now()
        step = Step(
            run_id=task.ref.run_id,
            checkpoint=Checkpoint(task.token, len(steps) + 1),
            previous=steps[-1].key if steps else "",
            previous_link=steps[-1].link if steps else first_link(task.ref.run_id),
            at=rfc3339(now),
            content=encode(turn),
        )
        self.transcripts.runs.put_step(task.ref.owner, step, now)
        accepted = self.transcripts.work.checkpoint(task, step.checkpoint.seq, step.link, now)
        lease.renewed(now)
        if accepted.cancel is not None and not isinstance(turn, Answer):
            raise Stopped
        return step


def _is_wanted_again(task: Task) -> bool:
    """Return whether an operator wants the call made again that the task announced last.

    An approval that was given for it was for the call whose end nobody knows, and is used up.
    """
    return task.repeat is not None and task.repeat == task.checkpoint
