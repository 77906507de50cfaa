from typing import Any

import pytest

from chalicelib.errors import Invalid
from chalicelib.journal.chain import genesis, link
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import Event
from chalicelib.journal.query import Query, read_query
from tests.journal.events import an_event
from tests.support.world import MINUTE, NOON


def entry_of(event: Event) -> Entry:
    first = genesis(event.stream)
    return Entry(
        chain=event.stream,
        seq=1,
        kind=event.kind,
        at=event.at,
        content=event.content(),
        previous=first,
        link=link(event.stream, "1", first, event.content()),
    )


ENTRY = entry_of(
    an_event(
        "J/created",
        kind="job.created",
        subject="J",
        details={"name": 'Say "Hello"', "tools": ["time.now"], "version": 17},
    )
)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "job.created"},
        {"kind": "job"},
        {"actor": "token:laptop"},
        {"actor": "token"},
        {"subject": "J"},
        {"from": "2026-11-22T12:00:00Z"},
        {"until": "2026-11-22T12:00:00.001Z"},
        {"from": "2026-11-22T12:00:00+00:00", "until": "2026-11-22T13:00:00Z"},
        {"text": 'say "hello"'},
        {"text": "TIME.NOW"},
        {"text": "17"},
        {"text": "version"},
        {"text": "j/created"},
    ],
    ids=str,
)
def test_an_entry_that_is_asked_for_is_taken(fields: dict[str, Any]) -> None:
    assert read_query(fields).takes(ENTRY)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "jo"},
        {"kind": "job.create"},
        {"kind": "job.created.twice"},
        {"actor": "token:lap"},
        {"actor": "operator"},
        {"subject": "K"},
        {"from": "2026-11-22T12:00:00.001Z"},
        {"until": "2026-11-22T12:00:00Z"},
        {"text": "goodbye"},
        {"text": '"actor"'},
        {"text": "details"},
        {"kind": "job", "actor": "operator"},
    ],
    ids=str,
)
def test_an_entry_that_is_not_asked_for_is_left_out(fields: dict[str, Any]) -> None:
    assert not read_query(fields).takes(ENTRY)


def test_a_subject_is_looked_for_in_its_own_stream() -> None:
    assert Query(subject="J").streams == [ENTRY.stream]
    assert Query(subject="J", stream=ENTRY.stream).streams == [ENTRY.stream]
    assert Query(subject="J", stream=(ENTRY.stream + 1) % 8).streams == []


def test_without_a_subject_all_streams_or_the_named_one_are_looked_at() -> None:
    assert Query().streams == [*range(8)]
    assert Query(stream=3).streams == [3]


@pytest.mark.parametrize(
    ("fields", "field", "fix"),
    [
        ({"kinds": "job"}, "kinds", "use: actor, from, kind, stream, subject, text, until"),
        ({"kind": ""}, "kind", "send 1 to 1024 characters, or leave it out"),
        ({"text": "x" * 1_025}, "text", "send 1 to 1024 characters, or leave it out"),
        ({"actor": ["a"]}, "actor", "send 1 to 1024 characters, or leave it out"),
        ({"stream": "8"}, "stream", "use 0 to 7"),
        ({"stream": -1}, "stream", "use 0 to 7"),
        ({"stream": "٣"}, "stream", "use 0 to 7"),
        ({"from": "yesterday"}, "from", "send one as 2026-11-22T12:00:00Z"),
        ({"until": "2026-11-22T12:00:00"}, "until", "append Z, or an offset as +01:00"),
        (
            {"from": "2026-11-22T12:00:00Z", "until": "2026-11-22T12:00:00Z"},
            "until",
            "send a later instant",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_looked_for_is_refused_with_its_field_and_fix(
    fields: dict[str, Any], field: str, fix: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read_query(fields, "payload.")
    (fault,) = caught.value.faults
    assert (fault.field, fault.fix) == (f"payload.{field}", fix)


def test_a_stream_may_be_a_number() -> None:
    assert read_query({"stream": 3}) == read_query({"stream": "3"}) == Query(stream=3)


def test_an_instant_is_read_with_its_offset() -> None:
    assert read_query({"from": "2026-11-22T13:01:00+01:00"}).since == NOON + MINUTE


def test_an_entry_is_whole_until_it_is_changed() -> None:
    assert ENTRY.is_whole
    for changed in ({"seq": 2}, {"previous": "0" * 64}, {"content": "{}"}, {"chain": "x#audit#1"}):
        values = {name: getattr(ENTRY, name) for name in Entry.__dataclass_fields__}
        assert not Entry(**values | changed).is_whole
