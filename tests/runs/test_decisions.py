"""What was decided lately, as it can be asked again."""

from datetime import timedelta

from chalicelib.functions.wiring import policies as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.policy.dry_run import Recorded
from chalicelib.policy.engine import PolicyEngine
from chalicelib.runs.decisions import KEPT, RunDecisions
from chalicelib.scheduler.dispatch import Dispatch
from tests.support.world import World

STOP = PolicyEngine("")


def recent(world: World, limit: int = 50) -> list[Recorded]:
    of = Container(settings=world.settings, clock=world.clock, random_bytes=lambda n: b"7" * n)
    decisions = wiring.policies(of).recent
    assert isinstance(decisions, RunDecisions)
    return list(decisions.recent("main", limit))


def told(world: World) -> list[tuple[str, str]]:
    return [(each.question.action, each.tool) for each in recent(world)]


def test_a_run_was_asked_about_its_beginning_and_each_tool_it_was_granted(world: World) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))

    dispatch, call = recent(world)

    assert (dispatch.task_id, dispatch.at) == (world.ref(job).id, world.clock.now())
    assert (dispatch.question.action, dispatch.question.resource.id) == ("dispatch", job.id)
    assert dispatch.question.context == {
        "owner": "main",
        "name": "health",
        "trigger": "schedule",
        "schedule": "every",
        "created_by": "token:test",
        "requested_by": "",
        "tools": ["system.health"],
        "effects": ["read"],
        "capabilities": ["system:read"],
        "approval": "not_required",
    }
    assert (call.tool, call.question.context["subject"]) == ("system.health", job.id)
    assert all(PolicyEngine().decide(each.question).allowed for each in (dispatch, call))


def test_a_firing_that_an_operator_asked_for_says_who_did(world: World) -> None:
    job = world.job("300d")
    made = world.services.jobs.run_now("main", "token:laptop", job.id)
    world.clock.move(timedelta(seconds=2))
    world.services.handle(made.task.ref)

    context = recent(world)[0].question.context

    assert (context["trigger"], context["requested_by"]) == ("manual", "token:laptop")


def test_what_was_denied_can_be_asked_again(world: World) -> None:
    job = world.job()
    dispatch = world.services.worker.kinds["firing"]
    assert isinstance(dispatch, Dispatch)
    before, dispatch.runs.policy = dispatch.runs.policy, STOP
    world.at(1)
    world.services.handle(world.ref(job))
    dispatch.runs.policy = before

    denied, call = recent(world)

    assert (denied.task_id, denied.question.resource.id) == (world.ref(job).id, job.id)
    context = denied.question.context
    assert (context["schedule"], context["name"]) == ("every", "health")
    assert call.tool == "system.health"
    assert PolicyEngine().decide(denied.question).allowed


def test_the_latest_come_first_up_to_a_limit(world: World) -> None:
    job = world.job(tools=[])
    for minutes in (1, 2):
        world.at(minutes)
        world.container().handle(world.ref(job, minutes))

    for limit, newest_first in ((2, (2, 1)), (1, (2,))):
        found = [each.task_id for each in recent(world, limit)]
        assert found == [world.ref(job, minutes).id for minutes in newest_first]


def test_what_is_older_than_thirty_days_is_left_out(world: World) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))

    world.clock.move(KEPT)
    assert len(told(world)) == 2
    world.clock.move(timedelta(seconds=1))
    assert told(world) == []
