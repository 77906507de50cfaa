import json
from datetime import datetime
from typing import Any

import pytest

from tests.functions.http.api import Api
from tests.support.world import World

REVIEWED = {"first": "2026-11-22T13:00:00Z", "last": "2026-11-22T18:00:00Z"}


@pytest.fixture
def missed(api: Api, world: World) -> str:
    """An hourly job that catches up, thirty hours after its last tick."""
    job = api.job(schedule={"every": "1h"}, misfire="catch_up")
    world.at(60 * 30)
    world.services.tick.run()
    return job


def test_a_job_shows_what_waits_for_an_operator(api: Api, missed: str) -> None:
    assert api.get(f"/v1/jobs/{missed}").body["review_required"] == REVIEWED


def test_a_replay_fires_the_newest_and_closes_the_review(api: Api, missed: str) -> None:
    reply = api.post(f"/v1/jobs/{missed}/review", {"action": "replay", "limit": 2})

    assert reply.status == 202
    assert [each["stands_for"] for each in reply.body["firings"]] == [
        "2026-11-22T17:00:00Z",
        "2026-11-22T18:00:00Z",
    ]
    assert {each["origin"] for each in reply.body["firings"]} == {"replay"}
    assert api.get(f"/v1/jobs/{missed}").body["review_required"] is None


def test_a_replay_really_runs_in_lane_low(api: Api, world: World, missed: str) -> None:
    reply = api.post(f"/v1/jobs/{missed}/review", {"action": "replay", "limit": 1})
    task_id = reply.body["firings"][0]["task_id"]
    world.clock.instant = world.clock.now().replace(second=30)
    job, _, slot = task_id.partition("-")
    world.services.handle(world.ref(world.services.jobs.get("main", job))._replace(sk=slot))

    task = api.get(f"/v1/tasks/{task_id}").body
    assert (task["state"], task["lane"]) == ("succeeded", "low")


def test_a_dismissal_closes_the_review_and_fires_nothing(
    api: Api, world: World, missed: str
) -> None:
    reply = api.post(f"/v1/jobs/{missed}/review", {"action": "dismiss"})

    assert reply.body == {"firings": [], "continue_from": None}
    assert api.get(f"/v1/jobs/{missed}").body["review_required"] is None
    assert [json.loads(event.content)["kind"] for event in world.events("job.dismissed")] == [
        "job.dismissed"
    ]


def test_without_a_review_there_is_nothing_to_replay(api: Api) -> None:
    reply = api.post(f"/v1/jobs/{api.job()}/review", {"action": "replay"})

    assert reply.status == 409
    assert "backfill" in reply.body["fix"]


def test_a_backfill_fires_each_slot_once_and_says_where_to_go_on(api: Api, missed: str) -> None:
    body = {"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T17:00:00Z", "limit": 2}

    first = api.post(f"/v1/jobs/{missed}/backfill", body).body
    again = api.post(f"/v1/jobs/{missed}/backfill", body).body

    assert [each["stands_for"] for each in first["firings"]] == [
        "2026-11-22T13:00:00Z",
        "2026-11-22T14:00:00Z",
    ]
    assert first["continue_from"] == "2026-11-22T15:00:00Z"
    assert [each["task_id"] for each in again["firings"]] == [
        each["task_id"] for each in first["firings"]
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": "2026-11-22T13:00:00Z", "to": "2026-11-30T13:00:00Z"}, "to"),
        ({"from": "2026-11-22T14:00:00Z", "to": "2026-11-22T13:00:00Z"}, "to"),
        ({"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T14:00:00Z", "limit": 101}, "limit"),
        ({"from": "2026-11-22T13:00:00Z", "to": None}, "to"),
    ],
)
def test_a_range_that_is_none_is_refused(
    api: Api, missed: str, body: dict[str, object], field: str
) -> None:
    reply = api.post(f"/v1/jobs/{missed}/backfill", body)

    assert reply.status == 422
    assert reply.body["errors"][0]["field"] == field


def test_a_preview_shows_five_slots_by_both_clocks(api: Api) -> None:
    job = api.job(schedule={"cron": "30 2 * * *", "timezone": "Europe/Prague"})

    shown = api.get(f"/v1/jobs/{job}/preview").body

    assert shown["timezone"] == "Europe/Prague"
    assert len(shown["slots"]) == 5
    assert shown["slots"][0] == {
        "slot": "2026-11-23T01:30:00Z",
        "local": "2026-11-23T02:30:00+01:00",
        "note": None,
    }


def test_a_job_that_does_not_fire_has_nothing_to_preview(api: Api) -> None:
    job = api.job()
    api.post(f"/v1/jobs/{job}/pause", {})

    assert api.get(f"/v1/jobs/{job}/preview").body["slots"] == []


def test_a_pause_until_an_instant_is_shown(api: Api) -> None:
    job = api.job()

    body = api.post(f"/v1/jobs/{job}/pause", {"until": "2026-11-22T15:00:00Z"}).body

    assert (body["state"], body["paused_for"]) == ("paused", "operator")
    assert body["paused_until"] == "2026-11-22T15:00:00Z"
    late = api.post(f"/v1/jobs/{job}/pause", {"until": "2026-11-22T11:00:00Z"})
    assert (late.status, late.body["errors"][0]["field"]) == (422, "until")


def test_terms_are_kept_and_changed(api: Api) -> None:
    terms: dict[str, Any] = {
        "misfire": "catch_up",
        "jitter_seconds": 30,
        "max_attempts": 5,
        "backoff_seconds": 7,
        "backoff_cap_seconds": 70,
        "backoff_jitter_percent": 20,
        "max_runs": 9,
        "pause_after_failures": 2,
    }
    job = api.job(**terms)
    assert api.get(f"/v1/jobs/{job}").body.items() >= terms.items()

    changed = api.send("PATCH", f"/v1/jobs/{job}", {"max_runs": None, "jitter_seconds": 0}).body

    assert changed.items() >= (terms | {"max_runs": None, "jitter_seconds": 0}).items()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("misfire", "sometimes"),
        ("jitter_seconds", 3_601),
        ("max_attempts", 17),
        ("backoff_seconds", 0),
        ("backoff_jitter_percent", 101),
        ("max_runs", 0),
        ("pause_after_failures", 1_001),
    ],
)
def test_terms_out_of_bounds_are_refused_by_name(api: Api, field: str, value: object) -> None:
    job = api.job()

    reply = api.send("PATCH", f"/v1/jobs/{job}", {field: value})

    assert reply.status == 422
    assert field in reply.body["errors"][0]["field"]


LEAPT = "clocks leap over the time that is named: it fires when they do"
TWICE = "clocks show this time twice: it fires the first time"
AGAIN = "clocks show this time twice: it fires both times"


@pytest.mark.parametrize(
    ("eve", "cron", "zone", "slots"),
    [
        pytest.param(
            "2026-03-28T12:00:00Z",
            "30 2 * * *",
            "Europe/Prague",
            [
                ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00", LEAPT),
                ("2026-03-30T00:30:00Z", "2026-03-30T02:30:00+02:00", None),
            ],
            id="Prague leaps an hour",
        ),
        pytest.param(
            "2026-10-24T12:00:00Z",
            "30 2 * * *",
            "Europe/Prague",
            [
                ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00", TWICE),
                ("2026-10-26T01:30:00Z", "2026-10-26T02:30:00+01:00", None),
            ],
            id="Prague shows an hour twice",
        ),
        pytest.param(
            "2026-10-25T00:00:00Z",
            "30 * * * *",
            "Europe/Prague",
            [
                ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00", AGAIN),
                ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00", AGAIN),
                ("2026-10-25T02:30:00Z", "2026-10-25T03:30:00+01:00", None),
            ],
            id="an interval runs in both hours of Prague",
        ),
        pytest.param(
            "2026-10-03T12:00:00Z",
            "15 2 * * *",
            "Australia/Lord_Howe",
            [
                ("2026-10-03T15:30:00Z", "2026-10-04T02:30:00+11:00", LEAPT),
                ("2026-10-04T15:15:00Z", "2026-10-05T02:15:00+11:00", None),
            ],
            id="Lord Howe leaps half an hour",
        ),
        pytest.param(
            "2026-04-04T12:00:00Z",
            "45 1 * * *",
            "Australia/Lord_Howe",
            [
                ("2026-04-04T14:45:00Z", "2026-04-05T01:45:00+11:00", TWICE),
                ("2026-04-05T15:15:00Z", "2026-04-06T01:45:00+10:30", None),
            ],
            id="Lord Howe shows half an hour twice",
        ),
    ],
)
def test_a_preview_notes_where_clocks_change(
    api: Api, eve: str, cron: str, zone: str, slots: list[tuple[str, str, str | None]]
) -> None:
    api.world.clock.instant = datetime.fromisoformat(eve)
    job = api.job(schedule={"cron": cron, "timezone": zone})

    shown = api.get(f"/v1/jobs/{job}/preview").body

    assert shown["timezone"] == zone
    told = [(each["slot"], each["local"], each["note"]) for each in shown["slots"]]
    assert told[: len(slots)] == slots


def test_an_interval_has_no_clocks_that_change(api: Api) -> None:
    api.world.clock.instant = datetime.fromisoformat("2026-10-24T23:00:00Z")
    job = api.job(schedule={"every": "1h"})
    assert {each["note"] for each in api.get(f"/v1/jobs/{job}/preview").body["slots"]} == {None}
