from typing import Any

import httpx
import pytest

from tests.functions.http.api import Api, Reply, assert_problem
from tests.functions.http.tasks import moved, performed
from tests.journal.events import an_event, append

PATH = "/v1/journal/exports"


def asked(api: Api, body: Any = b"", **how: Any) -> Reply:
    reply = api.post(PATH, body, **how)
    assert reply.status in {200, 202}
    return reply


def test_an_export_is_asked_for_and_written_by_a_worker(api: Api) -> None:
    append(an_event("a"))
    reply = asked(api, {"kind": "test"})
    task_id = reply.body["task_id"]

    assert (reply.status, reply.headers["Location"]) == (202, f"{PATH}/{task_id}")
    assert reply.body == {
        "task_id": task_id,
        "state": "queued",
        "reason": None,
        "created_at": "2026-11-22T12:00:00Z",
        "finished_at": None,
        "entries": None,
        "bytes": None,
        "hash": None,
        "link": None,
        "link_expires_at": None,
    }
    performed(api, task_id)
    done = api.get(f"{PATH}/{task_id}").body
    assert (done["state"], done["entries"]) == ("succeeded", 1)
    assert done["link_expires_at"] == "2026-11-22T12:15:00Z"


@pytest.mark.usefixtures("api")
def test_the_link_leads_to_the_file_without_a_token(api: Api) -> None:
    append(an_event("a"))
    task_id = asked(api).body["task_id"]
    performed(api, task_id)
    done = api.get(f"{PATH}/{task_id}").body
    link = httpx.URL(done["link"])
    assert link.scheme == "https"
    assert link.path.endswith(f"/main/exports/{task_id}/journal.ndjson")
    assert link.params["X-Amz-Expires"] == "900"
    assert "attachment" in link.params["response-content-disposition"]


def test_all_that_can_be_looked_for_can_be_exported(api: Api) -> None:
    fields = {
        "kind": "job",
        "actor": "token",
        "subject": "J",
        "stream": 3,
        "from": "2026-11-22T12:00:00Z",
        "until": "2026-11-22T13:00:00Z",
        "text": "x",
    }
    task_id = asked(api, fields).body["task_id"]
    assert api.get(f"/v1/tasks/{task_id}").body["payload"] == fields


def test_an_export_that_is_asked_for_twice_with_one_key_is_made_once(api: Api) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = asked(api, {}, headers=key), asked(api, {}, headers=key)
    assert (first.status, again.status) == (202, 200)
    assert first.body["task_id"] == again.body["task_id"]


def test_an_export_that_was_cancelled_says_so(api: Api) -> None:
    task_id = asked(api).body["task_id"]
    moved(api, task_id, "cancel")
    shown = api.get(f"{PATH}/{task_id}").body
    assert (shown["state"], shown["link"]) == ("cancelled", None)


def test_the_export_of_another_owner_is_not_found(api: Api) -> None:
    task_id = asked(api).body["task_id"]
    assert_problem(api.get(f"{PATH}/{task_id}", owner="other"), 404)


def test_its_task_shows_no_run(api: Api) -> None:
    task_id = asked(api).body["task_id"]
    performed(api, task_id)
    task = api.get(f"/v1/tasks/{task_id}").body
    assert (task["state"], task["run_id"]) == ("succeeded", None)
