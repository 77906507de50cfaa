"""The ledger checker, on rows that are made by hand: it must find whatever is planted in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.task import Checkpoint, Origin, Outcome, State, Task, TaskRef, slot_key
from chalicelib.healing.doctor.ledger import Breach, Finished, JobLedger, Window, breaches
from chalicelib.providers import Answer, ToolCall, ToolResult, Turn
from chalicelib.runs.step import Step, encode, first_link
from chalicelib.schedules import normalize_schedule
from tests.support.world import MINUTE, NOON

JOB, POST = "J", "webhook.post"
SECOND = timedelta(seconds=1)
SLOTS = 4
EVERY_MINUTE = normalize_schedule({"every": "60s"}, now=NOON)
WINDOW = Window(NOON - MINUTE, NOON + 20 * MINUTE, NOON + 20 * MINUTE)
TURNS: Sequence[Turn] = (ToolCall(POST, {}), ToolResult(POST, True, {}), Answer("done"))


def at(minutes: float) -> Any:
    return NOON + minutes * MINUTE


def steps(run_id: str, token: int = 1, turns: Sequence[Turn] = TURNS) -> list[Step]:
    made: list[Step] = []
    for seq, turn in enumerate(turns, 1):
        before = made[-1] if made else None
        made.append(
            Step(
                run_id=run_id,
                checkpoint=Checkpoint(token, seq),
                previous=before.key if before else "",
                previous_link=before.link if before else first_link(run_id),
                at="2026-11-22T12:00:00Z",
                content=encode(turn),
            )
        )
    return made


def a_row(minutes: float, **fields: Any) -> Task:
    """Return a slot that fired for twenty seconds and succeeded."""
    sk = slot_key(at(minutes))
    run_id = f"{JOB}-{sk}"
    made: dict[str, Any] = {
        "ref": TaskRef(f"main#{JOB}", sk),
        "kind": "firing",
        "state": State.SUCCEEDED,
        "outcome": Outcome.FIRED,
        "lane": "normal",
        "shard": 0,
        "token": 1,
        "last_attempt": 2,
        "last": sk,
        "started_at": at(minutes),
        "claimed_at": at(minutes),
        "finished_at": at(minutes) + 20 * SECOND,
        "checkpoint": Checkpoint(1, len(TURNS)),
        "head": steps(run_id)[-1].link,
    }
    return Task(**made | fields)


def skipped(minutes: float, last: float | None = None, **fields: Any) -> Task:
    made: dict[str, Any] = {
        "state": State.CLOSED,
        "outcome": Outcome.SKIPPED,
        "reason": "overlap",
        "last": slot_key(at(minutes if last is None else last)),
        "started_at": None,
        "finished_at": None,
        "checkpoint": None,
        "head": "",
    }
    return a_row(minutes, **made | fields)


def a_ledger(*rows: Task, **fields: Any) -> JobLedger:
    """Return a job whose slots 1 to 4 were passed by."""
    found = rows or tuple(a_row(minutes) for minutes in range(1, SLOTS + 1))
    made: dict[str, Any] = {
        "job_id": JOB,
        "schedule": EVERY_MINUTE,
        "since": NOON,
        "next": at(SLOTS + 1),
        "rows": found,
        "started": {row.ref.run_id: row.started_at for row in found if row.started_at},
        "steps": {row.ref.run_id: steps(row.ref.run_id) for row in found if row.has_fired},
    }
    return JobLedger(**made | fields)


def an_event(row: Task, **fields: Any) -> Finished:
    made: dict[str, Any] = {
        "id": f"{row.ref.id}/{row.token}/finished",
        "task_id": row.ref.id,
        "state": str(row.state),
        "at": row.finished_at or NOON,
    }
    return Finished(**made | fields)


def events(ledger: JobLedger) -> list[Finished]:
    return [an_event(row) for row in ledger.rows if row.state is not State.CLOSED]


def judged(ledger: JobLedger, finished: list[Finished] | None = None) -> list[Breach]:
    known = events(ledger) if finished is None else finished
    return list(breaches(ledger, known, WINDOW))


def rules(found: list[Breach]) -> set[str]:
    return {breach.rule for breach in found}


def test_a_ledger_that_keeps_every_promise_is_not_blamed() -> None:
    assert judged(a_ledger()) == []


def test_a_slot_without_a_row_is_found() -> None:
    (found,) = judged(a_ledger(a_row(1), a_row(2), a_row(4)))
    assert found == Breach("row", JOB, "slot 2026-11-22T12:03:00Z has no row")


def test_a_range_stands_for_all_its_slots() -> None:
    assert judged(a_ledger(a_row(1), skipped(2, 4, outcome=Outcome.MISFIRED))) == []
    (found,) = judged(a_ledger(a_row(1), skipped(2, 3, outcome=Outcome.MISFIRED)))
    assert "12:04:00Z has no row" in found.what


def test_slots_before_an_edit_or_the_window_or_yet_to_come_need_no_row() -> None:
    assert judged(a_ledger(a_row(3), a_row(4), since=at(2))) == []
    assert judged(a_ledger(a_row(1), next=at(2))) == []
    narrow = Window(at(3), at(20), at(20))
    assert list(breaches(a_ledger(a_row(4)), None, narrow)) == []


def test_a_job_of_which_slots_cannot_be_told_is_not_blamed_for_rows() -> None:
    assert judged(a_ledger(a_row(1), schedule=None)) == []
    assert judged(a_ledger(a_row(1), is_whole=False)) == []


def test_a_slot_that_was_made_up_for_twice_is_found() -> None:
    row = slot_key(at(2))
    made_up = [
        a_row(minutes, origin=Origin.REPLAY, stands_for=row, last=slot_key(at(minutes)))
        for minutes in (10.5, 11.5)
    ]
    ledger = a_ledger(a_row(1), skipped(2, outcome=Outcome.MISFIRED), a_row(3), a_row(4), *made_up)
    (found,) = judged(ledger)
    assert found == Breach("once", JOB, "slot 2026-11-22T12:02:00Z fired 2 times")


def test_a_slot_that_fired_and_was_made_up_for_is_found() -> None:
    made_up = a_row(10.5, origin=Origin.BACKFILL, stands_for=slot_key(at(2)))
    assert rules(judged(a_ledger(a_row(1), a_row(2), a_row(3), a_row(4), made_up))) == {"once"}


def test_a_doubled_effect_is_found() -> None:
    ledger = a_ledger()
    run_id = ledger.rows[1].ref.run_id
    zombie = steps(run_id, token=2)[1]  # Its result lies beside the accepted one.
    doubled = {**ledger.steps, run_id: [*ledger.steps[run_id], zombie]}
    (found,) = judged(replace(ledger, steps=doubled))
    assert found == Breach("once", run_id, f"{POST} was called 2 times for step 1")


def test_a_call_that_may_be_repeated_is_no_doubled_effect() -> None:
    ledger = a_ledger()
    run_id = ledger.rows[1].ref.run_id
    steps_of = {**ledger.steps, run_id: [*ledger.steps[run_id], steps(run_id, token=2)[1]]}
    twice = replace(ledger, steps=steps_of)
    assert list(breaches(twice, events(twice), WINDOW, {POST})) == []
    allowed = [replace(row, repeat=Checkpoint(1, 1)) for row in twice.rows]
    assert judged(replace(twice, rows=allowed)) == []


def test_a_step_that_was_changed_or_is_missing_is_found() -> None:
    ledger = a_ledger()
    run_id = ledger.rows[0].ref.run_id
    first, second, third = ledger.steps[run_id]
    changed = replace(second, content=encode(ToolResult(POST, False, {})))
    for broken in ([first, changed, third], [first, third]):
        (found,) = judged(replace(ledger, steps={**ledger.steps, run_id: broken}))
        assert found.rule == "once"
        assert "is not as it was" in found.what


def test_a_task_that_succeeded_twice_is_found() -> None:
    ledger = a_ledger()
    again = an_event(ledger.rows[0], id=f"{ledger.rows[0].ref.id}/2/finished")
    (found,) = judged(ledger, [*events(ledger), again])
    assert found == Breach("once", ledger.rows[0].ref.id, "it succeeded 2 times")


def test_one_event_that_was_written_twice_is_known_as_one() -> None:
    ledger = a_ledger()
    assert judged(ledger, events(ledger) * 2) == []


def test_an_end_without_an_event_is_found_once_it_had_its_time() -> None:
    ledger = a_ledger()
    (found,) = judged(ledger, events(ledger)[1:])
    assert found.what == "it is succeeded, and no event says so"
    early = Window(WINDOW.since, at(5), at(5))
    assert list(breaches(ledger, events(ledger)[1:], early)) == []


def test_an_event_that_says_otherwise_is_found() -> None:
    ledger = a_ledger()
    first = an_event(ledger.rows[0], state="failed")
    (found,) = judged(ledger, [first, *events(ledger)[1:]])
    assert found.what == "it is succeeded, and its event failed"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (a_row(2, outcome=Outcome.SKIPPED), "it succeeded, and its slot is skipped"),
        (skipped(2, checkpoint=Checkpoint(1, 1)), "its slot is skipped, and it has steps"),
        (skipped(2, outcome=Outcome.HANDED), "it was closed without an outcome"),
    ],
)
def test_a_row_that_contradicts_itself_is_found(row: Task, what: str) -> None:
    found = judged(a_ledger(a_row(1), row, a_row(3), a_row(4)))
    assert [breach.what for breach in found if breach.rule == "honest"] == [what]


def test_two_live_runs_of_a_job_are_found() -> None:
    live: dict[str, Any] = {"state": State.RUNNING, "finished_at": None}
    ledger = a_ledger(a_row(1), a_row(2), a_row(3, **live), a_row(4, **live))
    found = judged(ledger)
    assert rules(found) == {"overlap"}
    assert "are both live" in found[0].what


def test_a_run_that_began_before_the_one_before_it_had_ended_is_found() -> None:
    ledger = a_ledger(a_row(1, finished_at=at(3.5)), a_row(2), a_row(3), a_row(4))
    found = judged(ledger)
    assert rules(found) == {"overlap"}
    assert len(found) == 2  # Both the second and the third slot ran beside the first.


def test_clocks_that_differ_by_seconds_make_no_overlap() -> None:
    assert judged(a_ledger(a_row(1, finished_at=at(2) + 4 * SECOND), *_rest())) == []
    assert judged(a_ledger(a_row(1, finished_at=at(2) + 6 * SECOND), *_rest()))


def test_a_slot_that_was_retried_ran_when_it_ran_and_not_in_between() -> None:
    retried = a_row(1, started_at=at(10), finished_at=at(10.2), token=3)
    ledger = a_ledger(retried, *_rest())
    opened = {**ledger.started, retried.ref.run_id: at(1)}
    assert judged(replace(ledger, started=opened)) == []


def test_what_was_erased_is_not_looked_into() -> None:
    rows = [replace(row, is_erased=True, head="") for row in a_ledger().rows]
    assert judged(a_ledger(*rows, steps={}), []) == []


def _rest() -> list[Task]:
    return [a_row(minutes) for minutes in (2, 3, 4)]
