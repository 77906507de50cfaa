"""A call that needs an approval: it waits without a worker, is made at most once, or never."""

import json

import pytest

from chalicelib.approvals.prompt import ApprovalPrompt, Code, Order, Scope, State, Verdict
from chalicelib.approvals.rows import PromptRow
from chalicelib.background.service import TaskDraft
from chalicelib.background.store import LostClaim
from chalicelib.background.task import Outcome, Task, TaskRef
from chalicelib.background.task import State as TaskState
from chalicelib.errors import Conflict
from chalicelib.policy.engine import PolicyEngine
from chalicelib.runs.conclusion import _finished
from chalicelib.scheduler.service import Change
from tests.support.approvals import ANA, ASK_BEFORE_RUNS, BEN, POST, PUT, Desk
from tests.support.faults import Crash, crash, every_transaction_repeated, every_write_retried
from tests.support.tasks import OPERATOR, SECOND, abandoned, claimed
from tests.support.world import MINUTE, NOON

HOUR = 60 * MINUTE


def ended(desk: Desk, ref: TaskRef) -> tuple[str, str]:
    task = desk.world.task(ref)
    return task.state, task.reason.partition(":")[0]


def drained(desk: Desk) -> int:
    """Take all messages away, and return how many there were."""
    number = desk.world.messages()
    for queue in desk.world.services.worker.courier.lanes.values():
        queue._client.purge_queue(QueueUrl=queue._url)
    return number


def test_a_call_that_needs_an_approval_waits_without_a_worker(desk: Desk) -> None:
    ref = desk.task(POST)

    task = desk.world.task(ref)
    assert (task.state, task.lease_until) == (TaskState.QUEUED, None)
    assert task.reason == f"waits: approval {desk.prompt().id}"
    assert task.wake_at == NOON + HOUR
    assert desk.calls == []


def test_the_prompt_says_what_would_be_done_and_who_wants_it(desk: Desk) -> None:
    ref = desk.task(POST)

    prompt = desk.prompt().prompt
    assert (prompt.action, prompt.task, prompt.run_id) == (POST, ref.id, ref.run_id)
    assert '{"to":"the team"}' in prompt.text
    assert prompt.askers == (OPERATOR,)
    assert prompt.policies == ("ask-before-calls",)
    assert len(prompt.digest) == 64


def test_asking_is_in_the_journal_and_tells_nothing_of_what_was_meant(desk: Desk) -> None:
    desk.task(POST)

    (event,) = desk.world.events("approval.asked")
    assert json.loads(event.content)["details"]["action"] == POST
    assert "team" not in event.content


def test_no_sweep_wakes_it_while_it_waits(desk: Desk) -> None:
    ref = desk.task(POST)
    drained(desk)
    for _ in range(50):
        desk.world.clock.move(MINUTE)
        desk.world.services.swept()

    assert desk.world.messages() == 0
    assert desk.world.task(ref).token == 1


def test_an_approved_call_is_made_and_its_run_goes_on(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.approve()

    assert ended(desk, ref) == (TaskState.QUEUED, "waits")
    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1


def test_an_approval_sends_the_message_of_what_waits(desk: Desk) -> None:
    desk.task(POST)
    drained(desk)

    desk.approve()

    assert desk.world.messages() == 1


def test_a_call_that_cannot_be_repeated_is_announced_anew_before_it_is_made(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.approve()
    desk.work(ref)

    steps = desk.runs.transcripts.accepted(desk.world.task(ref))
    assert [step.turn for step in steps[:1]] == [step.turn for step in steps[1:2]]
    assert desk.calls == [f"{ref.run_id}#2"]


def test_a_call_that_can_be_repeated_keeps_its_key(desk: Desk) -> None:
    ref = desk.task(PUT)
    desk.approve()
    desk.work(ref)

    assert desk.calls == [f"{ref.run_id}#1"]


@pytest.mark.parametrize("tool", [POST, PUT])
def test_a_denied_call_is_never_made_and_its_task_ends_with_the_code(desk: Desk, tool: str) -> None:
    ref = desk.task(tool)
    record = desk.deny()

    task = desk.work(ref)
    assert (task.state, task.outcome) == (TaskState.FAILED, Outcome.FIRED)
    assert task.reason == f"{Code.DENIED}: {record.id}"
    assert desk.calls == []
    assert _finished(task, desk.world.clock).details["reason"] == Code.DENIED


@pytest.mark.parametrize("tool", [POST, PUT])
def test_what_nobody_decides_ends_when_its_time_is_over(desk: Desk, tool: str) -> None:
    ref = desk.task(tool)
    drained(desk)
    desk.world.clock.move(HOUR)

    assert desk.watch() == 1
    assert desk.world.messages() == 1
    desk.work(ref)
    assert ended(desk, ref) == (TaskState.FAILED, Code.EXPIRED)
    assert desk.calls == []


def test_it_ends_by_the_sweep_alone_where_no_watch_runs(desk: Desk) -> None:
    ref = desk.task(POST)
    drained(desk)
    desk.world.clock.move(HOUR)

    desk.world.services.swept()

    assert desk.world.messages() == 1
    desk.work(ref)
    assert ended(desk, ref) == (TaskState.FAILED, Code.EXPIRED)
    assert desk.prompts()[0].code == Code.EXPIRED


def test_a_message_that_comes_before_the_decision_changes_nothing(desk: Desk) -> None:
    ref = desk.task(POST)

    for _ in range(3):
        assert desk.work(ref).state is TaskState.QUEUED

    assert len(desk.prompts()) == 1
    assert len(desk.world.events("approval.asked")) == 1


def test_a_message_after_the_end_makes_no_second_call(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.approve()
    desk.work(ref)

    desk.work(ref)

    assert len(desk.calls) == 1


def test_each_call_asks_for_itself(desk: Desk) -> None:
    ref = desk.task(POST, PUT)
    desk.approve()
    desk.work(ref)

    assert desk.prompt().prompt.action == PUT
    assert len(desk.calls) == 1


def test_an_approval_for_the_run_covers_the_tool_in_that_run_alone(desk: Desk) -> None:
    desk.runs.provider.arguments = {}  # type: ignore[attr-defined]
    ref = desk.task(POST, POST)
    desk.approve(Scope.RUN)

    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 2
    desk.task(POST)
    assert desk.prompt().prompt.action == POST


def test_an_approval_for_the_routine_covers_its_later_runs_until_it_is_changed(desk: Desk) -> None:
    world = desk.world
    job = world.job(tools=[POST])
    world.at(1)
    world.services.handle(world.ref(job))
    desk.approve(Scope.ROUTINE)
    world.services.handle(world.ref(job))

    world.services.tick.run()
    world.at(2)
    world.services.handle(world.ref(job, 2))

    assert len(desk.calls) == 2
    jobs = world.services.jobs
    jobs.edit("main", OPERATOR, job.id, Change(prompt="another"))
    world.services.tick.run()
    world.at(4)
    world.services.handle(world.ref(job, 4))
    assert desk.prompt().prompt.job_id == job.id
    assert len(desk.calls) == 2


def test_an_approval_for_the_routine_ends_by_itself(desk: Desk) -> None:
    prompt = _asked_by_a_job(desk)
    desk.approve(Scope.ROUTINE)

    assert desk.approvals.stands(prompt)
    desk.world.clock.move(30 * 24 * HOUR)
    assert not desk.approvals.stands(prompt)


def _asked_by_a_job(desk: Desk) -> ApprovalPrompt:
    job = desk.world.job(tools=[POST])
    desk.world.at(1)
    desk.world.services.handle(desk.world.ref(job))
    return desk.prompt().prompt


def test_an_approval_lets_pass_only_what_the_policies_allow_with_it(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.approve()
    desk.ask_before('@id("never") forbid (principal, action == Action::"invoke", resource);')

    assert desk.work(ref).state is TaskState.SUCCEEDED

    results = [step.turn for step in desk.runs.transcripts.accepted(desk.world.task(ref))]
    assert results[2].content == {"refused": "policy.forbidden"}  # type: ignore[union-attr]
    assert desk.calls == []


def test_what_no_approval_would_allow_is_refused_and_not_asked(desk: Desk) -> None:
    desk.ask_before('@id("never") forbid (principal, action == Action::"invoke", resource);')

    assert desk.world.task(desk.task(POST)).state is TaskState.SUCCEEDED
    assert desk.prompts() == []


def test_policies_that_fail_ask_nobody(desk: Desk) -> None:
    desk.ask_before(
        '@id("ask") forbid (principal, action == Action::"invoke", resource)'
        ' unless { context.approval == "approved" };'
        '@id("fails") forbid (principal, action == Action::"invoke", resource)'
        " when { ip(context.name).isLoopback() };"
    )

    assert desk.world.task(desk.task(POST)).state is TaskState.SUCCEEDED
    assert desk.prompts() == []
    assert desk.calls == []


def test_policies_that_permit_only_what_is_approved_ask(desk: Desk) -> None:
    desk.runs.policy = PolicyEngine(
        '@id("all") permit (principal, action == Action::"dispatch", resource);'
        '@id("when-approved") permit (principal, action == Action::"invoke", resource)'
        ' when { context.approval == "approved" };'
    )
    ref = desk.task(POST)
    desk.approve()

    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1


def test_policies_that_no_longer_ask_make_no_call_under_what_was_asked(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.ask_before('@id("free") permit (principal, action == Action::"invoke", resource);')

    assert desk.work(ref).state is TaskState.QUEUED
    desk.approve()
    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1


# Who dies.


def test_a_kill_at_any_call_of_asking_loses_nothing(desk: Desk) -> None:
    for after in (False, True):
        for at in range(1, 40):
            ref = _unclaimed(desk)
            desk.calls.clear()
            try:
                with crash(at, after=after):
                    desk.world.services.handle(ref)
            except Crash:
                pass
            else:
                break
            task = _finished_by_rescue(desk, ref)
            assert len(desk.calls) <= 1
            assert task.state in {TaskState.SUCCEEDED, TaskState.UNKNOWN}
            if task.state is TaskState.SUCCEEDED:
                assert len(desk.calls) == 1
        else:
            pytest.fail("it never comes to an end")


def test_a_kill_at_any_call_behind_the_approval_makes_no_second_call(desk: Desk) -> None:
    for after in (False, True):
        for at in range(1, 60):
            ref = desk.task(POST)
            desk.approve()
            desk.calls.clear()
            try:
                with crash(at, after=after):
                    desk.world.services.handle(ref)
            except Crash:
                pass
            else:
                break
            desk.world.clock.move(2 * MINUTE)
            task = desk.work(ref)
            assert len(desk.calls) <= 1
            assert task.state in {TaskState.SUCCEEDED, TaskState.UNKNOWN}
        else:
            pytest.fail("it never comes to an end")


def _unclaimed(desk: Desk) -> TaskRef:
    payload = {"prompt": "post it", "tools": [POST]}
    draft = TaskDraft(kind="background_prompt", payload=payload)
    return desk.world.services.tasks.create("main", OPERATOR, draft).task.ref


def _finished_by_rescue(desk: Desk, ref: TaskRef) -> Task:
    """Let the task be rescued, decided and carried out."""
    for _ in range(4):
        desk.world.clock.move(2 * MINUTE)
        task = desk.work(ref)
        if task.state.is_terminal:
            return task
        for record in desk.prompts(State.PENDING):
            if record.prompt.task == ref.id:
                order = Order(Verdict.APPROVE, ANA)
                desk.approvals.decide("main", record.id, order)
    return desk.world.task(ref)


def test_lost_replies_ask_once_and_call_once(desk: Desk) -> None:
    with every_write_retried():
        ref = desk.task(POST)
        desk.approve()
        task = desk.work(ref)

    assert task.state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1


def test_repeated_transactions_ask_and_decide_once(desk: Desk) -> None:
    ref = _unclaimed(desk)
    with every_transaction_repeated():
        desk.work(ref)
        drained(desk)
        desk.approve()
        assert desk.world.messages() == 1
        task = desk.work(ref)

    assert task.state is TaskState.SUCCEEDED
    assert len(desk.world.events("approval.approved")) == 1


def test_who_lost_the_task_asks_nothing(desk: Desk) -> None:
    ref = _unclaimed(desk)
    mine = abandoned(desk.world, ref)
    claimed(desk.world, ref, "b")
    kind = desk.world.services.worker.kinds["background_prompt"]
    lease = desk.world.services.worker._lease(mine, desk.world.clock.now() + 280 * SECOND)

    with pytest.raises(LostClaim):
        kind.perform(mine, lease)

    assert desk.prompts() == []
    assert list(PromptRow.scan()) == []


def test_a_decision_between_the_asking_and_the_waiting_is_not_missed(desk: Desk) -> None:
    ref = _unclaimed(desk)
    work = desk.runs.consents.work
    park = work.park

    def decided_first(*arguments: object) -> object:
        drained(desk)
        desk.approve()
        assert desk.world.messages() == 0
        return park(*arguments)  # type: ignore[arg-type]

    work.park = decided_first  # type: ignore[method-assign, assignment]
    try:
        desk.world.services.handle(ref)
    finally:
        del work.park

    assert desk.world.messages() == 1
    assert desk.work(ref).state is TaskState.SUCCEEDED


def test_a_decision_while_its_worker_is_dying_is_told_by_the_watch(desk: Desk) -> None:
    ref = _unclaimed(desk)
    work = desk.runs.consents.work

    def die(*_arguments: object) -> object:
        raise Crash

    work.park = die  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(Crash):
            desk.world.services.handle(ref)
    finally:
        del work.park
    record = desk.approve()
    assert list(desk.approvals.store.due(_shard(record.id), NOON))
    desk.world.clock.move(2 * MINUTE)
    desk.world.services.swept()
    assert desk.work(ref).state is TaskState.SUCCEEDED

    desk.watch()
    assert not list(desk.approvals.store.due(_shard(record.id), NOON + HOUR))


def _shard(approval_id: str) -> int:
    row = PromptRow.find(f"main#{approval_id}", "0")
    assert row is not None
    return int(row.pending_shard or 0)


# What else becomes of the task.


def test_a_cancelled_task_withdraws_its_prompt(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.world.services.tasks.cancel("main", OPERATOR, ref.id, "enough")
    desk.world.clock.move(5 * MINUTE)

    desk.watch()

    (record,) = desk.prompts()
    assert (record.state, record.code) == (State.EXPIRED, Code.WITHDRAWN)


def test_nobody_decides_what_nothing_waits_for(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.world.services.tasks.cancel("main", OPERATOR, ref.id, "enough")

    with pytest.raises(Conflict, match="nothing waits"):
        desk.approve()

    assert desk.prompts()[0].code == Code.WITHDRAWN


def test_a_task_that_is_cancelled_and_retried_asks_anew(desk: Desk) -> None:
    ref = desk.task(POST)
    desk.world.services.tasks.cancel("main", OPERATOR, ref.id, "enough")
    desk.world.clock.move(5 * MINUTE)
    desk.watch()
    desk.world.services.tasks.retry("main", OPERATOR, ref.id)
    desk.work(ref)

    desk.approve()
    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1


@pytest.mark.parametrize("tool", [POST, PUT])
def test_a_task_that_is_retried_after_a_denial_asks_anew(desk: Desk, tool: str) -> None:
    ref = desk.task(tool)
    for _ in range(3):
        desk.deny()
        assert desk.work(ref).state is TaskState.FAILED
        desk.world.services.tasks.retry("main", OPERATOR, ref.id)
        assert desk.work(ref).state is TaskState.QUEUED

    desk.approve()
    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1
    assert len(desk.prompts(State.DENIED)) == 3


def test_a_paused_task_goes_on_when_it_is_resumed(desk: Desk) -> None:
    ref = desk.task(POST)
    tasks = desk.world.services.tasks
    tasks.pause("main", OPERATOR, ref.id)
    desk.approve()
    assert desk.work(ref).state is TaskState.PAUSED

    tasks.resume("main", OPERATOR, ref.id)

    assert desk.work(ref).state is TaskState.SUCCEEDED


def test_a_prompt_expires_no_later_than_its_task(desk: Desk) -> None:
    ref = desk.task(POST, expires_at=NOON + 7 * MINUTE)

    assert desk.prompt().expires_at == NOON + 7 * MINUTE
    assert desk.world.task(ref).wake_at == NOON + 7 * MINUTE


def test_a_slot_keeps_its_lock_while_it_waits(desk: Desk) -> None:
    world = desk.world
    job = world.job(tools=[POST])
    world.at(1)
    world.services.handle(world.ref(job))
    world.services.tick.run()
    world.at(2)

    world.services.handle(world.ref(job, 2))

    assert world.ledger(job)["12:02:00"] == Outcome.SKIPPED
    desk.approve()
    assert desk.work(world.ref(job)).state is TaskState.SUCCEEDED


# Runs that need an approval before they begin.


def test_a_run_that_needs_an_approval_has_not_begun_while_it_waits(desk: Desk) -> None:
    desk.ask_before(ASK_BEFORE_RUNS)
    ref = desk.task(PUT)

    assert desk.runs.transcripts.runs.header("main", ref.run_id) is None
    desk.approve()
    assert desk.work(ref).state is TaskState.SUCCEEDED
    assert len(desk.calls) == 1


def test_a_run_that_is_denied_closes_its_slot_as_denied(desk: Desk) -> None:
    desk.ask_before(ASK_BEFORE_RUNS)
    world = desk.world
    job = world.job(tools=[POST])
    world.at(1)
    world.services.handle(world.ref(job))
    desk.deny()

    task = desk.work(world.ref(job))

    assert (task.state, task.outcome) == (TaskState.CLOSED, Outcome.DENIED)
    assert task.reason == Code.DENIED
    (event,) = world.events("slot.denied")
    assert json.loads(event.content)["details"]["reason"] == Code.DENIED


def test_a_run_that_nobody_decides_is_denied_as_expired(desk: Desk) -> None:
    desk.ask_before(ASK_BEFORE_RUNS)
    ref = desk.task(PUT)
    desk.world.clock.move(HOUR)

    task = desk.work(ref)

    assert (task.outcome, task.reason) == (Outcome.DENIED, Code.EXPIRED)


def test_a_run_is_asked_for_anew_when_it_was_withdrawn(desk: Desk) -> None:
    desk.ask_before(ASK_BEFORE_RUNS)
    ref = desk.task(PUT)
    tasks = desk.world.services.tasks
    tasks.cancel("main", OPERATOR, ref.id, "enough")
    desk.world.clock.move(5 * MINUTE)
    desk.watch()
    tasks.retry("main", OPERATOR, ref.id)
    desk.work(ref)

    desk.approve(actor=BEN)

    assert desk.work(ref).state is TaskState.SUCCEEDED
