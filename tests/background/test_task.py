"""The life of a task: its table of transitions, and that the store keeps to it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from chalicelib.background.looking import NEVER
from chalicelib.background.rows import WorkRow
from chalicelib.background.store import End, LostClaim, NewTask
from chalicelib.background.task import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    TRANSITIONS,
    Attempt,
    CancelRequest,
    Lane,
    Move,
    Outcome,
    State,
    Task,
    TaskRef,
    derived_key,
    lane_of,
    slot_instant,
    slot_key,
)
from chalicelib.ids import Ids
from chalicelib.tables import Cancelled, Refused, Write
from tests.support.tasks import SECOND, a_task
from tests.support.world import MINUTE, NOON, World, a_world

KEYS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
SLOTS = st.integers(0, 999_999_999_999).map(lambda seconds: f"{seconds:012}")
QUEUE_TASKS = KEYS.map(lambda sk: TaskRef("main#tasks", sk))
FIRINGS = st.builds(lambda job, slot: TaskRef(f"main#{job}", slot), KEYS, SLOTS)
REFS = st.recursive(
    QUEUE_TASKS | FIRINGS, lambda refs: st.builds(TaskRef.offspring, refs, KEYS), max_leaves=5
)


class TestTransitions:
    def test_every_move_is_in_the_table(self) -> None:
        assert set(TRANSITIONS) == set(Move)

    @given(st.sampled_from(Move), st.sampled_from(State))
    def test_only_a_retry_leaves_a_terminal_state(self, move: Move, state: State) -> None:
        if state.is_terminal and state in TRANSITIONS[move].source:
            assert move is Move.RETRY

    @given(st.sampled_from(Move))
    def test_a_holder_moves_nothing_but_what_is_running(self, move: Move) -> None:
        if TRANSITIONS[move].by_holder:
            assert TRANSITIONS[move].source == {State.RUNNING}

    def test_nothing_but_a_claim_makes_a_task_running(self) -> None:
        reached = {move for move, each in TRANSITIONS.items() if State.RUNNING in each.target}

        assert reached == {Move.CLAIM, Move.KEEP}

    @pytest.mark.parametrize("state", State)
    def test_every_state_can_be_reached_and_no_open_one_is_a_dead_end(self, state: State) -> None:
        reached = {target for each in TRANSITIONS.values() for target in each.target}
        left = {source for each in TRANSITIONS.values() for source in each.source}

        assert state in reached
        assert state.is_terminal or state in left

    def test_a_success_and_a_closed_slot_are_never_retried(self) -> None:
        retried = TRANSITIONS[Move.RETRY].source

        assert retried == {state for state in State if state.is_terminal} - {
            State.SUCCEEDED,
            State.CLOSED,
        }


class Walk:
    """One task of the store, moved at will."""

    def __init__(self, world: World) -> None:
        self.world, self.work = world, world.services.worker.work
        self.ref = TaskRef("main#tasks", Ids().ulid(NOON))
        self.work.put(
            NewTask(
                ref=self.ref,
                kind="errand",
                lane="normal",
                shard=0,
                last_attempt=2,
                last=self.ref.sk,
                wake_at=NOON,
                created_at=NOON,
            )
        )

    def move(self, move: Move) -> bool:
        """Try a move on the task as it is; return whether it was made."""
        try:
            MOVES[move](self, self.world.task(self.ref))
        except (Refused, Cancelled, LostClaim):
            return False
        return True

    def write(self, write: Write) -> None:
        WorkRow.transact(write)

    def row(self) -> WorkRow:
        return WorkRow.get(self.ref.pk, self.ref.sk, consistent_read=True)


def _attempt(walk: Walk, task: Task) -> Attempt:
    now = walk.world.clock.now()
    return Attempt(task.attempt + 1, task.claimed_at, now, State.FAILED, "it broke")


def _take(walk: Walk, task: Task) -> Task:
    if task.state is not State.RUNNING:
        raise Refused(task)
    return walk.work.cancel(task, NOON, "no")


FAILED = End(State.FAILED, Outcome.FIRED, "")
MOVES: dict[Move, Callable[[Walk, Task], object]] = {
    Move.CLAIM: lambda walk, task: walk.work.claim(
        task.ref, f"{task.token}", walk.world.clock.now()
    ),
    Move.KEEP: lambda walk, task: walk.work.renew(task, walk.world.clock.now()),
    Move.END: lambda walk, task: walk.work.end(task, FAILED, walk.world.clock.now()),
    Move.REARM: lambda walk, task: walk.work.rearm(task, _attempt(walk, task), NOON, NOON),
    Move.CONTINUE: lambda walk, task: walk.work.go_on(task, NOON, NOON),
    Move.PARK: lambda walk, task: walk.work.park(task, "waits"),
    Move.SHELVE: lambda walk, task: walk.work.shelve(task, "unknown", NEVER),
    Move.PAUSE: lambda walk, task: walk.write(walk.work.pause_write(task, NEVER)),
    Move.RESUME: lambda walk, task: walk.write(walk.work.resume_write(task, NOON)),
    Move.CANCEL: lambda walk, task: walk.write(walk.work.cancel_write(task, NOON, "no")),
    Move.TAKE: _take,
    Move.REPLACE: lambda walk, task: walk.write(walk.work.replace_write(task, NOON, "replaced")),
    Move.EXPIRE: lambda walk, task: walk.work.expire(task, NOON),
    Move.FAIL: lambda walk, task: walk.work.fail(task, "dead", walk.world.clock.now()),
    Move.RETRY: lambda walk, task: walk.write(walk.work.retry_write(task, NOON, NOON)),
}
# What else they depend on: the lease, and the attempts.
CONDITIONAL = {Move.CLAIM, Move.FAIL}


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with a_world() as made:
        yield made


class TestTheStore:
    # A walk takes long enough that shrinking one would take minutes.
    @settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
    @given(moves=st.lists(st.tuples(st.sampled_from(Move), st.booleans()), max_size=10))
    @example(moves=[(move, False) for move in Move])
    @example(moves=[(Move.CLAIM, True), (Move.FAIL, False), (Move.RETRY, False)])
    @example(moves=[(Move.PAUSE, False), (Move.RESUME, False), (Move.CLAIM, True)] * 2)
    def test_makes_the_moves_of_the_table_and_no_other(
        self, shared: World, moves: list[tuple[Move, bool]]
    ) -> None:
        walk = Walk(shared)
        for move, lease_ends in moves:
            before = shared.task(walk.ref)
            made = walk.move(move)
            after = shared.task(walk.ref)
            if not made or not _applies(move, before):
                assert after == before
                assert move in CONDITIONAL or not _applies(move, before)
            else:
                assert after.state in TRANSITIONS[move].target
                assert after.token == before.token + (not TRANSITIONS[move].by_holder)
            assert (walk.row().open_lane is None) == (after.wake_at is None)
            assert after.wake_at is not None or after.state.is_terminal
            if made and move is Move.END:
                assert after.wake_at is None
            if lease_ends:
                shared.clock.move(MINUTE + SECOND)

    @pytest.mark.parametrize("taking", [m for m in Move if not TRANSITIONS[m].by_holder])
    def test_a_worker_writes_nothing_after_a_move_that_took_its_task(
        self, shared: World, taking: Move
    ) -> None:
        walk = Walk(shared)
        held = walk.work.claim(walk.ref, "a", shared.clock.now())
        shared.clock.move(MINUTE + SECOND)
        if State.RUNNING not in TRANSITIONS[taking].source:
            with suppress(LostClaim):
                walk.work.park(held, "waits")
        if taking is Move.RESUME:
            assert walk.move(Move.PAUSE)
        if taking is Move.RETRY:
            assert walk.move(Move.CANCEL)
        assert walk.move(taking)
        taken = shared.task(walk.ref)

        for refused in (move for move in Move if TRANSITIONS[move].by_holder):
            with pytest.raises(LostClaim):
                MOVES[refused](walk, held)

        assert shared.task(walk.ref) == taken


def _applies(move: Move, task: Task) -> bool:
    return task.state in TRANSITIONS[move].source


class TestRefs:
    @given(REFS)
    def test_a_tasks_id_leads_back_to_it(self, ref: TaskRef) -> None:
        assert TaskRef.of(ref.owner, ref.id) == ref

    @given(REFS, KEYS)
    def test_offspring_lead_back_to_what_they_came_from(self, ref: TaskRef, key: str) -> None:
        assert ref.offspring(key).parent == ref

    @given(QUEUE_TASKS | FIRINGS)
    def test_slots_and_tasks_of_the_queue_came_from_nothing(self, ref: TaskRef) -> None:
        assert ref.parent is None

    @given(REFS, REFS)
    def test_two_tasks_never_share_an_id(self, one: TaskRef, other: TaskRef) -> None:
        assert (one.id == other.id) == (one == other)

    @given(FIRINGS)
    def test_a_slots_row_says_when_it_is_due(self, ref: TaskRef) -> None:
        assert ref.is_slot

    def test_a_runs_id_is_derived_from_job_and_slot(self) -> None:
        assert TaskRef("main#J", slot_key(NOON)).run_id == "J-001795348800"


class TestKeys:
    def test_a_derived_key_is_the_same_in_every_release(self) -> None:
        assert derived_key("J-001795348800", "then") == "6D3CMMRN6WMOWFFFU3BSBMLSCI"

    @given(
        st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1
        )
    )
    def test_a_derived_key_has_the_length_of_a_ulid(self, names: list[str]) -> None:
        assert len(derived_key(*names)) == 26

    @given(
        st.lists(st.text("ab-", max_size=3), min_size=1, max_size=3),
        st.lists(st.text("ab-", max_size=3), min_size=1, max_size=3),
    )
    def test_other_names_give_another_key(self, names: list[str], others: list[str]) -> None:
        assert (derived_key(*names) == derived_key(*others)) == (names == others)

    def test_slot_keys_sort_as_their_slots_do(self) -> None:
        slots = [NOON + timedelta(days=days) for days in (-20_000, -1, 0, 1, 200_000)]

        assert sorted(map(slot_key, slots)) == [slot_key(slot) for slot in slots]

    def test_a_slot_key_leads_back_to_its_slot(self) -> None:
        assert slot_instant(slot_key(NOON)) == NOON


@pytest.mark.parametrize(
    ("priority", "lane"),
    [
        (LOWEST_PRIORITY, Lane.LOW),
        (-1, Lane.LOW),
        (0, Lane.NORMAL),
        (1, Lane.HIGH),
        (HIGHEST_PRIORITY, Lane.HIGH),
    ],
)
def test_the_sign_of_a_priority_is_its_lane(priority: int, lane: Lane) -> None:
    assert lane_of(priority) is lane


def test_a_lease_that_ends_now_is_not_over() -> None:
    assert not a_task(state=State.RUNNING, lease_until=NOON).lease_is_over(NOON)


@pytest.mark.parametrize(
    ("not_before", "due"),
    [(None, NOON), (NOON - MINUTE, NOON), (NOON + MINUTE, NOON + MINUTE)],
)
def test_a_slot_is_due_at_its_instant_or_when_its_next_attempt_is(
    not_before: object, due: object
) -> None:
    task = a_task(ref=TaskRef("main#J", slot_key(NOON)), not_before=not_before)

    assert task.due == due


def test_a_request_to_stop_is_shown_as_the_state_until_the_end() -> None:
    asked = a_task(state=State.RUNNING, cancel=CancelRequest(NOON, "no"))

    assert asked.shown_state == "cancel_requested"
    assert replace(asked, state=State.SUCCEEDED).shown_state == "succeeded"
    assert replace(asked, cancel=None).shown_state == "running"
