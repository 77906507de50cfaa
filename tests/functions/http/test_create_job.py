import hashlib
import json

import pytest

from chalicelib.scheduler.rows import HotRow
from tests.functions.http.api import Api, a_job

KIB = 1_024


def test_a_job_is_made_and_shown(api: Api) -> None:
    reply = api.post("/v1/jobs", a_job())
    assert reply.status == 201
    assert reply.body == {
        "id": reply.body["id"],
        "name": "health",
        "schedule": {"every": "60s"},
        "explanation": "every minute",
        "prompt": "Summarize health",
        "tools": ["system.health"],
        "concurrency": "forbid",
        "misfire": "skip",
        "jitter_seconds": 0,
        "max_attempts": 3,
        "backoff_seconds": None,
        "backoff_cap_seconds": None,
        "backoff_jitter_percent": None,
        "max_runs": None,
        "pause_after_failures": None,
        "state": "enabled",
        "paused_for": None,
        "paused_until": None,
        "runs": 0,
        "failures": 0,
        "review_required": None,
        "version": 1,
        "next_slot": "2026-11-22T12:01:00Z",
        "active": None,
        "waiting": None,
        "created_at": "2026-11-22T12:00:00Z",
        "created_by": "token:laptop",
        "updated_at": "2026-11-22T12:00:00Z",
        "updated_by": "token:laptop",
    }


def test_the_answer_says_where_the_job_is(api: Api) -> None:
    reply = api.post("/v1/jobs", a_job())
    assert reply.headers["Location"] == f"/v1/jobs/{reply.body['id']}"
    assert api.get(reply.headers["Location"]).body["id"] == reply.body["id"]


def test_slots_within_the_horizon_are_handed_over_at_once(api: Api) -> None:
    job = api.job()
    firings = api.get(f"/v1/jobs/{job}/firings").body["items"]
    assert [firing["slot"][11:16] for firing in firings] == ["12:02", "12:01"]
    assert api.world.messages() == 2


def test_the_journal_says_which_token_made_the_job(api: Api) -> None:
    job = api.job()
    (row,) = api.world.events("job.created")
    content = json.loads(row.content)
    assert (content["subject"], content["actor"]) == (job, "token:laptop")


def test_the_journal_keeps_the_hash_of_a_prompt_and_not_its_text(api: Api) -> None:
    api.job(prompt="between you and me")
    (row,) = api.world.events("job.created")
    assert "between you and me" not in row.content
    assert "prompt_sha256" not in row.content
    (personal,) = api.world.personal("job.created")
    digest = hashlib.sha256(b"between you and me").hexdigest()
    assert personal == {"name": "health", "prompt_sha256": digest}


def test_a_job_needs_no_tools(api: Api) -> None:
    body = a_job()
    del body["tools"]
    assert api.post("/v1/jobs", body).body["tools"] == []


def test_an_interval_may_be_a_number_of_seconds(api: Api) -> None:
    reply = api.post("/v1/jobs", a_job(schedule={"every": 90}))
    assert reply.body["schedule"] == {"every": "90s"}


def test_a_job_may_be_due_at_the_times_of_a_zone(api: Api) -> None:
    schedule = {"cron": "30 2 * * MON-FRI", "timezone": "Europe/Berlin"}
    made = api.post("/v1/jobs", a_job(schedule=schedule)).body
    assert made["schedule"] == {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin"}
    assert made["explanation"] == "at 02:30 on Monday to Friday, Europe/Berlin"
    assert made["next_slot"] == "2026-11-23T01:30:00Z"


def test_a_job_may_be_due_at_one_instant(api: Api) -> None:
    schedule = {"at": "2026-11-22T14:00:00+01:00", "timezone": "Europe/Berlin"}
    made = api.post("/v1/jobs", a_job(schedule=schedule)).body
    assert made["schedule"] == {"at": "2026-11-22T13:00:00Z", "timezone": "Europe/Berlin"}
    assert made["next_slot"] == "2026-11-22T13:00:00Z"


def test_the_setting_says_in_which_zone_an_instant_is_told_without_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_CRON_TIMEZONE", "Europe/Berlin")
    made = api.post("/v1/jobs", a_job(schedule={"at": "2026-11-22T13:00:00Z"})).body
    assert made["explanation"] == "once at 2026-11-22 14:00:00 Europe/Berlin (UTC+01:00)"
    assert made["schedule"] == {"at": "2026-11-22T13:00:00Z"}


def test_the_longest_name_and_prompt_are_taken_as_they_are(api: Api) -> None:
    longest = {"name": "ü" * 64, "prompt": "p" * 16 * KIB}
    reply = api.post("/v1/jobs", a_job(**longest))
    assert {name: reply.body[name] for name in longest} == longest


def test_the_media_type_may_name_its_charset(api: Api) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert api.post("/v1/jobs", a_job(), headers=headers).status == 201


def test_a_body_of_320_kib_is_read(api: Api) -> None:
    body = json.dumps(a_job()).encode()
    assert api.post("/v1/jobs", body + b" " * (320 * KIB - len(body))).status == 201


def test_a_refused_job_leaves_nothing_behind(api: Api) -> None:
    api.post("/v1/jobs", a_job(tools=["rm"]))
    assert list(HotRow.scan()) == []
    assert api.world.events("job.created") == []
