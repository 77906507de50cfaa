from itertools import chain

import pytest

from tests.functions.http.api import Api, assert_problem


def slots(items: list[dict[str, str]]) -> list[str]:
    return [item["slot"][11:19] for item in items]


def test_a_slot_on_its_way_shows_its_instant_and_outcome(api: Api) -> None:
    job = api.job(schedule={"every": "100s"})
    assert api.get(f"/v1/jobs/{job}/firings").body == {
        "items": [
            {
                "slot": "2026-11-22T12:01:40Z",
                "outcome": "handed",
                "task_id": f"{job}-001795348900",
            }
        ],
        "next": None,
    }


def test_a_slot_that_fired_names_its_run(api: Api) -> None:
    job = api.job(schedule={"every": "100s"})
    run = api.run(job, 100 / 60)
    assert api.get(f"/v1/jobs/{job}/firings").body["items"] == [
        {
            "slot": "2026-11-22T12:01:40Z",
            "outcome": "fired",
            "task_id": run,
            "run_id": run,
            "state": "succeeded",
            "attempt": 1,
        }
    ]


def test_missed_slots_share_one_entry_with_a_reason(api: Api) -> None:
    job = api.job(schedule={"every": "300s"})
    api.world.at(60)
    api.world.services.tick.run()
    oldest = api.get(f"/v1/jobs/{job}/firings").body["items"][-1]
    assert oldest == {
        "slot": "2026-11-22T12:05:00Z",
        "last": "2026-11-22T12:55:00Z",
        "slots": 11,
        "slots_exact": True,
        "outcome": "misfired",
        "task_id": f"{job}-001795349100",
        "reason": "missed",
    }


def test_slots_that_an_edited_job_missed_before_are_not_counted_by_its_new_times(api: Api) -> None:
    job = api.job(schedule={"cron": "*/5 * * * *"})
    api.world.at(60)
    api.world.services.tick.run()
    api.send("PATCH", f"/v1/jobs/{job}", {"schedule": {"cron": "*/15 * * * *"}})
    oldest = api.get(f"/v1/jobs/{job}/firings").body["items"][-1]
    assert oldest["last"] == "2026-11-22T12:55:00Z"
    assert "slots" not in oldest


def test_the_newest_slot_comes_first(api: Api) -> None:
    job = api.job(schedule={"every": "60s"})
    assert slots(api.get(f"/v1/jobs/{job}/firings").body["items"]) == ["12:02:00", "12:01:00"]


def test_pages_show_every_slot_once(api: Api) -> None:
    job = api.job(schedule={"every": "20s"})
    for limit in (1, 2, 3, 7, 200):
        pages = list(api.pages(f"/v1/jobs/{job}/firings", limit))
        shown = slots(list(chain(*pages)))
        assert shown == sorted(set(shown), reverse=True)
        assert len(shown) == 7


def test_a_job_that_does_not_exist_has_no_ledger(api: Api) -> None:
    assert_problem(api.get("/v1/jobs/NOPE/firings"), 404)


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("cursor=!", "cursor"), ("since=now", "since")]
)
def test_a_bad_parameter_is_refused_by_its_name(api: Api, query: str, field: str) -> None:
    job = api.job()
    assert_problem(api.get(f"/v1/jobs/{job}/firings?{query}"), 422, field)
