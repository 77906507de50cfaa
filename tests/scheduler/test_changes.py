from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.scheduler import changes
from chalicelib.scheduler.changes import Plan, Request
from chalicelib.scheduler.job import Change, Definition, Hot, JobState, Seen
from chalicelib.schedules import At, Every, Schedule, read_schedule
from tests.support.world import NOON

SECOND = timedelta(seconds=1)
HOURS = st.integers(-7_200, 7_200).map(lambda number: NOON + number * SECOND)
schedules: st.SearchStrategy[Schedule] = st.one_of(
    st.builds(Every, st.integers(10, 3_600).map(lambda number: number * SECOND), HOURS),
    st.builds(At, HOURS),
)
rule = settings(deadline=None)


@st.composite
def jobs(draw: st.DrawFn) -> Seen:
    """Return a job that is enabled or paused, somewhere on its way."""
    schedule, since = draw(schedules), draw(HOURS)
    hot = Hot(
        state=draw(st.sampled_from([JobState.ENABLED, JobState.PAUSED])),
        ver=draw(st.integers(1, 9)),
        since=since,
        schedule=schedule.text(),
        next=schedule.next_after(since),
        lane="normal",
        max_attempts=3,
        active="",
        active_token=0,
    )
    definition = Definition(
        name="health",
        prompt="Look",
        tools=[],
        created_at=since,
        created_by="token:a",
        ver=hot.ver,
        updated_at=since,
        updated_by="token:a",
    )
    return Seen("main#J", hot, definition)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Seen, Request]:
    """Return a job and a request to it, never older than its last change."""
    job = draw(jobs())
    now = job.hot.since + draw(st.integers(0, 20_000)) * SECOND / 2
    return job, Request("token:b", now, "01")


def assert_written(plan: Plan, job: Seen, request: Request) -> None:
    hot, definition = plan.after.hot, plan.after.definition
    assert hot.ver == definition.ver == job.hot.ver + 1
    assert hot.op == request.op
    assert (definition.updated_at, definition.updated_by) == (request.now, request.actor)
    assert definition.created_by == "token:a"


@rule
@given(requests(), schedules)
def test_another_schedule_begins_after_the_edit(
    asked: tuple[Seen, Request], schedule: Schedule
) -> None:
    job, request = asked
    if schedule.next_after(request.now) is None:
        return
    plan = changes.edit(Change(schedule=schedule), None)(job, request)
    if plan is None:
        assert read_schedule(job.hot.schedule).spec() == schedule.spec()
        return
    assert_written(plan, job, request)
    assert plan.after.hot.since == request.now
    assert plan.after.hot.next is not None
    assert plan.after.hot.next > request.now
    assert plan.after.hot.state is job.hot.state
    assert plan.closing is not None


@rule
@given(requests(), st.text(min_size=1))
def test_another_prompt_touches_no_slot(asked: tuple[Seen, Request], prompt: str) -> None:
    job, request = asked
    plan = changes.edit(Change(prompt=prompt), None)(job, request)
    if plan is None:
        assert prompt == job.definition.prompt
        return
    assert_written(plan, job, request)
    assert plan.closing is None
    same = replace(plan.after.hot, ver=job.hot.ver, op=job.hot.op)
    assert same == job.hot


@rule
@given(requests())
def test_a_pause_leaves_the_next_slot_where_it_is(asked: tuple[Seen, Request]) -> None:
    job, request = asked
    plan = changes.pause()(job, request)
    if plan is None:
        assert job.hot.state is JobState.PAUSED
        return
    assert_written(plan, job, request)
    assert (plan.after.hot.next, plan.after.hot.since) == (job.hot.next, job.hot.since)
    assert (plan.after.due, plan.closing) == (None, None)


@rule
@given(requests())
def test_a_resume_goes_on_behind_now_and_behind_what_was_handed_over(
    asked: tuple[Seen, Request],
) -> None:
    job, request = asked
    plan = changes.resume(job, request)
    if plan is None:
        assert job.hot.state is JobState.ENABLED
        return
    assert_written(plan, job, request)
    following, schedule = plan.after.hot.next, read_schedule(job.hot.schedule)
    assert plan.after.hot.since == request.now
    if following is None:
        assert None in {job.hot.next, schedule.next_after(request.now)}
        return
    assert job.hot.next is not None
    assert following > request.now
    assert following >= job.hot.next
    assert following in schedule


@rule
@given(requests())
def test_a_delete_leaves_nothing_to_come(asked: tuple[Seen, Request]) -> None:
    job, request = asked
    plan = changes.delete(None)(job, request)
    assert plan is not None
    assert_written(plan, job, request)
    assert (plan.after.hot.state, plan.after.hot.next) == (JobState.DELETED, None)
    assert plan.after.due is None
    assert changes.delete(1)(plan.after, request) is None
