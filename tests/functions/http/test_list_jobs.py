from itertools import chain

from chalicelib.scheduler.rows import HotRow
from tests.functions.http.api import Api
from tests.support.world import MINUTE


def some_jobs(api: Api, count: int) -> list[str]:
    """Make jobs, a minute apart; return their ids, newest first."""
    ids = []
    for _ in range(count):
        ids.append(api.job(schedule={"every": "1d"}))
        api.world.clock.move(MINUTE)
    return ids[::-1]


def test_without_jobs_the_list_is_empty_and_has_no_next_page(api: Api) -> None:
    assert api.get("/v1/jobs").body == {"items": [], "next": None}


def test_a_listed_job_is_what_the_job_itself_shows(api: Api) -> None:
    job = api.job()
    (listed,) = api.get("/v1/jobs").body["items"]
    assert listed == api.get(f"/v1/jobs/{job}").body


def test_the_newest_job_comes_first(api: Api) -> None:
    ids = some_jobs(api, 3)
    assert [job["id"] for job in api.get("/v1/jobs").body["items"]] == ids


def test_pages_show_every_job_once(api: Api) -> None:
    ids = some_jobs(api, 5)
    for limit in (1, 2, 3, 5, 200):
        pages = list(api.pages("/v1/jobs", limit))
        assert [job["id"] for job in chain(*pages)] == ids
        assert all(len(page) <= limit for page in pages)


def test_a_job_made_meanwhile_does_not_disturb_later_pages(api: Api) -> None:
    ids = some_jobs(api, 4)
    first = api.get("/v1/jobs?limit=2").body
    api.job()
    second = api.get(f"/v1/jobs?limit=2&cursor={first['next']}").body
    assert [job["id"] for job in first["items"] + second["items"]] == ids


def test_a_job_whose_schedule_cannot_be_read_hides_no_other(api: Api) -> None:
    sound, broken = api.job(), api.job()
    gibberish = [HotRow.schedule.set("gibberish")]
    HotRow.change(f"main#{broken}", "hot", gibberish, HotRow.pk.exists())
    shown = {job["id"]: job["schedule"] for job in api.get("/v1/jobs").body["items"]}
    assert shown == {sound: {"every": "60s"}, broken: None}
