from datetime import datetime, timedelta

import pytest

from chalicelib.background.heartbeats.record import (
    HeartbeatKey,
    WorkHeartbeatKind,
    WorkHeartbeatUpdate,
)
from chalicelib.background.heartbeats.store import HeartbeatRow, HeartbeatStore
from tests.support.faults import every_write_retried, recorded
from tests.support.world import MINUTE, NOON

pytestmark = pytest.mark.usefixtures("world")

SHARDS = 4
MS = timedelta(milliseconds=1)
RUN, TASK = WorkHeartbeatKind.RUN, WorkHeartbeatKind.BACKGROUND_TASK


@pytest.fixture
def heartbeats() -> HeartbeatStore:
    return HeartbeatStore(SHARDS)


def update(
    object_id: str = "R", token: int = 2, *, owner: str = "main", kind: WorkHeartbeatKind = RUN
) -> WorkHeartbeatUpdate:
    return WorkHeartbeatUpdate(
        owner=owner, kind=kind, object_id=object_id, summary=f"token {token}", token=token
    )


def last(heartbeats: HeartbeatStore) -> tuple[int, datetime] | None:
    record = heartbeats.get("main", RUN, "R")
    return (record.token, record.updated_at) if record else None


def stale(heartbeats: HeartbeatStore, before: datetime) -> list[HeartbeatKey]:
    return [key for shard in range(SHARDS) for key in heartbeats.stale(shard, before, 100)]


class TestRecord:
    def test_the_first_sign_of_life_is_kept(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(), NOON)

        record = heartbeats.get("main", RUN, "R")

        assert record is not None
        assert (record.heartbeat_key, record.summary) == ("run:R", "token 2")
        assert (record.owner, record.updated_at, record.token) == ("main", NOON, 2)

    def test_a_later_one_takes_its_place(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(), NOON)
        heartbeats.record(update(), NOON + MINUTE)

        assert last(heartbeats) == (2, NOON + MINUTE)

    def test_a_late_one_moves_nothing_back(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(), NOON)
        heartbeats.record(update(), NOON - MS)

        assert last(heartbeats) == (2, NOON)

    def test_a_rescuer_takes_the_place_of_who_lost_the_work(
        self, heartbeats: HeartbeatStore
    ) -> None:
        heartbeats.record(update(token=2), NOON)
        heartbeats.record(update(token=3), NOON)

        assert last(heartbeats) == (3, NOON)

    def test_a_rescuer_does_so_by_a_clock_that_is_behind(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(token=2), NOON)
        heartbeats.record(update(token=3), NOON - MINUTE)

        assert last(heartbeats) == (3, NOON - MINUTE)

    def test_who_lost_the_work_cannot_overwrite_its_rescuer(
        self, heartbeats: HeartbeatStore
    ) -> None:
        heartbeats.record(update(token=3), NOON)
        heartbeats.record(update(token=2), NOON + MINUTE)

        assert last(heartbeats) == (3, NOON)

    def test_a_lost_reply_changes_nothing(self, heartbeats: HeartbeatStore) -> None:
        with every_write_retried():
            heartbeats.record(update(), NOON)

        assert last(heartbeats) == (2, NOON)

    def test_a_sign_of_life_is_one_write(self, heartbeats: HeartbeatStore) -> None:
        with recorded() as calls:
            heartbeats.record(update(), NOON)

        assert calls.made == ["PutItem heartbeats"]

    def test_it_expires_after_a_week_of_silence(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(), NOON)
        heartbeats.record(update(), NOON + MINUTE)

        row = HeartbeatRow.get("main#run", "R")

        assert row.ttl == int((NOON + MINUTE + timedelta(days=7)).timestamp())


class TestClear:
    def test_work_that_ended_is_forgotten(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(token=2), NOON)

        heartbeats.clear("main", RUN, "R", 2)

        assert last(heartbeats) is None

    def test_who_took_the_work_away_can_forget_it(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(token=2), NOON)

        heartbeats.clear("main", RUN, "R", 3)

        assert last(heartbeats) is None

    def test_who_lost_the_work_cannot_forget_it(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(token=3), NOON)

        heartbeats.clear("main", RUN, "R", 2)

        assert last(heartbeats) == (3, NOON)

    def test_forgetting_what_is_not_there_is_nothing(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update("other"), NOON)

        heartbeats.clear("main", RUN, "R", 2)

        assert [record.object_id for record in heartbeats.list("main", RUN, None, 9)] == ["other"]


class TestList:
    def test_pages_go_on_after_an_object(self, heartbeats: HeartbeatStore) -> None:
        for name in "cabd":
            heartbeats.record(update(name), NOON)

        first = heartbeats.list("main", RUN, None, 2)
        rest = heartbeats.list("main", RUN, first[-1].object_id, 9)

        assert [record.object_id for record in (*first, *rest)] == ["a", "b", "c", "d"]
        assert len(first) == 2

    def test_each_owner_and_kind_has_its_own(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update("R"), NOON)
        heartbeats.record(update("T", kind=TASK), NOON)
        heartbeats.record(update("X", owner="other"), NOON)

        assert [record.object_id for record in heartbeats.list("main", RUN, None, 9)] == ["R"]
        assert heartbeats.get("other", RUN, "R") is None
        heartbeats.clear("other", RUN, "R", 9)
        assert last(heartbeats) == (2, NOON)


class TestStale:
    def test_work_last_heard_before_an_instant_is_found(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update("old"), NOON - MS)
        heartbeats.record(update("young"), NOON)
        heartbeats.record(update("X", owner="other", kind=TASK), NOON - MINUTE)

        assert set(stale(heartbeats, NOON)) == {
            HeartbeatKey("main", RUN, "old"),
            HeartbeatKey("other", TASK, "X"),
        }

    def test_the_longest_silent_come_first(self, heartbeats: HeartbeatStore) -> None:
        for name, minutes in (("a", 2), ("b", 3), ("c", 1)):
            heartbeats.record(update(name), NOON - minutes * MINUTE)

        assert [key.object_id for key in stale(heartbeats, NOON)] == ["b", "a", "c"]

    def test_no_more_are_found_than_were_asked_for(self, heartbeats: HeartbeatStore) -> None:
        for name in "abc":
            heartbeats.record(update(name), NOON - MINUTE)

        found = [list(heartbeats.stale(shard, NOON, 2)) for shard in range(SHARDS)]

        assert sum(map(len, found)) == 2

    def test_work_that_beats_again_is_not_stale(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(), NOON - MINUTE)
        heartbeats.record(update(), NOON)

        assert stale(heartbeats, NOON) == []

    def test_work_that_ended_is_not_stale(self, heartbeats: HeartbeatStore) -> None:
        heartbeats.record(update(), NOON - MINUTE)
        heartbeats.clear("main", RUN, "R", 2)

        assert stale(heartbeats, NOON) == []


def test_all_work_of_an_owner_is_counted() -> None:
    heartbeats = HeartbeatStore(shards=4)
    for kind in WorkHeartbeatKind:
        for owner, object_id in (("main", "A"), ("main", "B"), ("other", "A")):
            sign = WorkHeartbeatUpdate(owner=owner, kind=kind, object_id=object_id)
            heartbeats.record(sign, NOON)

    assert heartbeats.count("main") == 8
    assert heartbeats.count("nobody") == 0
