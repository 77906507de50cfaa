"""What is old is moved to S3: what is left in the table, what can still be read, and by whom."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from chalicelib.functions.wiring import seals as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.event import Event
from chalicelib.journal.query import Query
from chalicelib.journal.retention import mover as module
from chalicelib.journal.retention.mover import Mover
from chalicelib.journal.retention.segments import ArchiveBroken
from chalicelib.journal.retention.store import TombstoneRow, TombstoneStore
from chalicelib.journal.retention.tombstone import Tombstone, chain_of
from chalicelib.journal.search import JournalSearch
from chalicelib.journal.store import JournalRow, JournalStore
from tests.journal.events import an_event, append
from tests.journal.test_sealer import BUCKET, incidents, of, verified
from tests.support.faults import Crash, before, crash, every_write_retried, recorded
from tests.support.world import World

SUBJECT = "S7"
OLD = timedelta(days=402)


@pytest.fixture
def stream() -> str:
    return an_event("x", subject=SUBJECT).stream


def happen(number: int, first: int = 1, **fields: Any) -> list[Event]:
    """Let events of one stream happen, one a minute."""
    made = [
        an_event(f"e{seq}", seq, subject=SUBJECT, **fields) for seq in range(first, first + number)
    ]
    append(*made)
    return made


def sealed_long_ago(world: World, number: int = 10, **fields: Any) -> None:
    """Let events happen that two seals cover, over 400 days ago."""
    happen(number, **fields)
    sealer = wiring.sealer(of(world))
    for _ in range(2):
        sealer.run()
    world.clock.move(OLD)


def a_mover(world: World, **settings: int) -> Mover:
    made = wiring.mover(of(world))
    for name, value in ({"segment_events": 4} | settings).items():
        setattr(made, name, value)
    return made


def moved(world: World, **settings: int) -> dict[str, int]:
    """Let a run move what is old, whenever the last one was."""
    world.clock.move(timedelta(hours=2))
    return a_mover(world, **settings).run()


def in_table(stream: str) -> list[int]:
    return [int(row.sk) for row in JournalRow.query(stream)]


def tombstones(stream: str) -> list[Tombstone]:
    return [each.tombstone() for each in TombstoneStore().following(stream, 0)]


def objects() -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="segments/")
    return [each["Key"] for each in listed.get("Contents", [])]


def names(entries: Sequence[Any]) -> list[int]:
    return [entry.seq for entry in entries]


# What is moved.


def test_old_events_are_moved_from_the_beginning_and_the_last_one_stays(
    world: World, stream: str
) -> None:
    sealed_long_ago(world)
    assert moved(world) == {"segments": 3, "events": 9, "deleted": 9, "broken": 0}
    assert in_table(stream) == [10]
    assert [(each.first, each.last) for each in tombstones(stream)] == [(1, 4), (5, 8), (9, 9)]
    assert objects() == [each.object for each in tombstones(stream)]
    assert incidents() == []


def test_what_is_moved_can_be_read_and_verified(world: World, stream: str) -> None:
    sealed_long_ago(world)
    there = list(JournalStore().rows(stream, 0))
    moved(world)
    store = JournalStore()
    assert list(store.rows(stream, 0)) == there
    assert list(store.rows(stream, 6)) == there[6:]
    found = verified(world)
    assert (found.troubles, found.events, found.archived_events) == ([], 10, 9)
    assert (found.segments, found.unsealed) == (3, 0)


def test_what_is_young_stays(world: World, stream: str) -> None:
    sealed_long_ago(world)
    world.clock.move(timedelta(days=-3))
    assert moved(world)["events"] == 0
    assert in_table(stream) == list(range(1, 11))


def test_what_only_one_seal_covers_stays(world: World, stream: str) -> None:
    happen(6)
    wiring.sealer(of(world)).run()
    happen(4, first=7)
    wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    moved(world)
    assert in_table(stream) == [6, 7, 8, 9, 10]


def test_without_two_seals_nothing_is_moved(world: World, stream: str) -> None:
    happen(6)
    world.clock.move(OLD)
    assert moved(world)["events"] == 0
    wiring.sealer(of(world)).run()
    assert moved(world)["events"] == 0
    assert len(in_table(stream)) == 6


def test_streams_and_owners_are_moved_each_for_itself(world: World) -> None:
    for owner in ("main", "other"):
        append(*(an_event(f"{owner}/{n}", n, owner=owner, subject=f"S{n % 9}") for n in range(60)))
    before_it = {name: list(JournalStore().rows(name, 0)) for name in JournalStore().streams()}
    for _ in range(2):
        wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    while moved(world, most_segments=5)["segments"]:
        pass
    assert {name: list(JournalStore().rows(name, 0)) for name in before_it} == before_it
    assert all(len(in_table(name)) == 1 for name in before_it)
    assert all(name.split("/")[1] in {"main", "other"} for name in objects())
    assert verified(world).holds
    assert verified(world, "other").archived_events > 40


def test_an_object_has_the_rows_as_they_were_stored_one_a_line(world: World, stream: str) -> None:
    sealed_long_ago(world)
    first = next(iter(JournalRow.query(stream)))
    moved(world)
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=objects()[0])["Body"].read()
    lines = [json.loads(line) for line in body.splitlines()]
    assert len(lines) == 4
    assert lines[0] == {
        "seq": 1,
        "event_id": first.event_id,
        "kind": first.kind,
        "at": first.at,
        "content": first.content,
        "previous": first.previous,
        "link": first.link,
    }


def test_names_of_objects_sort_as_their_events_do(world: World) -> None:
    happen(25)
    for _ in range(2):
        wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    while moved(world)["segments"]:
        pass
    firsts = [int(name.split("/")[3].split("-")[0]) for name in objects()]
    assert firsts == sorted(firsts) == [1, 5, 9, 13, 17, 21]


# When.


def test_a_run_looks_once_an_hour_and_idles_for_one_read(world: World) -> None:
    sealed_long_ago(world)
    mover = a_mover(world)
    assert mover.run()["segments"] == 3
    with recorded() as calls:
        world.clock.move(timedelta(minutes=55))
        assert mover.run()["segments"] == 0
    assert calls.made == ["GetItem system"]
    world.clock.move(timedelta(minutes=6))
    with recorded() as calls:
        mover.run()
    assert len(calls.made) > 3


def test_a_run_that_has_made_enough_is_gone_on_with_at_once(world: World, stream: str) -> None:
    sealed_long_ago(world)
    mover = a_mover(world, most_segments=1)
    assert [mover.run()["segments"] for _ in range(4)] == [1, 1, 1, 0]
    assert in_table(stream) == [10]


def test_a_run_whose_time_is_over_is_gone_on_with_at_once(world: World, stream: str) -> None:
    sealed_long_ago(world)
    mover = a_mover(world)
    with before("DeleteItem", "journal", lambda: world.clock.move(timedelta(seconds=21))):
        assert mover.run() == {"segments": 1, "events": 4, "deleted": 1, "broken": 0}
    assert in_table(stream) == list(range(2, 11))
    assert verified(world).holds
    assert mover.run()["deleted"] == 8
    assert in_table(stream) == [10]


def test_two_at_once_move_each_event_once(world: World, stream: str) -> None:
    sealed_long_ago(world)
    other = a_mover(world)
    with patch.object(other.turns, "take", a_mover(world).turns.take):
        for operation in ("PutObject", "PutItem", "DeleteItem"):
            table = "" if operation == "PutObject" else "journal"  # S3 has none.
            mover = a_mover(world)
            other.every = mover.every = timedelta(seconds=-1)
            with before(operation, table, other.run):
                mover.run()
    assert in_table(stream) == [10]
    assert [each.first for each in tombstones(stream)] == [1, 5, 9]
    assert verified(world).holds
    assert incidents() == []


def test_a_run_that_dies_anywhere_leaves_nothing_that_the_next_does_not_finish(
    world: World, stream: str
) -> None:
    sealed_long_ago(world, number=4)
    there = list(JournalStore().rows(stream, 0))
    tried = 0
    for after in (False, True):
        for at in range(1, 21):
            world.clock.move(timedelta(hours=2))
            try:
                with crash(at, after=after):
                    a_mover(world, most_segments=1).run()
            except Crash:
                tried += 1
            assert list(JournalStore().rows(stream, 0)) == there
            if at % 5 == 0:
                assert verified(world).troubles == []
    while moved(world)["deleted"]:
        pass
    assert in_table(stream) == [4]
    assert verified(world).holds
    assert incidents() == []
    assert tried > 10


def test_a_write_whose_reply_was_lost_is_made_once(world: World, stream: str) -> None:
    sealed_long_ago(world)
    with every_write_retried():
        moved(world)
        moved(world)
    assert in_table(stream) == [10]
    assert verified(world).holds
    assert incidents() == []


# What is not moved, or not deleted.


def spoil(stream: str, seq: int, **fields: Any) -> None:
    (row,) = JournalRow.query(stream, JournalRow.sk == seq)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


@pytest.mark.parametrize(
    "change", [{"content": "{}"}, {"link": "0" * 64}, {"kind": "a.b"}, {"previous": "1" * 64}]
)
def test_what_is_not_as_it_was_written_is_an_incident_and_is_not_moved(
    world: World, stream: str, change: dict[str, str]
) -> None:
    sealed_long_ago(world)
    spoil(stream, 6, **change)
    assert moved(world)["broken"] == 1
    assert in_table(stream) == [5, 6, 7, 8, 9, 10]
    (incident,) = incidents()
    assert "event 6 is not as it was written" in incident.summary
    assert moved(world)["broken"] == 1
    assert [each.count for each in incidents()] == [1]


def test_an_event_that_is_changed_once_it_was_moved_is_not_deleted(
    world: World, stream: str
) -> None:
    sealed_long_ago(world)

    def change() -> None:
        spoil(stream, 3, content='{"changed":true}')

    with before("PutItem", "journal", change):
        assert moved(world)["broken"] == 1
    assert in_table(stream) == [3, 10]
    assert "event 3 is not the one that was moved" in incidents()[0].summary
    (trouble,) = verified(world).troubles
    assert (trouble.stream, trouble.seq) == (stream, 3)


def test_an_event_that_is_changed_while_it_is_deleted_stays(world: World, stream: str) -> None:
    sealed_long_ago(world)

    def change() -> None:
        spoil(stream, 1, link="0" * 64)

    with before("DeleteItem", "journal", change):
        assert moved(world)["broken"] == 1
    assert in_table(stream) == [1, 10]
    assert "event 1 was changed when it was moved" in incidents()[0].summary


def test_nothing_is_deleted_when_its_object_is_gone(world: World, stream: str) -> None:
    sealed_long_ago(world)

    def lose() -> None:
        for key in objects():
            boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)

    with before("PutItem", "journal", lose):
        assert moved(world)["broken"] == 1
    assert in_table(stream) == list(range(1, 11))
    assert "missing or were changed" in incidents()[0].summary


def test_nothing_is_moved_under_seals_that_are_broken(world: World, stream: str) -> None:
    sealed_long_ago(world)
    (row,) = JournalRow.query("system#seals", JournalRow.sk == 2)
    row.signature = "AAAA"
    row.save()
    assert moved(world)["events"] == 0
    assert len(in_table(stream)) == 10


def test_a_stream_that_is_broken_keeps_no_other_waiting(world: World) -> None:
    append(*(an_event(f"n{n}", n, subject=f"S{n % 9}") for n in range(60)))
    for _ in range(2):
        wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    names = sorted(JournalStore().streams())
    spoil(names[0], 1, content="{}")
    while moved(world)["segments"]:
        pass
    assert [len(in_table(name)) > 1 for name in names] == [True] + [False] * (len(names) - 1)


# The sealer beside it.


def test_a_sealer_that_was_slow_raises_no_false_alarm(world: World, stream: str) -> None:
    happen(6)
    sealer = wiring.sealer(of(world))
    sealer.run()
    happen(4, first=7)

    def go_on() -> None:
        for _ in range(3):
            wiring.sealer(of(world)).run()
        world.clock.move(OLD)
        moved(world)

    with before("BatchGetItem", "", go_on):
        assert sealer.run()["broken"] == 0
    assert in_table(stream) == [10]
    assert incidents() == []


def test_a_stream_that_was_idle_since_it_was_sealed_goes_on(world: World, stream: str) -> None:
    sealed_long_ago(world)
    moved(world)
    append(an_event("new", 402 * 24 * 60, subject=SUBJECT))
    sealer = wiring.sealer(of(world))
    assert [sealer.run()["broken"] for _ in range(3)] == [0, 0, 0]
    moved(world)
    assert in_table(stream) == [11]
    assert verified(world).holds


def test_a_store_that_remembers_where_a_stream_ended_long_ago_looks_again(
    world: World, stream: str
) -> None:
    store = JournalStore()
    store.append(an_event("first", 0, subject=SUBJECT))
    happen(9, first=2)
    for _ in range(2):
        wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    moved(world)
    store.append(an_event("late", 402 * 24 * 60, subject=SUBJECT))
    assert in_table(stream) == [10, 11]
    assert verified(world).holds


# Readers.


def test_pages_of_a_search_go_on_in_what_was_moved(world: World) -> None:
    append(*(an_event(f"n{n}", n, subject=f"S{n % 9}") for n in range(60)))
    search = JournalSearch(journal=JournalStore())
    whole = [entry.id for entry in search.search("main", Query(), None, 100).items]
    for _ in range(2):
        wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    while moved(world)["segments"]:
        pass
    found: list[str] = []
    after = None
    while True:
        page = JournalSearch(journal=JournalStore()).search("main", Query(), after, 7)
        found += [entry.id for entry in page.items]
        after = page.next
        if after is None:
            break
    assert found == whole
    assert len(found) == 60


def test_a_page_reads_a_bounded_number_of_segments(world: World) -> None:
    sealed_long_ago(world, number=90)
    moved(world, segment_events=1, most_segments=100)
    store = JournalStore()
    page = JournalSearch(journal=store).search("main", Query(subject=SUBJECT), None, 200)
    assert 0 < len(page.items) < 90
    assert store.segments.reads <= 72
    assert page.next


def test_entries_are_found_by_position_and_by_pages_in_both_directions(
    world: World, stream: str
) -> None:
    sealed_long_ago(world)
    moved(world)
    store = JournalStore()
    entry = store.entry(stream, 3)
    assert entry is not None
    assert (entry.id, entry.is_whole) == ("e3", True)
    assert store.entry(stream, 11) is None
    assert names(store.newest(stream, None, 3)) == [10, 9]
    assert names(store.newest(stream, 9, 3)) == [8, 7, 6]
    assert names(store.newest(stream, 2, 3)) == [1]
    assert store.newest(stream, 1, 3) == []
    assert names(store.following(stream, 0, 3)) == [1, 2, 3]
    assert names(store.following(stream, 3, 3)) == [4]
    assert names(store.following(stream, 9, 3)) == [10]


def test_an_event_that_was_moved_is_known_to_have_been_appended(world: World) -> None:
    (event, *_) = happen(10)
    for _ in range(2):
        wiring.sealer(of(world)).run()
    world.clock.move(OLD)
    moved(world)
    assert JournalStore().holds(event, since=event.at)
    assert not JournalStore().holds(an_event("other", subject=SUBJECT), since=event.at)


def test_what_is_moved_while_it_is_read_is_read_once(world: World, stream: str) -> None:
    sealed_long_ago(world)
    store = JournalStore()
    rows = store.rows(stream, 0)
    with patch.object(JournalRow, "page", _paged(JournalRow.page, 2)):
        read = [next(rows), next(rows)]
        moved(world)
        read += rows
    assert [row.seq for row in read] == list(range(1, 11))


def _paged(page: Callable[..., Any], size: int) -> Callable[..., Any]:
    def paged(*arguments: Any, **options: Any) -> Any:
        return page(*arguments, **({"page_size": size} | options))

    return paged


@pytest.mark.parametrize("how", ["missing", "changed"])
def test_a_reader_is_told_that_what_was_moved_is_broken(
    world: World, stream: str, how: str
) -> None:
    sealed_long_ago(world)
    moved(world)
    s3, key = boto3.client("s3"), objects()[1]
    if how == "missing":
        s3.delete_object(Bucket=BUCKET, Key=key)
    else:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    with pytest.raises(ArchiveBroken, match="events 5 to 8"):
        JournalStore().entry(stream, 6)
    assert JournalStore().entry(stream, 2)
    first = min(verified(world).troubles, key=lambda each: each.seq)
    assert first.stream == stream
    assert first.seq == 5
    assert how == "changed" or "the archive of events 5 to 8 is missing" in first.what


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_tombstone_that_is_gone_is_named(world: World, stream: str, which: int) -> None:
    sealed_long_ago(world)
    moved(world)
    row = list(TombstoneRow.query(chain_of(stream)))[which]
    row.delete()
    troubles = verified(world).troubles
    assert min(each.seq for each in troubles if each.stream == stream) == row.sk


@pytest.mark.parametrize("field", ["signature", "link", "previous", "content"])
def test_a_tombstone_that_was_changed_is_named(world: World, stream: str, field: str) -> None:
    sealed_long_ago(world)
    moved(world)
    row = list(TombstoneRow.query(chain_of(stream)))[1]
    was = getattr(row, field)
    setattr(row, field, "AAAA" if field != "content" else was.replace('"count":4', '"count":5'))
    row.save()
    first = verified(world).troubles[0]
    assert (first.stream, first.seq) == (stream, 5)
    assert "the tombstone of event 5" in first.what


def test_a_seal_is_no_tombstone_and_a_tombstone_no_seal(world: World, stream: str) -> None:
    sealed_long_ago(world)
    moved(world)
    (seal,) = JournalRow.query("system#seals", JournalRow.sk == 1)
    row = next(iter(TombstoneRow.query(chain_of(stream))))
    row.signature = seal.signature
    row.save()
    assert any("its signature is not valid" in it.what for it in verified(world).troubles)


def test_the_parts_of_a_container_are_those_of_its_settings(world: World) -> None:
    settings = world.settings
    made = wiring.mover(Container(settings=settings, clock=world.clock, random_bytes=bytes))
    assert (made.kept, made.every) == (timedelta(days=400), timedelta(hours=1))
    assert (5, timedelta(seconds=20)) == (module.MOST_SEGMENTS, module.LASTS)
