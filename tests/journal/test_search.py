import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.errors import Invalid, NotFound
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import stream_of
from chalicelib.journal.query import read_query
from chalicelib.journal.retention.segments import Segments
from chalicelib.journal.search import JournalSearch
from chalicelib.journal.store import JournalRow, JournalStore
from tests.journal.events import SUBJECTS, an_event, append, one_a_minute

pytestmark = pytest.mark.usefixtures("world")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Counted(JournalStore):
    """A journal that counts the entries that were read."""

    read: int = 0
    segments: Segments = field(default_factory=Segments)

    def newest(self, stream: str, before: int | None, limit: int) -> list[Entry]:
        found = list(super().newest(stream, before, limit))
        self.read += len(found)
        return found


def pages(limit: int = 50, owner: str = "main", **fields: Any) -> Iterator[list[str]]:
    """Yield the ids of each page."""
    search, after = JournalSearch(journal=JournalStore()), None
    while True:
        page = search.search(owner, read_query(fields), after, limit)
        assert len(page.items) <= limit
        yield [entry.id for entry in page.items]
        if page.next is None:
            return
        after = page.next


def found(limit: int = 50, owner: str = "main", **fields: Any) -> str:
    """Return the ids of all pages."""
    return "".join(name for page in pages(limit, owner, **fields) for name in page)


def test_an_empty_journal_has_one_empty_page() -> None:
    assert list(pages()) == [[]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_show_all_streams_newest_first_and_every_entry_once(limit: int) -> None:
    append(*one_a_minute(LETTERS))
    assert found(limit) == LETTERS[::-1]


def test_an_entry_says_where_it_stands_and_what_happened() -> None:
    append(happened := an_event("a", minutes=1, subject="J", details={"name": "x"}))
    (entry,) = JournalSearch(journal=JournalStore()).search("main", read_query({}), None, 1).items
    assert (entry.stream, entry.seq, entry.id) == (stream_of("J"), 1, "a")
    assert (entry.kind, entry.actor, entry.subject) == ("test.happened", "token:laptop", "J")
    assert (entry.at, entry.details) == (happened.at, {"name": "x"})
    assert entry.is_whole


def test_what_is_appended_while_pages_are_turned_is_on_none_of_them() -> None:
    append(*one_a_minute("abcd"))
    turning = pages(2)
    assert next(turning) == ["d", "c"]
    append(*one_a_minute("xyz" * 8, at=an_event("", 99).at))
    assert [*turning] == [["b", "a"]]


def test_an_entry_that_was_written_late_hides_none_before_it() -> None:
    subject = SUBJECTS[0]
    append(
        an_event("a", 0, subject=SUBJECTS[1]),
        an_event("b", 10, subject=subject),
        an_event("c", 20, subject=subject),
        an_event("d", -600, subject=subject),  # The end of a task that nobody saw for hours.
    )
    assert found() == "dcba"
    later: Any = {"from": "2026-11-22T12:05:00Z"}
    assert found(**later) == "cb"


@pytest.mark.parametrize("limit", [1, 50])
def test_a_range_of_time_is_found_wherever_it_begins(limit: int) -> None:
    append(*one_a_minute(LETTERS))
    span: Any = {"from": "2026-11-22T12:04:00Z", "until": "2026-11-22T12:09:00Z"}
    assert found(limit, **span) == "ihgfe"
    assert found(limit, until="2026-11-22T12:03:00Z") == "cba"
    later: Any = {"from": "2026-11-22T12:23:00Z"}
    assert found(limit, **later) == "zyx"


def test_a_range_long_past_is_found_without_reading_all_that_came_after() -> None:
    store = JournalStore()
    for number in range(160):
        store.append(an_event(f"{number}", minutes=number))
    counted = Counted()
    query = read_query({"until": "2026-11-22T12:03:00Z"})
    page = JournalSearch(journal=counted).search("main", query, None, 50)
    assert [entry.id for entry in page.items] == ["2", "1", "0"]
    assert counted.read < 120


def test_what_came_before_a_range_is_not_read() -> None:
    store = JournalStore()
    for number in range(160):
        store.append(an_event(f"{number}", minutes=number))
    counted = Counted()
    query = read_query({"from": "2026-11-22T14:38:00Z"})
    page = JournalSearch(journal=counted).search("main", query, None, 5)
    assert ([entry.id for entry in page.items], page.next) == (["159", "158"], None)
    assert counted.read < 100


@pytest.mark.parametrize("seed", range(4))
def test_no_range_loses_what_clocks_and_late_entries_have_moved(seed: int) -> None:
    chance = random.Random(seed)
    times = {}
    store = JournalStore()
    for number in range(100):
        late = chance.choice([0] * 8 + [300])
        minutes = number + chance.uniform(-4, 4) - late
        times[f"{number}."] = minutes
        store.append(an_event(f"{number}.", minutes, subject=chance.choice("JKLMNOPQ")))
    first, last = sorted(chance.uniform(-50, 100) for _ in range(2))
    span = {"from": _at(first), "until": _at(last)}
    names = [name for page in pages(7, **span) for name in page]
    assert sorted(names) == sorted(
        n for n, at in times.items() if _at(first) <= _at(at) < _at(last)
    )


def _at(minutes: float) -> str:
    return f"{an_event('', minutes).at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def test_a_kind_an_actor_and_a_text_are_looked_for() -> None:
    append(
        an_event("a", 0, kind="job.created"),
        an_event("b", 1, kind="job.paused", actor="system:daemon"),
        an_event("c", 2, kind="task.created", details={"reason": "Not needed"}),
    )
    assert found(kind="job") == "ba"
    assert found(kind="job.paused") == "b"
    assert found(actor="token") == "ca"
    assert found(text="not NEEDED") == "c"


def test_a_subject_is_read_from_its_stream_alone() -> None:
    append(*one_a_minute(LETTERS))
    counted = Counted()
    query = read_query({"subject": SUBJECTS[3]})
    page = JournalSearch(journal=counted).search("main", query, None, 50)
    assert ([entry.id for entry in page.items], page.next) == (["t", "l", "d"], None)
    assert counted.read < 10


def test_one_stream_is_in_its_own_order() -> None:
    append(*one_a_minute(LETTERS))
    assert found(stream=3) == "tld"


def test_a_subject_of_another_stream_is_not_in_this_one() -> None:
    append(*one_a_minute(LETTERS))
    assert list(pages(subject=SUBJECTS[3], stream="4")) == [[]]


def test_a_page_that_looks_at_too_many_is_short_and_says_that_others_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chalicelib.journal.search._MOST_LOOKED_AT", 10)
    append(*one_a_minute(LETTERS))
    counted = Counted()
    page = JournalSearch(journal=counted).search("main", read_query({"text": "x"}), None, 5)
    assert [entry.id for entry in page.items] == ["x"]
    assert page.next is not None
    assert [*pages(5, text="a/nothing")] == [[], [], []]


def test_the_journal_of_another_owner_is_another_one() -> None:
    append(an_event("a"), an_event("b", owner="other"))
    assert (found(), found(owner="other"), found(owner="nobody")) == ("a", "b", "")


@pytest.mark.parametrize(
    "after", ["", "1", "1-2-3-4-5-6-7-X", "1-2-3-4-5-6-7-8-9", "1-2-3-4-5-6-7-1000000000000000"]
)
def test_a_cursor_of_something_else_is_refused(after: str) -> None:
    search = JournalSearch(journal=JournalStore())
    with pytest.raises(Invalid) as caught:
        search.search("main", read_query({}), after, 5)
    assert caught.value.faults[0].field == "cursor"


def test_an_entry_is_found_by_its_position() -> None:
    append(an_event("a"), an_event("b"))
    search = JournalSearch(journal=JournalStore())
    assert search.entry("main", stream_of("J"), 2).id == "b"


@pytest.mark.parametrize(("stream", "seq"), [(8, 1), (0, 0), (10**14, 1), (0, 10**14)])
def test_there_is_nothing_where_nothing_stands(stream: int, seq: int) -> None:
    with pytest.raises(NotFound):
        JournalSearch(journal=JournalStore()).entry("main", stream, seq)


def test_a_stream_whose_beginning_was_put_away_is_still_searched() -> None:
    append(*[an_event(f"{number}", number) for number in range(60)])
    for number in range(1, 41):
        JournalRow(an_event("").stream, number).delete()
    assert found(until="2026-11-22T12:42:00Z") == "4140"
