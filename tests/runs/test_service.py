from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.kinds import Stopped
from chalicelib.background.lease import Lease, LeaseIsOver
from chalicelib.background.rows import WorkRow
from chalicelib.background.store import End, LostClaim
from chalicelib.background.task import Checkpoint, Outcome, State, Task
from chalicelib.policy.engine import PolicyEngine
from chalicelib.providers import Answer, Conversation, ToolCall, ToolResult, ToolSpec, Turn
from chalicelib.runs.asking import Assignment
from chalicelib.runs.service import Progress, RunService, TooManySteps
from chalicelib.runs.tools import Invocation, Tool, Toolbox
from chalicelib.scheduler.dispatch import Dispatch
from tests.support.faults import Crash, before, crash
from tests.support.tasks import SECOND, claimed
from tests.support.world import MINUTE, World

HEALTH = Assignment(prompt="Summarize health", tools=["system.health"])


class Script:
    """A model that says what it is told to."""

    name = "script"
    deadline = SECOND

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


def a_lease(world: World, task: Task, lasting: timedelta = 280 * SECOND) -> Lease:
    return world.services.worker._lease(task, world.clock.now() + lasting)


def turns(world: World, runs: RunService, task: Task) -> Sequence[Turn]:
    return [step.turn for step in runs.transcripts.accepted(world.task(task.ref))]


def test_the_model_hears_prompt_tools_and_what_was_said_so_far(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = script = Script(ToolCall("system.health"), Answer("fine"))

    runs.execute(task, HEALTH, a_lease(world, task))

    first, second = script.heard
    assert first.prompt == "Summarize health"
    assert [tool.name for tool in first.tools] == ["system.health"]
    assert [type(turn) for turn in second.turns] == [ToolCall, ToolResult]


def test_a_tool_that_was_not_granted_is_refused_and_the_model_is_told(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(ToolCall("system.health"), Answer("I was refused"))

    runs.execute(task, Assignment(prompt="Summarize health", tools=[]), a_lease(world, task))

    assert turns(world, runs, task)[1] == ToolResult(
        "system.health", ok=False, content={"refused": "tool.not_granted"}
    )


def test_a_tool_that_does_not_exist_is_refused_and_the_model_is_told(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(ToolCall("rm.rf"), Answer("I was refused"))

    runs.execute(task, HEALTH, a_lease(world, task))

    assert turns(world, runs, task)[1] == ToolResult(
        "rm.rf", ok=False, content={"refused": "there is no such tool"}
    )


def test_a_policy_that_forbids_a_tool_is_asked_at_the_call(
    world: World, runs: RunService, task: Task
) -> None:
    runs.policy = PolicyEngine("forbid(principal, action, resource);")
    runs.provider = Script(ToolCall("system.health"), Answer("I was refused"))

    runs.execute(task, HEALTH, a_lease(world, task))

    assert turns(world, runs, task)[1] == ToolResult(
        "system.health", ok=False, content={"refused": "policy.forbidden"}
    )


def test_a_run_that_does_not_come_to_an_answer_stops(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(*[ToolCall("system.health")] * 20)
    runs.max_steps = 6

    with pytest.raises(TooManySteps):
        runs.execute(task, HEALTH, a_lease(world, task))


def test_a_run_that_has_its_answer_makes_no_further_step(
    world: World, runs: RunService, task: Task
) -> None:
    runs.provider = Script(Answer("done"))
    runs.execute(task, HEALTH, a_lease(world, task))

    runs.execute(world.task(task.ref), HEALTH, a_lease(world, task))

    assert turns(world, runs, task) == [Answer("done")]


POST = Assignment(prompt="Tell them", tools=["post"])


@dataclass
class Outside:
    """A tool that reaches outside, and what came of its calls."""

    keys: list[str] = field(default_factory=list)
    during: Callable[[], None] = bool  # type: ignore[assignment]

    def call(self, invocation: Invocation) -> Mapping[str, Any]:
        self.keys.append(invocation.key)
        self.during()
        return {"sent": True}

    def install(self, runs: RunService, *, is_idempotent: bool = False) -> None:
        spec = ToolSpec(name="post", effect="read", description="Posts.")
        tool = Tool(spec=spec, call=self.call, is_idempotent=is_idempotent, deadline=30 * SECOND)
        runs.tools = Toolbox([tool])


@pytest.fixture
def outside(runs: RunService) -> Outside:
    made = Outside()
    made.install(runs)
    return made


def script(runs: RunService, *replies: ToolCall | Answer) -> Script:
    runs.provider = made = Script(*replies)
    return made


def rescued(world: World, task: Task, name: str = "rescuer") -> Task:
    world.clock.move(MINUTE + SECOND)
    return claimed(world, task.ref, name)


def die_in_the_call(world: World, runs: RunService, task: Task, outside: Outside) -> None:
    def die() -> None:
        raise Crash

    outside.during = die
    script(runs, ToolCall("post"))
    with pytest.raises(Crash):
        runs.execute(task, POST, a_lease(world, task))
    outside.during = bool  # type: ignore[assignment]


class TestIntents:
    def test_a_call_carries_the_run_and_the_step_that_announced_it(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, ToolCall("post"), ToolCall("post"), Answer("done"))

        assert runs.execute(task, POST, a_lease(world, task)) is Progress.ANSWERED

        assert outside.keys == [f"{task.ref.run_id}#1", f"{task.ref.run_id}#3"]

    def test_a_call_is_announced_before_it_is_made(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        seen: list[Checkpoint | None] = []
        outside.during = lambda: seen.append(world.task(task.ref).checkpoint)
        script(runs, ToolCall("post"), Answer("done"))

        runs.execute(task, POST, a_lease(world, task))

        assert seen == [Checkpoint(task.token, 1)]

    def test_an_announced_call_of_unknown_outcome_is_not_repeated(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        die_in_the_call(world, runs, task, outside)
        script(runs)
        rescuer = rescued(world, task)

        assert runs.execute(rescuer, POST, a_lease(world, rescuer)) is Progress.UNKNOWN
        assert len(outside.keys) == 1

    def test_one_of_an_idempotent_tool_is_repeated_with_the_same_key(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        outside.install(runs, is_idempotent=True)
        die_in_the_call(world, runs, task, outside)
        script(runs, Answer("done"))
        rescuer = rescued(world, task)

        assert runs.execute(rescuer, POST, a_lease(world, rescuer)) is Progress.ANSWERED
        assert outside.keys == [f"{task.ref.run_id}#1"] * 2
        assert len(turns(world, runs, task)) == 3

    def test_a_retry_makes_it_once_more_under_a_new_intent(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        retried = self.retried(world, runs, task, outside)
        script(runs, Answer("done"))

        assert runs.execute(retried, POST, a_lease(world, retried)) is Progress.ANSWERED
        assert outside.keys == [f"{task.ref.run_id}#1", f"{task.ref.run_id}#2"]
        assert [type(turn) for turn in turns(world, runs, task)] == [
            ToolCall,
            ToolCall,
            ToolResult,
            Answer,
        ]

    def test_a_retry_that_dies_in_the_call_makes_it_no_third_time(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        retried = self.retried(world, runs, task, outside)
        die_in_the_call(world, runs, retried, outside)
        rescuer = rescued(world, task, "second")

        assert runs.execute(rescuer, POST, a_lease(world, rescuer)) is Progress.UNKNOWN
        assert len(outside.keys) == 2

    def test_a_worker_that_was_rescued_before_its_intent_makes_no_call(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, ToolCall("post"))

        with (
            before("PutItem", "runs", lambda: rescued(world, task)),
            pytest.raises(LostClaim),
        ):
            runs.execute(task, POST, a_lease(world, task))

        assert outside.keys == []

    def test_a_worker_that_was_frozen_after_its_intent_makes_no_call(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, ToolCall("post"))
        lease = a_lease(world, task)
        authorize = runs.policy.authorize

        def freeze(*request: Any) -> Any:
            world.clock.move(MINUTE)
            return authorize(*request)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(runs.policy, "authorize", freeze)
            with pytest.raises(LeaseIsOver):
                runs.execute(task, POST, lease)

        assert outside.keys == []

    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("number", range(1, 6))
    def test_no_death_makes_a_call_twice(
        self,
        world: World,
        runs: RunService,
        task: Task,
        outside: Outside,
        number: int,
        *,
        after: bool,
    ) -> None:
        script(runs, ToolCall("post"), Answer("done"))
        with pytest.raises(Crash), crash(number, after=after):
            runs.execute(task, POST, a_lease(world, task))
        made = len(outside.keys)
        rescuer = rescued(world, task)
        announced = rescuer.checkpoint is not None and rescuer.checkpoint.seq == 1
        script(runs, *([] if rescuer.checkpoint else [ToolCall("post")]), Answer("done"))

        progress = runs.execute(rescuer, POST, a_lease(world, rescuer))

        assert progress is (Progress.UNKNOWN if announced else Progress.ANSWERED)
        assert len(outside.keys) <= 1
        assert made <= len(outside.keys)

    def retried(self, world: World, runs: RunService, task: Task, outside: Outside) -> Task:
        die_in_the_call(world, runs, task, outside)
        rescuer = rescued(world, task)
        work, now = world.services.worker.work, world.clock.now()
        ended = work.end(rescuer, End(State.UNKNOWN, Outcome.FIRED, ""), now)
        WorkRow.transact(work.retry_write(ended, now, now))
        return claimed(world, task.ref, "retried")


class TestInterruptions:
    def test_come_between_two_steps_where_the_next_would_outlast_the_function(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, ToolCall("post"), Answer("done"))

        progress = runs.execute(task, POST, a_lease(world, task, 30 * SECOND))

        assert progress is Progress.INTERRUPTED
        assert len(outside.keys) == 1
        assert [type(turn) for turn in turns(world, runs, task)] == [ToolCall, ToolResult]

    def test_never_come_before_the_first_step(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, Answer("done"))

        assert runs.execute(task, POST, a_lease(world, task, 0 * SECOND)) is Progress.ANSWERED
        assert outside.keys == []

    def test_leave_a_run_that_another_invocation_goes_on_with(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        heard = script(runs, ToolCall("post"), Answer("done"))
        runs.execute(task, POST, a_lease(world, task, 0 * SECOND))
        now = world.clock.now()
        world.services.worker.work.go_on(task, now, now)
        again = claimed(world, task.ref, "b")

        assert runs.execute(again, POST, a_lease(world, again)) is Progress.ANSWERED
        assert len(heard.heard) == 2
        assert len(outside.keys) == 1


class TestStopping:
    def test_comes_at_a_checkpoint_and_before_the_call(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, ToolCall("post"), Answer("done"))
        world.services.worker.work.request_cancel(task, world.clock.now(), "no")

        with pytest.raises(Stopped):
            runs.execute(task, POST, a_lease(world, task))

        assert outside.keys == []
        assert [type(turn) for turn in turns(world, runs, task)] == [ToolCall]

    def test_does_not_discard_an_answer(
        self, world: World, runs: RunService, task: Task, outside: Outside
    ) -> None:
        script(runs, Answer("done"))
        world.services.worker.work.request_cancel(task, world.clock.now(), "no")

        assert runs.execute(task, POST, a_lease(world, task)) is Progress.ANSWERED
        assert outside.keys == []
