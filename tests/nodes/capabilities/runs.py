"""Runs that ask a node."""

from collections.abc import Mapping
from typing import Any

from chalicelib.background.task import Task, TaskRef
from chalicelib.providers import Answer, Conversation, ToolCall, ToolResult
from tests.nodes.capabilities.helper import Helper
from tests.permissions.policies import acting_as

MAY_ASK = (
    '@id("may-ask") permit (principal, action in [Action::"dispatch", Action::"invoke"],'
    ' resource) when { context.tools.containsAny(["node.invoke"]) };'
)

ASK_FIRST = (
    MAY_ASK + ' @id("ask-first") forbid (principal, action == Action::"invoke", resource)'
    ' when { resource == Tool::"node.invoke" } unless { context.approval == "approved" };'
)


class Scripted:
    """A model that calls the tool once and answers with what it was told."""

    name = "scripted"

    def __init__(self, deadline: Any, arguments: Mapping[str, Any]) -> None:
        self.deadline = deadline
        self.arguments = arguments

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        told = [turn.content for turn in conversation.turns if isinstance(turn, ToolResult)]
        return Answer(str(told[0])) if told else ToolCall("node.invoke", self.arguments)


class Runs:
    """Runs that ask the node of a helper."""

    def __init__(self, helper: Helper, policies: str = MAY_ASK, **arguments: Any) -> None:
        self.helper = helper
        helper.granted("camera.take", "disk.look")
        assert helper.api.post("/v1/policies", {"text": policies}).status == 201
        assert helper.api.send("POST", "/v1/policies/1/activate").status == 200
        told = {"node": helper.node.id, "capability": "camera.take", "arguments": {"width": 8}}
        self.services = helper.world.services
        prompt: Any = self.services.worker.kinds["background_prompt"]
        deadline = prompt.runs.provider.deadline
        prompt.runs.provider = Scripted(deadline, told | arguments)
        self.ref = self.asked()

    def asked(self) -> TaskRef:
        """Let an operator ask for another task, which is the one from now on."""
        body = {
            "kind": "background_prompt",
            "payload": {"prompt": "Take one", "tools": ["node.invoke"]},
        }
        reply = self.helper.api.post("/v1/tasks", body)
        assert reply.status == 201, reply
        self.ref = TaskRef.of("main", reply.body["id"])
        return self.ref

    def handle(self) -> Task:
        """Let a worker take the task's message; return the task as it is then."""
        with acting_as("worker"):
            self.services.handle(self.ref)
        return self.helper.world.task(self.ref)

    def answer(self) -> str:
        """Return what the run did, and was told."""
        run = self.helper.api.get(f"/v1/runs/{self.ref.run_id}").body
        return str(run["steps"])

    def cancel(self) -> None:
        """Let an operator cancel the task."""
        assert self.helper.api.post(f"/v1/tasks/{self.ref.id}/cancel", {}).status == 202

    def ask_erasure(self) -> TaskRef:
        """Let an operator ask for the task to be erased."""
        asked = {"subject": self.ref.id, "reason": "ticket 4711"}
        reply = self.helper.api.post("/v1/erasures", asked)
        assert reply.status == 202, reply
        return TaskRef.of("main", reply.body["id"])

    def erase(self, erasure: TaskRef) -> None:
        """Let workers erase what was asked for, to the end."""
        for _ in range(6):
            with acting_as("worker"):
                self.services.handle(erasure)
            self.helper.move(minutes=10)
        assert self.helper.world.task(erasure).state.is_terminal
