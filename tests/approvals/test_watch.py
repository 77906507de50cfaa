from unittest.mock import patch

import pytest

from chalicelib.approvals.prompt import Code, State
from chalicelib.approvals.rows import PromptRow
from chalicelib.approvals.watch import ApprovalWatch
from chalicelib.errors import Unavailable
from chalicelib.incidents.kinds import APPROVAL_WAITS
from chalicelib.incidents.store import IncidentStore
from chalicelib.runs.waking import RunWaker
from tests.support.approvals import POST, PUT, Desk
from tests.support.world import MINUTE

HOUR = 60 * MINUTE


def active() -> list[tuple[str, int]]:
    found = IncidentStore().active("main", None, 10).items
    return [(each.dedupe_key, each.count) for each in found]


def watched(desk: Desk, minutes: int) -> None:
    for _ in range(minutes):
        desk.world.clock.move(MINUTE)
        desk.watch()


def test_what_nobody_decides_for_ten_minutes_is_one_incident(desk: Desk) -> None:
    desk.task(POST)

    watched(desk, 9)
    assert active() == []
    watched(desk, 30)

    assert active() == [(f"approval:{desk.prompt().id}", 1)]


def test_the_incident_is_one_of_approvals_and_names_the_task(desk: Desk) -> None:
    ref = desk.task(POST)
    watched(desk, 10)

    (incident,) = IncidentStore().active("main", None, 10).items

    assert incident.domain is APPROVAL_WAITS.domain
    assert set(incident.related) == {desk.prompt().id, ref.id}
    assert desk.prompt().id in incident.detail


def test_the_incident_is_over_with_the_decision(desk: Desk) -> None:
    desk.task(POST)
    watched(desk, 10)

    desk.approve()

    assert active() == []


def test_the_incident_is_over_when_the_time_is(desk: Desk) -> None:
    desk.task(POST)
    watched(desk, 60)

    assert active() == []
    assert desk.prompts()[0].code == Code.EXPIRED


def test_a_pending_approval_is_looked_at_every_five_minutes_and_not_oftener(desk: Desk) -> None:
    desk.task(POST)
    with patch.object(RunWaker, "waits", autospec=True, side_effect=RunWaker.waits) as asked:
        watched(desk, 20)

    assert asked.call_count == 4


def test_a_decision_that_could_not_be_told_is_told_by_the_watch(desk: Desk) -> None:
    ref = desk.task(POST)
    with patch.object(RunWaker, "approval_decided", side_effect=Unavailable):
        record = desk.approve()
    assert record.state is State.APPROVED
    due = desk.world.task(ref).wake_at

    assert desk.watch() == 1

    moved = desk.world.task(ref).wake_at
    assert due is not None
    assert moved is not None
    assert moved < due


def test_a_broken_approval_does_not_keep_the_watch_from_others(desk: Desk) -> None:
    desk.task(POST)
    row = next(iter(PromptRow.scan()))
    row.update([PromptRow.risk.set("no such risk")])
    other = desk.task(PUT)
    desk.world.clock.move(HOUR)

    assert desk.watch() == 1

    codes = {each.task: each.code for each in PromptRow.scan()}
    assert codes[other.id] == Code.EXPIRED


def test_the_watch_stops_in_time(desk: Desk) -> None:
    desk.task(POST)
    desk.world.clock.move(HOUR)
    watch_until = desk.world.clock.now()

    watch = ApprovalWatch(approvals=desk.approvals, clock=desk.world.clock)
    assert watch.run(watch_until) == 0


def test_what_was_told_leaves_the_index(desk: Desk) -> None:
    desk.task(POST)
    desk.approve()

    (row,) = PromptRow.scan()

    assert "pending_shard" not in row.attribute_values
    assert "wake_at" not in row.attribute_values
    assert row.ttl is not None


@pytest.mark.parametrize("tool", [POST, PUT])
def test_a_closed_approval_has_one_event(desk: Desk, tool: str) -> None:
    desk.task(tool)
    desk.world.clock.move(HOUR)
    for _ in range(3):
        desk.watch()

    assert len(desk.world.events("approval.expired")) == 1
