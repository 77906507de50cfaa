"""A run: model -> tool calls -> model, each step a checkpoint, until the model answers.

Every tool call is authorized on its own. A refused call is not the end of a run: the model is
told. A rescuer reads the transcript up to the task's checkpoint and goes on behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.background.task import Checkpoint, Task
from chalicelib.clock import Clock, rfc3339
from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity
from chalicelib.providers import Answer, Conversation, ModelProvider, ToolCall, ToolResult, Turn
from chalicelib.runs.step import Step, encode, first_link
from chalicelib.runs.store import RunHeader
from chalicelib.runs.tools import Toolbox
from chalicelib.runs.transcripts import Transcripts


class TooManySteps(Exception):
    """The run made as many steps as it may without coming to an answer."""


class Assignment(NamedTuple):
    """What a run is asked to do, and what it may use."""

    prompt: str
    tools: Sequence[str]


@dataclass(kw_only=True, eq=False, repr=False)
class RunService:
    """Carries out runs."""

    transcripts: Transcripts
    provider: ModelProvider
    tools: Toolbox
    policy: PolicyEngine
    clock: Clock
    max_steps: int

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
                started_at=self.clock.now(),
            )
        )

    def execute(self, task: Task, assignment: Assignment) -> None:
        """Carry out a claimed task's run, from its checkpoint to its answer.

        Raises:
            LostClaim: the task was taken away.
            TooManySteps: the run does not come to an answer.
        """
        steps = self.transcripts.accepted(task)
        while not (steps and isinstance(steps[-1].turn, Answer)):
            if len(steps) >= self.max_steps:
                raise TooManySteps(f"no answer after {self.max_steps} steps")
            turn = self._next_turn(task, assignment, [step.turn for step in steps])
            steps.append(self._accept(task, steps, turn))

    def _next_turn(self, task: Task, assignment: Assignment, turns: Sequence[Turn]) -> Turn:
        if turns and isinstance(turns[-1], ToolCall):
            return self._call(task, assignment, turns[-1])
        specs = self.tools.specs(assignment.tools)
        return self.provider.reply(Conversation(prompt=assignment.prompt, tools=specs, turns=turns))

    def _call(self, task: Task, assignment: Assignment, call: ToolCall) -> ToolResult:
        tool = self.tools.find(call.tool)
        if tool is None:
            return ToolResult(call.tool, ok=False, content={"refused": "there is no such tool"})
        decision = self.policy.authorize(
            SYSTEM_DAEMON_PRINCIPAL,
            "invoke",
            Entity("Tool", call.tool, {"effect": tool.spec.effect}),
            {
                "owner": task.ref.owner,
                "job": task.ref.subject,
                "granted": list(assignment.tools),
                "tool": call.tool,
            },
        )
        if not decision.allowed:
            return ToolResult(call.tool, ok=False, content={"refused": decision.reason})
        return ToolResult(call.tool, ok=True, content=tool.call(task.ref.owner, call.arguments))

    def _accept(self, task: Task, steps: Sequence[Step], turn: Turn) -> Step:
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
        self.transcripts.work.checkpoint(task, step.checkpoint.seq, step.link, now)
        return step
