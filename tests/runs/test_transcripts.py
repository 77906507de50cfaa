from chalicelib.background.task import State
from chalicelib.runs.store import RunHeader
from chalicelib.runs.transcripts import Transcripts
from tests.support.world import World


def listed(world: World, job_id: str | None = None, **how: int) -> list[RunHeader]:
    """Return the runs of all pages."""
    transcripts, limit = world.services.transcripts, how.get("limit", 50)
    page = transcripts.list("main", job_id, None, limit)
    found = list(page.items)
    while page.next:
        page = transcripts.list("main", job_id, page.next, limit)
        found += page.items
    return found


def test_a_run_is_listed_as_its_task_stands(world: World) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))

    (by_owner,), (by_job,) = listed(world), listed(world, job.id)

    assert by_owner == by_job == world.services.transcripts.view("main", by_job.run_id).header
    assert (by_job.state, by_job.task) == (State.SUCCEEDED, world.ref(job))


def test_a_run_that_died_is_running_in_every_list(world: World) -> None:
    job = world.job()
    world.at(1)
    world.container(max_steps=2).handle(world.ref(job))

    for job_id in (None, job.id):
        (header,) = listed(world, job_id)
        assert (header.state, header.ended_at) == (None, None)


def test_slots_that_never_fired_have_no_runs(world: World) -> None:
    job = world.job("300s")
    world.at(60)
    world.services.tick.run()

    assert listed(world, job.id) == []


def test_the_page_of_a_job_goes_on_behind_slots_that_never_fired(world: World) -> None:
    job = world.job("10s")
    world.at(0.5)
    for seconds in (10, 30):
        world.services.handle(world.ref(job, seconds / 60))

    assert [header.task for header in listed(world, job.id, limit=1)] == [
        world.ref(job, 30 / 60),
        world.ref(job, 10 / 60),
    ]


def test_a_task_that_delegates_is_no_job(world: World) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))

    assert listed(world, world.ref(job).id) == []


def test_a_run_that_was_forgotten_is_left_out(world: World) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))
    transcripts: Transcripts = world.services.transcripts
    (key,) = transcripts.runs.recent("main", None, 10)

    assert key.run_id == world.ref(job).run_id
    assert transcripts.runs.headers("main", [key.run_id, "NOPE"]).keys() == {key.run_id}


def test_runs_are_read_a_hundred_at_a_time(world: World) -> None:
    assert world.services.transcripts.runs.headers("main", map(str, range(101))) == {}
