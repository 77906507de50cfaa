"""The kind of task that is a prompt."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Outcome, State, Task
from chalicelib.errors import Invalid, NotFound
from chalicelib.policy.engine import PolicyEngine
from chalicelib.providers import Answer, Conversation, ToolCall, ToolSpec
from chalicelib.runs.prompt import KIND, OUTCOME_UNKNOWN, Prompt, PromptCheck
from chalicelib.runs.tools import Invocation, Tool, Toolbox
from tests.support.faults import Crash
from tests.support.tasks import OPERATOR, SECOND
from tests.support.world import MINUTE, World


def ask(world: World, payload: Mapping[str, Any], **fields: Any) -> Task:
    draft = TaskDraft(kind=KIND, payload=payload, **fields)
    return world.services.tasks.create("main", OPERATOR, draft).task


def prompts(world: World) -> Prompt:
    kind = world.services.worker.kinds[KIND]
    assert isinstance(kind, Prompt)
    return kind


def test_a_prompt_is_answered(world: World) -> None:
    task = ask(world, {"prompt": "How are you?"})

    world.services.handle(task.ref)

    view = world.services.transcripts.view("main", task.ref.id)
    assert (world.task(task.ref).state, view.header.prompt) == (State.SUCCEEDED, "How are you?")
    assert view.result is not None
    assert view.header.state is State.SUCCEEDED
    assert len(world.events("run.finished")) == 1


def test_a_large_prompt_is_heard_whole(world: World) -> None:
    task = ask(world, {"prompt": "x" * 16_384})
    assert task.payload_key

    world.services.handle(task.ref)

    assert world.services.transcripts.view("main", task.ref.id).header.prompt == "x" * 16_384


def test_a_prompt_that_the_policies_refuse_is_closed_with_its_event(world: World) -> None:
    prompts(world).runs.policy = PolicyEngine("forbid(principal, action, resource);")
    task = ask(world, {"prompt": "Hello"})

    world.services.handle(task.ref)

    closed = world.task(task.ref)
    assert (closed.state, closed.outcome, closed.reason) == (
        State.CLOSED,
        Outcome.DENIED,
        "policy.forbidden",
    )
    (event,) = world.events("task.denied")
    assert task.ref.id in event.content
    with pytest.raises(NotFound):
        world.services.transcripts.view("main", task.ref.id)


def test_a_prompt_that_has_begun_is_not_authorized_again(world: World) -> None:
    task = ask(world, {"prompt": "Hello", "tools": ["system.health"]})
    world.services.worker.handle(task.ref, world.clock.now())
    prompts(world).runs.policy = PolicyEngine("forbid(principal, action, resource);")

    world.services.handle(task.ref)

    assert world.task(task.ref).state is State.SUCCEEDED


def test_what_follows_is_asked_when_the_prompt_has_succeeded(world: World) -> None:
    task = ask(world, {"prompt": "First", "then": {"prompt": "Second"}})

    world.services.handle(task.ref)
    (second,) = world.services.worker.work.offspring(task.ref)
    world.services.handle(second.ref)

    view = world.services.transcripts.view("main", second.ref.id)
    assert (view.header.prompt, view.header.state) == ("Second", State.SUCCEEDED)


class Posting:
    """A model that asks for the same tool for ever."""

    name = "posting"
    deadline = SECOND

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        return Answer("done") if len(conversation.turns) > 2 else ToolCall("post")


def test_a_prompt_whose_call_nobody_knows_the_outcome_of_waits_for_an_operator(
    world: World,
) -> None:
    made = []

    def post(invocation: Invocation) -> Mapping[str, Any]:
        made.append(invocation.key)
        if len(made) == 1:
            raise Crash
        return {}

    runs = prompts(world).runs
    runs.provider = Posting()
    runs.tools = Toolbox([Tool(spec=ToolSpec("post", "read", "Posts."), call=post)])
    payload = {"prompt": "Post", "tools": ["post"], "then": {"prompt": "Second"}}
    world.services.tasks.kinds = {KIND: PromptCheck(tools=runs.tools)}
    task = ask(world, payload)
    with pytest.raises(Crash):
        world.services.handle(task.ref)
    world.clock.move(MINUTE + SECOND)

    world.services.handle(task.ref)

    unknown = world.task(task.ref)
    assert (unknown.state, unknown.reason) == (State.UNKNOWN, OUTCOME_UNKNOWN)
    assert world.services.worker.work.offspring(task.ref) == []
    world.services.tasks.retry("main", OPERATOR, task.ref.id)
    world.services.handle(task.ref)
    assert world.task(task.ref).state is State.SUCCEEDED
    assert made == [f"{task.ref.id}#1", f"{task.ref.id}#2"]


class TestCheck:
    @pytest.fixture
    def check(self) -> PromptCheck:
        spec = ToolSpec("time.now", "read", "Tells the time.")
        return PromptCheck(tools=Toolbox([Tool(spec=spec, call=lambda _: {})]))

    @pytest.mark.parametrize(
        "payload",
        [
            {"prompt": "Hello"},
            {"prompt": "x" * 16_384},
            {"prompt": "Hello", "tools": ["time.now"] * 32},
            {"prompt": "Hello", "then": None},
            {"prompt": "Hello", "then": {"prompt": "And?", "tools": ["time.now"]}},
        ],
    )
    def test_takes_what_can_be_carried_out(
        self, check: PromptCheck, payload: Mapping[str, Any]
    ) -> None:
        check.check(payload)

    @pytest.mark.parametrize(
        ("payload", "field"),
        [
            ({}, "payload.prompt"),
            ({"prompt": 1}, "payload.prompt"),
            ({"prompt": "  "}, "payload.prompt"),
            ({"prompt": "x" * 16_385}, "payload.prompt"),
            ({"prompt": "x", "tools": "time.now"}, "payload.tools"),
            ({"prompt": "x", "tools": ["time.now"] * 33}, "payload.tools"),
            ({"prompt": "x", "tools": ["time.now", "rm.rf"]}, "payload.tools.1"),
            ({"prompt": "x", "tools": [1]}, "payload.tools.0"),
            ({"prompt": "x", "model": "y"}, "payload.model"),
            ({"prompt": "x", "then": "y"}, "payload.then"),
            ({"prompt": "x", "then": {}}, "payload.then.prompt"),
            (
                {"prompt": "x", "then": {"prompt": "y", "then": {"prompt": ""}}},
                "payload.then.then.prompt",
            ),
        ],
    )
    def test_refuses_the_rest_by_name(
        self, check: PromptCheck, payload: Mapping[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as invalid:
            check.check(payload)

        assert [fault.field for fault in invalid.value.faults] == [field]

    @pytest.mark.parametrize(("count", "taken"), [(8, True), (9, False)])
    def test_takes_so_many_prompts_that_follow_each_other(
        self, check: PromptCheck, count: int, *, taken: bool
    ) -> None:
        payload: dict[str, Any] = {"prompt": "x"}
        for _ in range(count - 1):
            payload = {"prompt": "x", "then": payload}

        if taken:
            check.check(payload)
        else:
            with pytest.raises(Invalid, match="too many prompts"):
                check.check(payload)
