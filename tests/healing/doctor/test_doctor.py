"""Examinations as tasks: whatever dies in between, each goes on, and each change is told once."""

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.background.task import State, Task
from chalicelib.errors import Conflict, Denied, Invalid, NotFound
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.doctor import doctor as made_doctor
from chalicelib.healing.doctor.catalogue import KEYS
from chalicelib.healing.doctor.check import Verdict
from chalicelib.healing.doctor.examination import Examination, Mode, Outcome
from chalicelib.healing.doctor.service import DoctorService
from chalicelib.journal.store import JournalRow
from tests.healing.doctor import plants
from tests.support.faults import Crash, crash, recorded
from tests.support.stage import Stage, client
from tests.support.tasks import errand, errands

ADMIN = "token:admin"
RULE = "palyra-local-cron_tick-event"
WORKER = "palyra-local-worker_low"


def service(stage: Stage) -> DoctorService:
    return api.doctor(stage.container)


def examined(stage: Stage, owner: str = "main", **fields: Any) -> Examination:
    """Ask for an examination, and let a worker carry it out."""
    return carried_out(stage, service(stage).ask(owner, ADMIN, fields).task)


def fixed(stage: Stage, run: str) -> Examination:
    return carried_out(stage, service(stage).fix("main", ADMIN, run).task)


def undone(stage: Stage, run: str) -> Examination:
    return carried_out(stage, service(stage).undo("main", ADMIN, run).task)


def carried_out(stage: Stage, task: Task) -> Examination:
    stage.world.services.handle(task.ref)
    assert stage.world.task(task.ref).state is State.SUCCEEDED, stage.world.task(task.ref).reason
    return service(stage).get(task.ref.owner, task.ref.id)


def told(stage: Stage, kind: str) -> list[JournalRow]:
    return stage.world.events(kind)


def test_every_check_looks_and_the_worst_is_told(stage: Stage) -> None:
    plants.no_protection(stage)
    seen = examined(stage)
    assert tuple(seen.looks) == seen.checks == KEYS
    assert (seen.mode, seen.by, seen.is_complete) == (Mode.LOOK, ADMIN, True)
    assert (seen.verdict, seen.count(Verdict.FAILED)) == (Verdict.FAILED, 1)
    task = service(stage).tasks.get("main", seen.id)
    assert task.reason == f"1 failed of {len(KEYS)} checks"
    assert task.lane == "high"


def test_only_what_is_asked_for_looks(stage: Stage) -> None:
    seen = examined(stage, only=["tables", "gate.open"], skip=["tables.encryption"])
    assert [key for key in seen.checks if not key.startswith("tables.")] == ["gate.open"]
    assert "tables.encryption" not in seen.checks
    assert "tables.schema" in seen.checks


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"only": ["tabels"]}, "only"),
        ({"skip": ["nothing.at_all"]}, "skip"),
        ({"only": "tables"}, "only"),
        ({"only": ["gate"], "skip": ["gate.open"]}, "skip"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "2026-11-22T12:00:01Z"}, "since"),
        ({"deep": True}, "deep"),
        ({"fix": "A", "only": ["gate"]}, "only"),
        ({"undo": 1}, "undo"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_by_its_field(
    stage: Stage, payload: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        service(stage).ask("main", ADMIN, payload)
    (fault,) = refused.value.faults
    assert fault.field == field
    assert fault.fix


def test_looking_changes_nothing(stage: Stage) -> None:
    plants.a_guard(stage)
    seen = examined(stage, only=["functions"])
    assert stage.recursion[WORKER] == "Terminate"
    (change,) = seen.changes
    assert (change.outcome, change.can_undo) == (Outcome.PLANNED, True)
    assert not told(stage, "doctor.fixed")


def test_a_fix_makes_what_was_planned_tells_it_and_looks_again(stage: Stage) -> None:
    plants.a_guard(stage)
    plants.a_disabled_rule(stage)
    done = fixed(stage, examined(stage).id)
    assert [change.outcome for change in done.changes] == [Outcome.DONE, Outcome.DONE]
    assert done.checks == ("functions.recursion", "functions.triggers")
    assert done.verdict is Verdict.OK
    assert stage.recursion[WORKER] == "Allow"
    assert client("events").describe_rule(Name=RULE)["State"] == "ENABLED"
    assert len(told(stage, "doctor.fixed")) == 2
    (event, _) = sorted(told(stage, "doctor.fixed"), key=lambda row: row.event_id)
    assert '"actor":"token:admin"' in event.content
    assert '"target":"worker_low"' in event.content
    assert '"before":"Terminate"' in event.content


def test_a_fix_of_what_changed_meanwhile_does_nothing_and_says_so(stage: Stage) -> None:
    plants.a_guard(stage)
    run = examined(stage).id
    stage.recursion[WORKER] = "Allow"
    (change,) = fixed(stage, run).changes
    assert change.outcome is Outcome.UNCHANGED
    assert "by now: nothing was done" in change.told
    assert not told(stage, "doctor.fixed")


def test_a_second_fix_of_one_plan_changes_nothing(stage: Stage) -> None:
    plants.a_guard(stage)
    run = examined(stage).id
    fixed(stage, run)
    assert fixed(stage, run).changes[0].outcome is Outcome.UNCHANGED
    assert len(told(stage, "doctor.fixed")) == 1


def test_an_undo_puts_back_what_can_be_put_back(stage: Stage) -> None:
    plants.a_guard(stage)
    plants.a_disabled_rule(stage)
    back = undone(stage, fixed(stage, examined(stage).id).id)
    assert [(change.step.target, change.outcome) for change in back.changes] == [
        ("worker_low", Outcome.DONE)
    ]
    assert stage.recursion[WORKER] == "Terminate"
    assert client("events").describe_rule(Name=RULE)["State"] == "ENABLED"
    assert back.verdict is Verdict.FAILED  # It is as bad as it was.
    assert len(told(stage, "doctor.undone")) == 1


def test_what_has_nothing_to_mend_or_undo_is_refused(stage: Stage) -> None:
    healthy = examined(stage, only=["functions"]).id
    with pytest.raises(Conflict, match="planned nothing"):
        service(stage).fix("main", ADMIN, healthy)
    with pytest.raises(Conflict, match="changed nothing"):
        service(stage).undo("main", ADMIN, healthy)
    with pytest.raises(NotFound):
        service(stage).fix("main", ADMIN, "01M81J18G068RKEJVNQ9RFVHWP")
    plants.a_disabled_rule(stage)
    rule = fixed(stage, examined(stage, only=["functions"]).id).id
    with pytest.raises(Conflict, match="nothing that it did can be put back"):
        service(stage).undo("main", ADMIN, rule)
    with pytest.raises(Conflict, match="planned nothing"):
        service(stage).fix("main", ADMIN, rule)


def test_only_the_first_owner_mends_the_stage(stage: Stage) -> None:
    plants.a_guard(stage)
    seen = examined(stage, "other")
    assert seen.changes
    with pytest.raises(Denied):
        service(stage).fix("other", ADMIN, seen.id)
    smuggled = service(stage)._made("other", ADMIN, {"fix": seen.id}, None).task
    stage.world.services.handle(smuggled.ref)
    assert stage.world.task(smuggled.ref).state is State.FAILED
    assert stage.recursion[WORKER] == "Terminate"


def test_another_owners_work_is_counted_and_not_named(stage: Stage) -> None:
    job = stage.world.job()
    plants.no_tick(stage)
    look = examined(stage, "other", only=["scheduler.slots"]).looks["scheduler.slots"]
    assert look.verdict is Verdict.FAILED
    assert job.id not in f"{look}"
    assert not look.steps


@pytest.mark.parametrize("after", [False, True])
def test_whatever_kills_a_worker_each_change_is_made_and_told_once(
    stage: Stage, *, after: bool
) -> None:
    plants.a_disabled_rule(stage)
    run = examined(stage, only=["functions.triggers"]).id
    with recorded() as calls:
        fixed(stage, run)
    for at in range(1, len(calls.made) + 1):
        plants.a_disabled_rule(stage)
        task = service(stage).fix("main", ADMIN, run).task
        before = len(told(stage, "doctor.fixed"))
        with crash(at, after=after), suppress(Crash):
            stage.world.services.handle(task.ref)
        stage.world.clock.move(stage.world.settings.lease * 1.5)
        if stage.world.task(task.ref).state is not State.SUCCEEDED:
            stage.world.services.handle(task.ref)
        seen = service(stage).get("main", task.ref.id)
        assert seen.is_complete, at
        assert [change.outcome for change in seen.changes] == [Outcome.DONE], at
        assert len(told(stage, "doctor.fixed")) == before + 1, at
        assert client("events").describe_rule(Name=RULE)["State"] == "ENABLED"


def test_a_check_that_breaks_hides_no_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_rooms: Any) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("chalicelib.healing.doctor.checks.tables.schema", broken)
    seen = examined(stage, only=["tables"])
    assert seen.looks["tables.schema"].verdict is Verdict.UNKNOWN
    assert "the check itself broke: KeyError" in seen.looks["tables.schema"].seen
    assert seen.looks["tables.recovery"].verdict is Verdict.OK


def test_an_examination_goes_on_in_another_invocation(stage: Stage) -> None:
    task = service(stage).ask("main", ADMIN, {"only": ["gate", "keys"]}).task
    now = stage.world.clock.now()
    stage.world.services.worker.handle(task.ref, now)  # There is no time left at all.
    assert not service(stage).examinations.get("main", task.ref.id)
    assert stage.world.task(task.ref).state is State.QUEUED
    assert carried_out(stage, task).checks == ("keys.usable", "gate.open")


def test_what_a_release_behind_has_planned_is_not_guessed_at(stage: Stage) -> None:
    plants.a_guard(stage)
    seen = examined(stage, only=["functions.recursion"])
    (change,) = seen.changes
    strange = change._replace(step=change.step._replace(mender="tables.drop"))
    doctor, rooms = made_doctor(stage.container), stage.rooms()
    result = doctor._result(rooms, Mode.FIX, strange, again=False)
    assert (result.outcome, result.told) == (Outcome.FAILED, "this version does not know how")


def test_examinations_are_listed_the_latest_first(stage: Stage) -> None:
    first = examined(stage, only=["gate"])
    stage.world.clock.move(stage.world.settings.lease)
    second = examined(stage, only=["keys"])
    page = service(stage).list("main", None, 1)
    assert [seen.id for seen in page.items] == [second.id]
    assert [seen.id for seen in service(stage).list("main", page.next, 5).items] == [first.id]


def test_the_doctor_looks_while_everything_is_paused_and_begins_no_other_work(
    stage: Stage,
) -> None:
    kind = errands(stage.world.services)
    other = errand(stage.world)
    plants.a_closed_gate(stage)
    look = examined(stage, only=["gate"]).looks["gate.open"]
    assert (look.verdict, look.seen) == (Verdict.WARNING, "token:phone closed it 2 h ago")
    stage.world.services.handle(other.ref)
    assert stage.world.task(other.ref).state is State.QUEUED
    assert not kind.performed
