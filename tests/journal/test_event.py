import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.journal.event import Event

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CREATED = Event(
    id="J/created",
    owner="main",
    kind="job.created",
    actor="token:laptop",
    subject="J",
    at=NOON,
    details={"name": "health", "token": "hunter2"},
)


def test_the_content_is_canonical_and_redacted() -> None:
    assert CREATED.content() == (
        '{"actor":"token:laptop","at":"2026-11-22T12:00:00Z",'
        '"details":{"name":"health","token":"[redacted:token]"},'
        '"id":"J/created","kind":"job.created","subject":"J"}'
    )


def test_the_content_does_not_repeat_the_owner_of_its_stream() -> None:
    assert "owner" not in json.loads(CREATED.content())


def test_the_events_of_a_subject_share_a_stream() -> None:
    assert CREATED.stream == replace(CREATED, id="J/deleted", kind="job.deleted").stream


def test_the_stream_of_a_subject_never_changes() -> None:
    assert CREATED.stream == "main#audit#5"


def test_owners_never_share_a_stream() -> None:
    assert replace(CREATED, owner="other").stream == CREATED.stream.replace("main", "other")


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_every_subject_has_one_of_eight_streams(subject: str) -> None:
    stream = replace(CREATED, subject=subject).stream
    assert stream in {f"main#audit#{number}" for number in range(8)}
