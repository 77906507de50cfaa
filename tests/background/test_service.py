"""What operators do with tasks, in every state that a task can be in."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import boto3
import pytest

from chalicelib.background.rows import WorkRow
from chalicelib.background.service import Filter, TaskDraft, TaskService
from chalicelib.background.store import End
from chalicelib.background.task import Membership, Outcome, State, Task
from chalicelib.errors import Conflict, Invalid, NotFound
from tests.support.faults import before, every_write_retried
from tests.support.tasks import (
    DONE,
    KIND,
    OPERATOR,
    SECOND,
    Errands,
    abandoned,
    break_down,
    claimed,
    errand,
    errands,
)
from tests.support.world import MINUTE, NOON, World

YEAR = timedelta(days=365)


@pytest.fixture(autouse=True)
def kind(world: World) -> Errands:
    return errands(world.services)


@pytest.fixture
def tasks(world: World) -> TaskService:
    return world.services.tasks


def in_state(world: World, state: State) -> Task:
    """Return a task in a state, brought there as it is in life."""
    work, now = world.services.worker.work, world.clock.now()
    task = errand(world)
    if state is State.QUEUED:
        return task
    if state is State.PAUSED:
        return world.services.tasks.pause("main", OPERATOR, task.ref.id)
    if state is State.EXPIRED:
        return work.expire(task, now)
    if state is State.CANCELLED:
        return world.services.tasks.cancel("main", OPERATOR, task.ref.id, "no")
    held = claimed(world, task.ref)
    return held if state is State.RUNNING else work.end(held, End(state, Outcome.FIRED, ""), now)


class TestCreate:
    def test_a_task_is_sent_to_its_lane(self, world: World) -> None:
        task = errand(world, priority=-1, payload={"n": 1})

        assert (task.state, task.lane, task.payload) == (State.QUEUED, "low", '{"n": 1}')
        assert world.services.worker.courier.lanes["low"].depths()["waiting"] == 1
        (event,) = world.events("task.created")
        assert task.ref.id in event.content

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"kind": "dream"}, "kind"),
            ({"priority": 11}, "priority"),
            ({"priority": -11}, "priority"),
            ({"max_attempts": 0}, "max_attempts"),
            ({"max_attempts": 17}, "max_attempts"),
            ({"expires_at": NOON}, "expires_at"),
            ({"expires_at": NOON + MINUTE, "not_before": NOON + MINUTE}, "expires_at"),
            ({"membership": Membership("g", serial=False)}, "group"),
            ({"membership": Membership("a,b", serial=False), "parent": "P"}, "group"),
            ({"membership": Membership("", serial=False), "parent": "P"}, "group"),
            ({"payload": {"text": "x" * 262_144}}, "payload"),
        ],
    )
    def test_a_task_that_makes_no_sense_is_refused_by_name(
        self, world: World, tasks: TaskService, fields: dict[str, object], field: str
    ) -> None:
        draft: dict[str, object] = {"kind": KIND}
        with pytest.raises(Invalid) as invalid:
            tasks.create("main", OPERATOR, TaskDraft(**draft | fields))  # type: ignore[arg-type]

        assert [fault.field for fault in invalid.value.faults] == [field]
        assert world.messages() == 0

    def test_a_task_has_as_many_attempts_as_it_was_given(self, world: World) -> None:
        assert errand(world, max_attempts=1).last_attempt == 0
        assert errand(world).last_attempt == 2

    def test_a_lost_message_is_left_to_the_sweep(self, world: World) -> None:
        lane = world.services.worker.courier.lanes["normal"]
        boto3.client("sqs").delete_queue(QueueUrl=lane._url)

        assert errand(world).wake_at == NOON + MINUTE

    def test_a_lost_reply_makes_one_task(self, world: World, tasks: TaskService) -> None:
        with every_write_retried():
            errand(world)

        assert len(tasks.list("main", None, Filter(), None, 10).items) == 1


class TestDedupe:
    def test_the_first_task_of_a_key_is_returned(self, world: World, tasks: TaskService) -> None:
        draft = TaskDraft(kind=KIND, dedupe_key="daily")
        first = tasks.create("main", OPERATOR, draft)

        again = tasks.create("main", OPERATOR, draft)

        assert (first.is_new, again.is_new) == (True, False)
        assert again.task == first.task
        assert world.messages() == 1

    def test_two_at_once_make_one_task(self, tasks: TaskService) -> None:
        draft = TaskDraft(kind=KIND, dedupe_key="daily")
        make = partial(tasks.create, "main", OPERATOR, draft)
        made = []

        with before("TransactWriteItems", "", lambda: made.append(make())):
            made.append(make())

        assert [each.is_new for each in made] == [True, False]
        assert made[0].task.ref == made[1].task.ref

    @pytest.mark.parametrize(("owner", "key"), [("other", "daily"), ("main", "weekly")])
    def test_a_key_is_its_owners_and_another_key_another_task(
        self, tasks: TaskService, owner: str, key: str
    ) -> None:
        tasks.create("main", OPERATOR, TaskDraft(kind=KIND, dedupe_key="daily"))

        assert tasks.create(owner, OPERATOR, TaskDraft(kind=KIND, dedupe_key=key)).is_new


class TestNotBefore:
    def test_a_task_of_next_year_waits_without_a_message(self, world: World, kind: Errands) -> None:
        task = errand(world, not_before=NOON + YEAR)
        assert world.messages() == 0
        assert task.wake_at == NOON + YEAR - timedelta(seconds=150)

        world.clock.move(YEAR - timedelta(seconds=150))
        assert world.services.swept()["send"] == 1
        assert world.messages() == 1
        world.services.handle(task.ref)  # early: it is sent again
        assert world.messages() == 2
        world.clock.move(timedelta(seconds=150))
        world.services.handle(task.ref)

        assert world.task(task.ref).state is State.SUCCEEDED
        assert len(kind.performed) == 1

    def test_nothing_looks_at_it_before(self, world: World) -> None:
        errand(world, not_before=NOON + YEAR)
        world.clock.move(YEAR / 2)

        assert sum(world.services.swept().values()) == 0


class TestExpiry:
    def test_a_task_that_expires_is_not_begun(self, world: World, kind: Errands) -> None:
        task = errand(world, expires_at=NOON + SECOND)
        world.clock.move(SECOND)

        world.services.handle(task.ref)
        assert world.services.swept()["expire"] == 1

        assert world.task(task.ref).state is State.EXPIRED
        assert kind.performed == []
        assert len(world.events("task.finished")) == 1

    def test_a_paused_task_expires(self, world: World, tasks: TaskService) -> None:
        task = errand(world, expires_at=NOON + MINUTE)
        tasks.pause("main", OPERATOR, task.ref.id)
        world.clock.move(MINUTE)

        assert world.services.swept()["expire"] == 1

    def test_a_running_task_loses_its_worker(self, world: World) -> None:
        task = errand(world, expires_at=NOON + 90 * SECOND)
        held = claimed(world, task.ref)
        world.clock.move(50 * SECOND)
        held = world.services.worker.work.renew(held, world.clock.now())
        world.clock.move(40 * SECOND)

        assert world.services.swept()["expire"] == 1
        assert world.task(task.ref).token == held.token + 1


type Decision = Callable[[TaskService, str], Task]


def _pause(tasks: TaskService, task_id: str) -> Task:
    return tasks.pause("main", OPERATOR, task_id)


def _resume(tasks: TaskService, task_id: str) -> Task:
    return tasks.resume("main", OPERATOR, task_id)


def _retry(tasks: TaskService, task_id: str) -> Task:
    return tasks.retry("main", OPERATOR, task_id)


def _cancel(tasks: TaskService, task_id: str) -> Task:
    return tasks.cancel("main", OPERATOR, task_id, "no")


OUTCOMES: list[tuple[Decision, dict[State, str]]] = [
    (_pause, {State.QUEUED: "paused"}),
    (_resume, {State.PAUSED: "queued"}),
    (
        _retry,
        dict.fromkeys([State.FAILED, State.UNKNOWN, State.CANCELLED, State.EXPIRED], "queued"),
    ),
    (
        _cancel,
        {
            State.QUEUED: "cancelled",
            State.PAUSED: "cancelled",
            State.RUNNING: "cancel_requested",
        },
    ),
]


class TestDecisions:
    @pytest.mark.parametrize("state", State)
    def test_are_made_where_they_make_sense_and_refused_elsewhere(
        self, world: World, tasks: TaskService, state: State
    ) -> None:
        for decide, allowed in OUTCOMES:
            task = in_state(world, state)
            if state in allowed:
                assert decide(tasks, task.ref.id).shown_state == allowed[state]
            else:
                with pytest.raises(Conflict, match=f"the task is {state}"):
                    decide(tasks, task.ref.id)
                assert world.task(task.ref) == task

    @pytest.mark.parametrize("decide", [each for each, _ in OUTCOMES])
    def test_on_a_task_that_does_not_exist_find_nothing(
        self, tasks: TaskService, decide: Decision
    ) -> None:
        with pytest.raises(NotFound):
            decide(tasks, "01M81J18G068RKEJVNQ9RFVHWP")

    @pytest.mark.parametrize("decide", [each for each, _ in OUTCOMES])
    def test_on_anothers_task_find_nothing(
        self, world: World, tasks: TaskService, decide: Decision
    ) -> None:
        task = tasks.create("other", OPERATOR, TaskDraft(kind=KIND)).task

        with pytest.raises(NotFound):
            decide(tasks, task.ref.id)
        assert world.task(task.ref) == task

    @pytest.mark.parametrize(
        ("decide", "state", "event"),
        [
            (_pause, State.QUEUED, "task.paused"),
            (_resume, State.PAUSED, "task.resumed"),
            (_retry, State.FAILED, "task.retried"),
            (_cancel, State.QUEUED, "task.cancelled"),
            (_cancel, State.RUNNING, "task.cancelled"),
        ],
    )
    def test_of_two_operators_at_once_are_made_once(
        self, world: World, tasks: TaskService, decide: Decision, state: State, event: str
    ) -> None:
        task = in_state(world, state)
        refused = []

        def other() -> None:
            decide(world.container().tasks, task.ref.id)

        with before("TransactWriteItems", "", other):
            try:
                decide(tasks, task.ref.id)
            except Conflict as conflict:
                refused.append(conflict)

        assert len(world.events(event)) == 1
        assert bool(refused) == (state is not State.RUNNING)


class TestCancel:
    def test_a_second_request_is_the_first_one(self, world: World, tasks: TaskService) -> None:
        task = in_state(world, State.RUNNING)
        first = _cancel(tasks, task.ref.id)

        assert _cancel(tasks, task.ref.id) == first
        assert len(world.events("task.cancelled")) == 1

    def test_what_was_asked_to_stop_is_neither_paused_nor_retried(
        self, world: World, tasks: TaskService
    ) -> None:
        task = in_state(world, State.RUNNING)
        _cancel(tasks, task.ref.id)

        for decide in (_pause, _resume, _retry):
            with pytest.raises(Conflict, match="the task is cancel_requested"):
                decide(tasks, task.ref.id)

    def test_a_firing_that_waits_is_cancelled_and_its_job_goes_on(self, world: World) -> None:
        job = world.job()

        _cancel(world.services.tasks, world.ref(job).id)

        assert world.task(world.ref(job)).state is State.CANCELLED
        world.at(2)
        world.services.tick.run()
        world.services.handle(world.ref(job, 2))
        assert world.task(world.ref(job, 2)).state is State.SUCCEEDED


class TestPauseAndResume:
    def test_a_paused_task_is_not_begun(
        self, world: World, tasks: TaskService, kind: Errands
    ) -> None:
        task = in_state(world, State.PAUSED)

        world.services.handle(task.ref)
        world.clock.move(YEAR)
        world.services.swept()

        assert world.task(task.ref) == task
        assert kind.performed == []
        _resume(tasks, task.ref.id)
        world.services.handle(task.ref)
        assert world.task(task.ref).state is State.SUCCEEDED

    def test_a_firing_is_paused_with_its_job(self, world: World, tasks: TaskService) -> None:
        job = world.job()

        with pytest.raises(Conflict, match="a firing cannot be paused"):
            _pause(tasks, world.ref(job).id)

    def test_a_task_of_later_is_resumed_without_a_message(
        self, world: World, tasks: TaskService
    ) -> None:
        task = errand(world, not_before=NOON + YEAR)
        _pause(tasks, task.ref.id)

        resumed = _resume(tasks, task.ref.id)

        assert (world.messages(), resumed.wake_at) == (0, task.wake_at)


class TestRetry:
    def test_is_a_new_life_with_all_attempts_and_the_old_history(
        self, world: World, tasks: TaskService, kind: Errands
    ) -> None:
        kind.acts = [break_down]
        task = errand(world, max_attempts=2)
        for _ in range(2):
            world.services.handle(task.ref)
            world.clock.move(MINUTE)
        assert world.task(task.ref).state is State.FAILED

        _retry(tasks, task.ref.id)
        for _ in range(2):
            world.services.handle(task.ref)
            world.clock.move(MINUTE)

        again = world.task(task.ref)
        assert again.state is State.FAILED
        assert [each.number for each in again.history] == [1, 2, 1]
        assert len(kind.performed) == 4
        assert len(world.events("task.finished")) == 2

    def test_a_zombie_of_the_first_life_writes_nothing_into_the_second(
        self, world: World, tasks: TaskService
    ) -> None:
        task = errand(world, max_attempts=1)
        zombie = abandoned(world, task.ref)
        world.services.swept()

        retried = _retry(tasks, task.ref.id)
        world.services.handle(task.ref)

        assert retried.token == zombie.token + 2
        assert world.task(task.ref).state is State.SUCCEEDED

    def test_expired_work_gets_its_time_again(self, world: World, tasks: TaskService) -> None:
        task = errand(world, expires_at=NOON + MINUTE, not_before=NOON + SECOND)
        world.clock.move(MINUTE)
        world.services.swept()

        _retry(tasks, task.ref.id)
        world.services.handle(task.ref)

        assert world.task(task.ref).state is State.SUCCEEDED

    def test_a_slot_that_failed_runs_again_under_its_jobs_lock(
        self, world: World, tasks: TaskService
    ) -> None:
        job = world.job()
        world.at(1)
        work = world.services.worker.work
        held = claimed(world, world.ref(job))
        work.end(held, End(State.FAILED, Outcome.FIRED, "gone"), world.clock.now())

        _retry(tasks, world.ref(job).id)
        world.services.handle(world.ref(job))

        assert world.task(world.ref(job)).state is State.SUCCEEDED
        row = world.services.jobs.jobs.hot(world.ref(job).pk)
        assert row is not None
        assert row.active == ""


class TestList:
    def test_shows_the_newest_first_page_by_page(self, world: World, tasks: TaskService) -> None:
        made = []
        for _ in range(5):
            world.clock.move(SECOND)
            made.append(errand(world).ref)

        first = tasks.list("main", None, Filter(), None, 3)
        second = tasks.list("main", None, Filter(), first.next, 3)

        assert [task.ref for task in [*first.items, *second.items]] == made[::-1]
        assert second.next is None

    @pytest.mark.parametrize(
        ("state", "lane", "found"),
        [
            (None, None, {"normal", "high", "paused", "asked"}),
            ("queued", None, {"normal", "high"}),
            ("paused", None, {"paused"}),
            ("cancel_requested", None, {"asked"}),
            ("running", None, {"asked"}),
            (None, "high", {"high"}),
            ("paused", "high", set()),
        ],
    )
    def test_shows_what_was_asked_for(
        self, world: World, tasks: TaskService, state: str, lane: str, found: set[str]
    ) -> None:
        made = {
            "normal": errand(world),
            "high": errand(world, priority=1),
            "paused": in_state(world, State.PAUSED),
            "asked": in_state(world, State.RUNNING),
        }
        _cancel(tasks, made["asked"].ref.id)

        page = tasks.list("main", None, Filter(state, lane), None, 10)

        refs = {task.ref for task in page.items}
        assert {name for name, task in made.items() if task.ref in refs} == found

    def test_shows_what_came_from_a_task(self, world: World, tasks: TaskService) -> None:
        parent = errand(world)
        child = errand(world, parent=parent.ref.id)

        page = tasks.list("main", parent.ref.id, Filter(), None, 10)

        assert [task.ref for task in page.items] == [child.ref]

    def test_does_not_show_dedupe_keys_or_other_owners(
        self, world: World, tasks: TaskService
    ) -> None:
        errand(world, dedupe_key="daily")
        tasks.create("other", OPERATOR, TaskDraft(kind=KIND))

        assert len(tasks.list("main", None, Filter(), None, 10).items) == 1


class TestDelegation:
    def test_a_parent_that_does_not_exist_is_not_found(self, world: World) -> None:
        with pytest.raises(NotFound):
            errand(world, parent="01M81J18G068RKEJVNQ9RFVHWP")

    def test_a_tree_is_counted_at_its_parent_and_root(self, world: World) -> None:
        root = errand(world)
        child = errand(world, parent=root.ref.id)
        errand(world, parent=child.ref.id)

        parents = [world.task(root.ref), world.task(child.ref)]
        assert [(each.children, each.descendants) for each in parents] == [(1, 2), (1, 0)]

    def test_a_firing_may_delegate(self, world: World) -> None:
        ref = world.ref(world.job())

        child = errand(world, parent=ref.id)

        assert child.ref.parent == ref
        assert world.task(ref).children == 1

    def test_a_tree_is_so_deep_and_no_deeper(self, world: World) -> None:
        task = errand(world)
        for _ in range(world.settings.delegation_depth):
            task = errand(world, parent=task.ref.id)

        with pytest.raises(Conflict, match="max_depth"):
            errand(world, parent=task.ref.id)

    def test_a_parent_has_so_many_children_and_no_more(self, world: World) -> None:
        parent = errand(world)
        for _ in range(world.settings.delegation_children):
            errand(world, parent=parent.ref.id)

        with pytest.raises(Conflict, match="max_children_per_parent"):
            errand(world, parent=parent.ref.id)

    @pytest.mark.parametrize("asked", [False, True])
    def test_a_task_that_ends_delegates_nothing(self, world: World, *, asked: bool) -> None:
        parent = in_state(world, State.RUNNING)
        if asked:
            _cancel(world.services.tasks, parent.ref.id)
        else:
            world.services.worker.work.end(parent, DONE.end, NOON)

        with pytest.raises(Conflict, match="the parent is"):
            errand(world, parent=parent.ref.id)

    def test_a_tree_whose_root_has_ended_grows_no_further(self, world: World) -> None:
        root = in_state(world, State.RUNNING)
        child = errand(world, parent=root.ref.id)
        world.services.worker.work.end(root, DONE.end, NOON)

        with pytest.raises(Conflict, match="the task that it all came from is succeeded"):
            errand(world, parent=child.ref.id)

    def test_the_last_place_goes_to_one_of_two_that_come_at_once(self, world: World) -> None:
        parent = errand(world)
        seven = [WorkRow.children.set(7), WorkRow.descendants.set(7)]
        WorkRow.change(*parent.ref, seven, WorkRow.pk.exists())

        with (
            before("TransactWriteItems", "", lambda: errand(world, parent=parent.ref.id)),
            pytest.raises(Conflict, match="max_children_per_parent"),
        ):
            errand(world, parent=parent.ref.id)

        assert len(world.services.worker.work.offspring(parent.ref)) == 1
