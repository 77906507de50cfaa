"""A run: model -> tool calls -> model, each step a checkpoint, until the model answers.

Every tool call is authorized on its own. A refused call is not the end of a run: the model is
told. A rescuer reads the transcript up to the task's checkpoint and goes on behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.background.store import WorkStore
from chalicelib.background.task import Checkpoint, Task
from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import NotFound
from chalicelib.policy import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity, PolicyEngine
from chalicelib.providers import Answer, Conversation, ModelProvider, ToolCall, ToolResult, Turn
from chalicelib.runs.step import Step, encode, first_link, transcript
from chalicelib.runs.store import RunHeader, RunStore
from chalicelib.runs.tools import Toolbox


class TooManySteps(Exception):
    """The run made as many steps as it may without coming to an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a run is asked to do, and what it may use."""

    prompt: str
    tools: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as readers see it: its header, and the steps that count."""

    header: RunHeader
    steps: Sequence[Step]

    @property
    def result(self) -> str | None:
        """Return the answer, or None while there is none."""
        turn = self.steps[-1].turn if self.steps else None
        return turn.text if isinstance(turn, Answer) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunService:
    """Carries out and shows runs."""

    runs: RunStore
    work: WorkStore
    provider: ModelProvider
    tools: Toolbox
    policy: PolicyEngine
    clock: Clock
    max_steps: int

    def open(self, task: Task, assignment: Assignment, decision: Decision) -> None:
        """Put the header of a task's run, with the decision that allowed it."""
        self.runs.open(
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
        steps = self._accepted(task)
        while not (steps and isinstance(steps[-1].turn, Answer)):
            if len(steps) >= self.max_steps:
                raise TooManySteps(f"no answer after {self.max_steps} steps")
            turn = self._next_turn(task, assignment, [step.turn for step in steps])
            steps.append(self._accept(task, steps, turn))

    def view(self, owner: str, run_id: str) -> RunView:
        """Return a run with the steps that count.

        Raises:
            NotFound: the owner has no such run.
        """
        header = self.runs.header(owner, run_id)
        if header is None:
            raise NotFound(f"there is no run {run_id!r:.120}")
        last = header.last
        if header.state is None:
            task = self.work.get(header.task)
            last = task.checkpoint if task else None
        return RunView(header=header, steps=transcript(self.runs.steps(owner, run_id), last))

    def close(self, task: Task) -> None:
        """Write the end of a task's run: its last write."""
        self.runs.close(task)

    def is_closed(self, task: Task) -> bool:
        """Return whether a task's run has its end."""
        header = self.runs.header(task.ref.owner, task.ref.run_id)
        return header is not None and header.state is not None

    def head_link(self, task: Task) -> str:
        """Return the link of a run's last accepted step: what its terminal event anchors."""
        return _head(task, self._accepted(task))

    def _accepted(self, task: Task) -> list[Step]:
        if task.checkpoint is None:
            return []
        return transcript(self.runs.steps(task.ref.owner, task.ref.run_id), task.checkpoint)

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
            previous_link=_head(task, steps),
            at=rfc3339(now),
            content=encode(turn),
        )
        self.runs.put_step(task.ref.owner, step, now)
        self.work.checkpoint(task, step.checkpoint.seq, now)
        return step


def _head(task: Task, steps: Sequence[Step]) -> str:
    return steps[-1].link if steps else first_link(task.ref.run_id)
