from collections.abc import Sequence

import pytest

from chalicelib.background.task import Task
from chalicelib.policy.engine import PolicyEngine
from chalicelib.providers import Answer, Conversation, ToolCall, ToolResult, Turn
from chalicelib.runs.service import Assignment, RunService, TooManySteps
from chalicelib.scheduler.dispatch import Dispatch
from tests.support.world import World

HEALTH = Assignment(prompt="Summarize health", tools=["system.health"])


class Script:
    """A model that says what it is told to."""

    name = "script"

    def __init__(self, *replies: ToolCall | Answer) -> None:
        self.replies = list(replies)
        self.heard: list[Conversation] = []

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        self.heard.append(conversation)
        return self.replies.pop(0)


@pytest.fixture
def task(world: World) -> Task:
    job = world.job()
    world.at(1)
    return world.services.worker.work.claim(world.ref(job), "a", world.clock.now())


@pytest.fixture
def runs(world: World) -> RunService:
    dispatch = world.services.worker.kinds["firing"]
    assert isinstance(dispatch, Dispatch)
    return dispatch.runs


def turns(world: World, runs: RunService, task: Task) -> Sequence[Turn]:
    return [step.turn for step in runs.transcripts.accepted(world.task(task.ref))]


def test_the_model_hears_prompt_tools_and_what_was_said_so_far(
    runs: RunService, task: Task
) -> None:
    runs.provider = script = Script(ToolCall("system.health"), Answer("fine"))

    runs.execute(task, HEALTH)

    first, second = script.heard
    assert first.prompt == "Summarize health"
    assert [tool.name for tool in first.tools] == ["system.health"]
    assert [type(turn) for turn in second.turns] == [ToolCall, ToolResult]


def test_a_tool_that_was_not_granted_is_refused_and_the_model_is_told(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(ToolCall("system.health"), Answer("I was refused"))

    runs.execute(task, Assignment(prompt="Summarize health", tools=[]))

    assert turns(world, runs, task)[1] == ToolResult(
        "system.health", ok=False, content={"refused": "not-permitted"}
    )


def test_a_tool_that_does_not_exist_is_refused_and_the_model_is_told(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(ToolCall("rm.rf"), Answer("I was refused"))

    runs.execute(task, HEALTH)

    assert turns(world, runs, task)[1] == ToolResult(
        "rm.rf", ok=False, content={"refused": "there is no such tool"}
    )


def test_a_policy_that_forbids_a_tool_is_asked_at_the_call(
    world: World, runs: RunService, task: Task
) -> None:
    runs.policy = PolicyEngine("forbid(principal, action, resource);")
    runs.provider = Script(ToolCall("system.health"), Answer("I was refused"))

    runs.execute(task, HEALTH)

    assert turns(world, runs, task)[1] == ToolResult(
        "system.health", ok=False, content={"refused": "forbidden"}
    )


def test_a_run_that_does_not_come_to_an_answer_stops(runs: RunService, task: Task) -> None:
    runs.provider = Script(*[ToolCall("system.health")] * 20)
    runs.max_steps = 6

    with pytest.raises(TooManySteps):
        runs.execute(task, HEALTH)


def test_a_run_that_has_its_answer_makes_no_further_step(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(Answer("done"))
    runs.execute(task, HEALTH)

    runs.execute(world.task(task.ref), HEALTH)

    assert turns(world, runs, task) == [Answer("done")]
