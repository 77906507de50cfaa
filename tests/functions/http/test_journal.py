from itertools import chain
from typing import Any

import pytest

from chalicelib.journal.event import stream_of
from tests.functions.http.api import Api, assert_problem
from tests.journal.events import SUBJECTS, an_event, append, one_a_minute

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def listed(api: Api, query: str = "") -> str:
    reply = api.get(f"/v1/journal{query}")
    assert reply.status == 200
    return "".join(each["id"] for each in reply.body["items"])


def test_an_empty_journal_has_no_next_page(api: Api) -> None:
    assert api.get("/v1/journal").body == {"items": [], "next": None}


def test_an_entry_says_who_did_what_to_what_when_and_where_it_stands(api: Api) -> None:
    job = api.job()

    (shown,) = api.get("/v1/journal").body["items"]

    assert shown | {"details": {}, "personal": {}, "previous": "", "link": ""} == {
        "stream": stream_of(job),
        "seq": 1,
        "id": f"{job}/created",
        "kind": "job.created",
        "actor": "token:laptop",
        "subject": job,
        "at": "2026-11-22T12:00:00Z",
        "details": {},
        "personal": {},
        "previous": "",
        "link": "",
    }
    assert shown["personal"]["name"] == "health"
    assert len(shown["link"]) == len(shown["previous"]) == 64


def test_an_entry_is_shown_by_its_position(api: Api) -> None:
    job = api.job()
    (listed,) = api.get("/v1/journal").body["items"]
    assert api.get(f"/v1/journal/{stream_of(job)}/1").body == listed


def test_a_large_entry_says_by_which_digest_it_is_kept(api: Api) -> None:
    append(an_event("large", details={"text": "x" * 300_000}))
    (shown,) = api.get("/v1/journal").body["items"]
    assert shown["details"] == {}
    assert shown["payload"]["bytes"] > 300_000


@pytest.mark.parametrize("limit", [3, 10, 200])
def test_pages_show_every_entry_once_newest_first(api: Api, limit: int) -> None:
    append(*one_a_minute(LETTERS))
    pages = list(api.pages("/v1/journal", limit))
    assert "".join(each["id"] for each in chain(*pages)) == LETTERS[::-1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("?kind=test", "c"),
        ("?kind=job.created", "a"),
        ("?actor=system", "b"),
        ("?subject=J", "ca"),
        (f"?stream={stream_of('K')}", "b"),
        ("?from=2026-11-22T12:01:00Z", "cb"),
        ("?until=2026-11-22T13:01:00%2B01:00", "a"),
        ("?text=NEEDED", "b"),
        ("?subject=J&kind=test&text=c", "c"),
        ("?subject=nobody", ""),
    ],
)
def test_a_search_finds_what_was_asked_for(api: Api, query: str, ids: str) -> None:
    append(
        an_event("a", 0, kind="job.created"),
        an_event("b", 1, kind="job.paused", subject="K", actor="system:x", details={"y": "needed"}),
        an_event("c", 2),
    )
    assert listed(api, query) == ids


def test_the_journal_of_another_owner_is_not_shown(api: Api) -> None:
    append(an_event("a", owner="other"))
    assert listed(api) == ""
    assert_problem(api.get(f"/v1/journal/{stream_of('J')}/1"), 404)
    assert api.get(f"/v1/journal/{stream_of('J')}/1", owner="other").body["id"] == "a"


def test_a_search_of_one_stream_goes_on_by_its_own_cursor(api: Api) -> None:
    append(*one_a_minute(LETTERS))
    query = f"?subject={SUBJECTS[3]}&limit=2"
    first: Any = api.get(f"/v1/journal{query}").body
    assert listed(api, f"{query}&cursor={first['next']}") == "d"
    assert_problem(api.get(f"/v1/journal?cursor={first['next']}"), 422, "cursor")
