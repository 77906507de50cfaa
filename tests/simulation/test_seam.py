from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.connection.base import Connection

from chalicelib import aws
from chalicelib.background.rows import WorkRow
from chalicelib.background.store import End, LostClaim, NewTask, WorkStore
from chalicelib.background.task import Checkpoint, Outcome, State, TaskRef, slot_key
from chalicelib.errors import Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalRow, JournalStore
from chalicelib.runs.step import Step, first_link
from chalicelib.runs.store import RunHeader, RunStore
from chalicelib.scheduler.job import Definition, Due, Job, JobState
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.store import JobStore, TickLog
from chalicelib.schedules import normalize_schedule
from chalicelib.tables import Cancelled, Refused
from tests.simulation.dynamo import SimDynamo
from tests.simulation.seam import install
from tests.support import stack
from tests.support.world import NOON, a_world

LEASE, RETENTION = timedelta(seconds=60), timedelta(days=30)
PK = "main#job"
SLOT = NOON + timedelta(minutes=1)
REF = TaskRef(PK, slot_key(SLOT))


def nothing(service: str) -> Any:
    raise AssertionError(service)


@contextmanager
def simulated(dynamo: SimDynamo | None = None) -> Iterator[SimDynamo]:
    dynamo = dynamo or SimDynamo(stack.tables(), lambda: NOON)
    with install(dynamo.call, nothing):
        yield dynamo


@pytest.fixture
def dynamo() -> Iterator[SimDynamo]:
    with simulated() as made:
        yield made


def new(ref: TaskRef = REF) -> NewTask:
    return NewTask(
        ref=ref,
        kind="firing",
        lane="normal",
        shard=1,
        last_attempt=2,
        ver=1,
        last=ref.sk,
        wake_at=SLOT,
        created_at=NOON,
    )


def event(number: int = 1) -> Event:
    return Event(
        id=f"event-{number}", owner="main", kind="job.tried", actor="test:a", subject="job", at=NOON
    )


def outcome(do: Callable[[], Any]) -> Any:
    """Return what a call returns, or what it raises and knows."""
    try:
        return do()
    except Refused as refused:
        return "refused", refused.old
    except Cancelled as cancelled:
        return "cancelled", cancelled.refusals
    except LostClaim:
        return "lost"


def a_job() -> tuple[Job, Due]:
    schedule = normalize_schedule({"every": "60s"}, now=NOON)
    definition = Definition(
        name="health",
        prompt="Summarize",
        tools=["a"],
        created_at=NOON,
        created_by="test",
        ver=1,
        updated_at=NOON,
        updated_by="test",
    )
    job = Job(
        id="job",
        definition=definition,
        state=JobState.ENABLED,
        ver=1,
        schedule=schedule,
        next=SLOT,
    )
    due = Due(pk=PK, slot=SLOT, ver=1, schedule=schedule.text(), lane="normal", max_attempts=3)
    return job, due


def work_of_a_task() -> Iterator[Any]:
    work = WorkStore(LEASE, RETENTION)
    yield work.put(new())
    yield work.put(new())
    yield work.get(REF)
    yield list(work.due("normal", 1, SLOT))
    task = work.claim(REF, "one", SLOT)
    yield task
    yield outcome(lambda: work.claim(REF, "two", SLOT))
    yield work.claim(REF, "one", SLOT)
    yield work.checkpoint(task, 1, "head", SLOT)
    rescued = work.claim(REF, "three", SLOT + 2 * LEASE)
    yield rescued
    yield outcome(lambda: work.checkpoint(task, 2, "head", SLOT))
    end = End(State.SUCCEEDED, Outcome.FIRED, "")
    yield outcome(lambda: work.end(task, end, SLOT))
    yield work.end(rescued, end, SLOT)
    yield work.end(rescued, end, SLOT)
    yield list(work.due("normal", 1, SLOT + 9 * LEASE))
    yield work.newest(PK, None, 10)


def lock_of_a_job() -> Iterator[Any]:
    jobs, journal, work = JobStore(), JournalStore(), WorkStore(LEASE, RETENTION)
    job, due = a_job()
    journal.append_with(event(), jobs.creation("main", job, due, 3))
    yield outcome(lambda: journal.append_with(event(2), jobs.creation("main", job, due, 3)))
    yield list(jobs.due(3, SLOT)), list(jobs.next_slots(3))
    yield jobs.find("main", "job"), jobs.find("main", "other"), jobs.listed("main", None, 5)
    yield jobs.find_all("main", ["other", "job"])
    work.put(new())
    task = work.claim(REF, "one", SLOT)
    yield outcome(lambda: jobs.lock(task, 2))
    jobs.lock(task, 1)
    yield jobs.hot(PK)
    yield jobs.release(task), jobs.release(task)
    yield jobs.advance(due, SLOT + LEASE), jobs.advance(due, SLOT + LEASE)
    yield jobs.hot(PK)


def pages_of_a_journal() -> Iterator[Any]:
    journal, work = JournalStore(), WorkStore(LEASE, RETENTION)
    for number in range(5):
        journal.append(event(number))
    late = JournalStore()
    yield late.holds(event(3), since=NOON), late.holds(event(7), since=NOON)
    journal.append(event(7))
    late.append(event(7))
    late.append(event(8))
    work.put(new())
    task = work.claim(REF, "one", SLOT)
    journal.append_with(
        event(9), [work.end_write(task, End(State.FAILED, Outcome.FIRED, "x"), SLOT)]
    )
    yield work.get(REF)
    yield sorted((row.pk, row.sk, row.event_id, row.link) for row in JournalRow.scan())


def steps_of_a_run() -> Iterator[Any]:
    runs, work = RunStore(RETENTION), WorkStore(LEASE, RETENTION)
    work.put(new())
    task = work.claim(REF, "one", SLOT)
    header = RunHeader(
        run_id="run",
        task=REF,
        prompt="p",
        provider="offline",
        policies="a",
        policy_set="b",
        started_at=SLOT,
    )
    runs.open(header)
    runs.open(header)
    for seq in (1, 2):
        at = Checkpoint(task.token, seq)
        step = Step(
            run_id="run",
            checkpoint=at,
            previous="",
            previous_link=first_link("run"),
            at="now",
            content="{}",
        )
        runs.put_step("main", step, SLOT)
    yield runs.header("main", "run"), runs.header("main", "other")
    yield runs.steps("main", "run")


STORIES = [work_of_a_task, lock_of_a_job, pages_of_a_journal, steps_of_a_run]


@pytest.mark.parametrize("story", STORIES)
def test_the_stores_see_the_same_as_on_moto(story: Callable[[], Iterator[Any]]) -> None:
    with a_world():
        on_moto = list(map(repr, story()))
    with simulated():
        simulated_ = list(map(repr, story()))

    assert simulated_ == on_moto


def test_the_simulator_and_moto_take_turns_and_share_nothing() -> None:
    ticks, later = TickLog(), NOON + LEASE
    with a_world():
        with simulated() as first:
            assert ticks.last() is None
            ticks.record(NOON, {})
        assert ticks.last() is None
        ticks.record(later, {})
        with simulated():
            assert ticks.last() is None
        with simulated(first):
            assert ticks.last() == NOON
        assert ticks.last() == later
    with a_world():
        assert ticks.last() is None


def test_everything_is_put_back() -> None:
    before = vars(Connection)["client"], aws.client

    def fail() -> None:
        with simulated():
            assert (vars(Connection)["client"], aws.client) != before
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert (vars(Connection)["client"], aws.client) == before


def test_no_connection_keeps_a_client_of_the_simulator() -> None:
    for row in (WorkRow, HotRow):
        row._connection = None
    with simulated():
        WorkRow.find(*REF)
        HotRow.find(PK, "hot")

    assert [row._get_connection().connection._client for row in (WorkRow, HotRow)] == [None, None]


def test_other_services_are_asked_for_by_name() -> None:
    with install(lambda *_: {}, lambda service: f"a client of {service}"):
        assert aws.client("sqs") == "a client of sqs"


def test_transactions_get_a_token_of_their_own() -> None:
    seen: list[str] = []

    def call(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert operation == "TransactWriteItems"
        seen.append(arguments["ClientRequestToken"])
        return {}

    write = WorkStore(LEASE, RETENTION).put_write(new())
    with install(call, nothing):
        WorkRow.transact(write)
        WorkRow.transact(write)

    assert len(set(seen)) == 2


def test_a_transaction_applied_twice_by_a_retry_is_made_once(dynamo: SimDynamo) -> None:
    def twice(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        dynamo.call(operation, arguments)
        return dynamo.call(operation, arguments)

    with install(twice, nothing):
        WorkRow.transact(WorkStore(LEASE, RETENTION).put_write(new()))

    assert dynamo.seq == 1


@pytest.mark.usefixtures("dynamo")
def test_a_refusal_hands_back_what_refused() -> None:
    work = WorkStore(LEASE, RETENTION)
    work.put(new())
    work.claim(REF, "one", SLOT)

    with pytest.raises(Refused) as refused:
        work.claim(REF, "two", SLOT)

    assert (refused.value.old.claim, refused.value.old.state) == ("one", State.RUNNING)


@pytest.mark.usefixtures("dynamo")
def test_a_cancelled_transaction_says_which_condition_failed() -> None:
    work = WorkStore(LEASE, RETENTION)
    work.put(new())
    other = TaskRef(PK, slot_key(SLOT + LEASE))

    with pytest.raises(Cancelled) as cancelled:
        WorkRow.transact(work.put_write(new(other)), work.put_write(new()))

    assert cancelled.value.refusals == [False, True]
    assert work.get(other) is None


def test_an_error_of_transport_passes_as_botocore_raises_it() -> None:
    def call(_operation: str, _arguments: dict[str, Any]) -> Any:
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with install(call, nothing), pytest.raises(Unavailable):
        WorkStore(LEASE, RETENTION).get(REF)
