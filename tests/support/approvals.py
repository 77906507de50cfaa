"""Approvals of tests: a tool that needs one, and who decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.approvals.prompt import ApprovalPromptRecord, Order, Scope, State, Verdict
from chalicelib.approvals.service import Approvals
from chalicelib.approvals.watch import ApprovalWatch
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Task, TaskRef
from chalicelib.policy.engine import PolicyEngine
from chalicelib.providers import Answer, Conversation, ToolCall, ToolResult, ToolSpec
from chalicelib.runs.prompt import Prompt
from chalicelib.runs.service import RunService
from chalicelib.runs.tools import Invocation, Tool
from tests.support.tasks import OPERATOR, SECOND
from tests.support.world import World

POST, PUT = "test.post", "test.put"
ASK_BEFORE_CALLS = f"""
@id("ask-before-calls")
forbid (principal, action == Action::"invoke", resource)
when {{ resource in [Tool::"{POST}", Tool::"{PUT}"] }}
unless {{ context.approval == "approved" }};
"""
ASK_BEFORE_RUNS = """
@id("ask-before-runs")
forbid (principal, action == Action::"dispatch", resource)
unless { context.approval == "approved" };
"""
ANA, BEN = "token:ana", "token:ben"


@dataclass
class Caller:
    """A model that calls each tool that it was granted once."""

    name: str = "caller"
    deadline: Any = SECOND
    arguments: Mapping[str, Any] = field(default_factory=lambda: {"to": "the team"})

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        called = sum(isinstance(turn, ToolResult) for turn in conversation.turns)
        if called < len(conversation.tools):
            return ToolCall(conversation.tools[called].name, self.arguments)
        return Answer("done")


@dataclass
class Desk:
    """A world in which some calls need an approval, and the operators who give it."""

    world: World
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in (POST, PUT):
            spec = ToolSpec(name, "read", "Posts something.")
            tool = Tool(spec=spec, call=self._call, is_idempotent=name == PUT)
            self.runs.tools._tools[name] = tool
        self.runs.provider = Caller()
        self.ask_before(ASK_BEFORE_CALLS)

    def ask_before(self, policies: str) -> None:
        """Let these policies decide, behind the defaults."""
        self.runs.policy = PolicyEngine.of_operator(policies, 1)

    @property
    def runs(self) -> RunService:
        """Return what carries out runs."""
        kind = self.world.services.worker.kinds["background_prompt"]
        assert isinstance(kind, Prompt)
        return kind.runs

    @property
    def approvals(self) -> Approvals:
        """Return the prompts."""
        return self.runs.consents.approvals

    def task(self, *tools: str, **more: Any) -> TaskRef:
        """Make a task that calls tools, and let a worker take it."""
        payload = {"prompt": "post it", "tools": list(tools)}
        draft = TaskDraft(kind="background_prompt", payload=payload, **more)
        ref = self.world.services.tasks.create("main", OPERATOR, draft).task.ref
        self.world.services.handle(ref)
        return ref

    def work(self, ref: TaskRef) -> Task:
        """Let a worker take a task's message, and return the task."""
        self.world.services.handle(ref)
        return self.world.task(ref)

    def prompts(self, state: State | None = None) -> list[ApprovalPromptRecord]:
        """Return all prompts, the pending ones first."""
        return list(self.approvals.list("main", state, None, 100).items)

    def prompt(self) -> ApprovalPromptRecord:
        """Return the one prompt that is pending."""
        (record,) = self.prompts(State.PENDING)
        return record

    def approve(self, scope: Scope | None = None, actor: str = ANA) -> ApprovalPromptRecord:
        """Approve the one prompt that is pending."""
        order = Order(Verdict.APPROVE, actor, scope, "it is fine")
        return self.approvals.decide("main", self.prompt().id, order)

    def deny(self, actor: str = BEN) -> ApprovalPromptRecord:
        """Deny the one prompt that is pending."""
        return self.approvals.decide("main", self.prompt().id, Order(Verdict.DENY, actor))

    def watch(self) -> int:
        """Let the watch run."""
        watch = ApprovalWatch(approvals=self.approvals, clock=self.world.clock)
        return watch.run(self.world.clock.now() + 45 * SECOND)

    def _call(self, invocation: Invocation) -> Mapping[str, Any]:
        self.calls.append(invocation.key)
        return {"posted": 1}
