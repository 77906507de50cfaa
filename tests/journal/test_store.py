import hashlib
import random
import struct
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import pytest

from chalicelib.errors import Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalRow, JournalStore
from chalicelib.scheduler.store import TickRow
from chalicelib.tables import Cancelled, Write
from tests.support.world import MINUTE, NOON, World

pytestmark = pytest.mark.usefixtures("world")


def event(name: str, subject: str = "J", owner: str = "main", minutes: float = 0) -> Event:
    at = NOON + minutes * MINUTE
    return Event(
        id=name, owner=owner, kind="test.happened", actor="system:test", subject=subject, at=at
    )


def written() -> list[str]:
    """Return the ids of all events by stream and position."""
    return [row.event_id for row in sorted(JournalRow.scan(), key=lambda row: (row.pk, row.sk))]


def link_by_hand(*parts: str) -> str:
    encoded = [part.encode() for part in ("palyra/chain/1", *parts)]
    return hashlib.sha256(b"".join(struct.pack(">Q", len(it)) + it for it in encoded)).hexdigest()


def verify() -> None:
    """Follow every stream from its first link: no gap, no fork, nothing changed."""
    rows = sorted(JournalRow.scan(), key=lambda row: (row.pk, row.sk))
    for stream, chain in groupby(rows, key=lambda row: row.pk):
        previous = link_by_hand(stream)
        for seq, row in enumerate(chain, 1):
            assert (row.sk, row.previous) == (seq, previous)
            previous = link_by_hand(stream, str(seq), previous, row.content)
            assert row.link == previous


def a_put(name: str) -> Write:
    """Return a write that is refused the second time."""
    row = TickRow("main#test", name, at=0)
    return row.put_write(TickRow.pk.does_not_exist())


def test_the_first_event_of_a_stream_stands_at_one() -> None:
    JournalStore().append(event("a"))
    (row,) = JournalRow.scan()
    assert (row.sk, row.previous) == (1, link_by_hand(row.pk))


def test_a_row_keeps_what_happened_and_when() -> None:
    JournalStore().append(happened := event("a", minutes=1))
    (row,) = JournalRow.scan()
    assert row.to_simple_dict() | {"link": "", "previous": ""} == {
        "pk": happened.stream,
        "sk": 1,
        "event_id": "a",
        "kind": "test.happened",
        "at": (NOON.timestamp() + 60) * 1_000,
        "content": happened.content(),
        "previous": "",
        "link": "",
    }


def test_a_new_container_goes_on_behind_the_last_event() -> None:
    for name in "abc":
        JournalStore().append(event(name))
    assert written() == ["a", "b", "c"]
    verify()


def test_a_container_whose_head_is_stale_goes_on_behind_the_winner() -> None:
    mine, theirs = JournalStore(), JournalStore()
    mine.append(event("a"))
    theirs.append(event("b"))
    mine.append(event("c"))
    theirs.append(event("d"))
    assert written() == ["a", "b", "c", "d"]
    verify()


def test_a_container_far_behind_catches_up() -> None:
    slow, fast = JournalStore(), JournalStore()
    slow.append(event("first"))
    for number in range(40):
        fast.append(event(f"{number:02}"))
    slow.append(event("last"))
    assert written()[-1] == "last"
    verify()


def test_a_container_that_is_always_overtaken_gives_up_and_decides_nothing() -> None:
    class Overtaken(JournalStore):
        def _next_row(self, event: Event) -> JournalRow:
            row = super()._next_row(event)
            JournalStore().append(replace(event, id="another"))
            return row

    with pytest.raises(Unavailable):
        Overtaken().append(event("mine"))
    assert set(written()) == {"another"}
    verify()


def test_an_event_whose_reply_was_lost_is_not_appended_twice() -> None:
    store = JournalStore()
    store.append(event("a"))
    before = dict(store._heads)
    store.append(event("b"))
    store._heads = before  # the write was made, and its reply never came
    store.append(event("b"))
    assert written() == ["a", "b"]


def test_after_a_lost_reply_the_next_event_stands_behind_the_own_one() -> None:
    store = JournalStore()
    store.append(event("a"))
    before = dict(store._heads)
    store.append(event("b"))
    store._heads = before
    store.append(event("b"))
    store.append(event("c"))
    assert written() == ["a", "b", "c"]
    verify()


def test_the_streams_of_two_owners_are_two_chains() -> None:
    store = JournalStore()
    store.append(event("a", owner="main"))
    store.append(event("b", owner="other"))
    assert [(row.event_id, row.sk) for row in JournalRow.scan()] == [("a", 1), ("b", 1)]
    verify()


def test_writes_and_their_event_are_made_together() -> None:
    JournalStore().append_with(event("a"), [a_put("1"), a_put("2")])
    assert written() == ["a"]
    assert [row.sk for row in TickRow.query("main#test")] == ["1", "2"]


def test_one_refused_write_leaves_nothing_behind() -> None:
    store = JournalStore()
    store.append_with(event("a"), [a_put("1")])
    with pytest.raises(Cancelled) as caught:
        store.append_with(event("b"), [a_put("2"), a_put("1")])
    assert caught.value.refusals == [False, True, False]
    assert written() == ["a"]
    assert [row.sk for row in TickRow.query("main#test")] == ["1"]


def test_a_refused_write_does_not_spoil_the_head() -> None:
    store = JournalStore()
    store.append_with(event("a"), [a_put("1")])
    with pytest.raises(Cancelled):
        store.append_with(event("b"), [a_put("1")])
    store.append(event("c"))
    assert written() == ["a", "c"]
    verify()


def test_writes_are_made_once_although_another_container_took_the_position() -> None:
    mine, theirs = JournalStore(), JournalStore()
    mine.append(event("a"))
    theirs.append(event("b"))
    mine.append_with(event("c"), [a_put("1")])
    assert written() == ["a", "b", "c"]
    verify()


def test_the_journal_holds_what_was_appended() -> None:
    store = JournalStore()
    store.append(event("a"))
    store.append(event("b", minutes=1))
    assert store.holds(event("a"), since=NOON)
    assert not store.holds(event("c"), since=NOON)


def test_the_journal_is_not_searched_further_back_than_asked() -> None:
    store = JournalStore()
    for name in ("a", *(f"later-{number}" for number in range(33))):
        store.append(event(name))
    assert not store.holds(event("a"), since=NOON + timedelta(milliseconds=1))


def test_an_event_is_found_behind_older_ones_that_were_appended_after_it() -> None:
    store = JournalStore()
    store.append(event("a", minutes=36))
    store.append(event("concluded-late", minutes=5))
    assert store.holds(event("a", minutes=36), since=NOON + timedelta(minutes=36))


def test_another_owner_does_not_hold_our_event() -> None:
    store = JournalStore()
    store.append(event("a"))
    assert not store.holds(event("a", owner="other"), since=NOON)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_history_of_many_containers_verifies(seed: int) -> None:
    chance = random.Random(seed)
    containers = [JournalStore() for _ in range(3)]
    names = [f"e{number}" for number in range(60)]
    for name in names:
        subject, owner = chance.choice("JKLMN"), chance.choice(["main", "other"])
        happened, store = event(name, subject, owner), chance.choice(containers)
        if chance.random() < 0.3:
            store.append_with(happened, [a_put(name)])
        else:
            store.append(happened)
    assert sorted(written()) == sorted(names)
    verify()


def test_a_whole_slot_leaves_a_journal_that_verifies(world: World) -> None:
    job = world.job()
    for minute in (1, 2):
        world.at(minute)
        world.services.handle(world.ref(job, minute))
    assert [row.kind for row in JournalRow.scan()] == ["job.created"] + ["run.finished"] * 2
    verify()


def test_a_changed_content_breaks_the_chain() -> None:
    JournalStore().append(event("a"))
    (row,) = JournalRow.scan()
    row.content = row.content.replace("test.happened", "test.hidden")
    row.save()
    with pytest.raises(AssertionError):
        verify()
