from itertools import chain

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from tests.functions.http.api import Api
from tests.functions.http.heartbeats import beat
from tests.support.world import MINUTE


def listed(api: Api, query: str = "") -> list[str]:
    return [each["object_id"] for each in api.get(f"/v1/heartbeats{query}").body["items"]]


def test_without_work_the_list_is_empty_and_has_no_next_page(api: Api) -> None:
    assert api.get("/v1/heartbeats").body == {"items": [], "next": None}


def test_a_heartbeat_says_of_what_it_is_and_how_old(api: Api) -> None:
    beat(api, "T")
    api.world.clock.move(MINUTE)

    (shown,) = api.get("/v1/heartbeats").body["items"]

    assert shown == {
        "kind": "background_task",
        "object_id": "T",
        "key": "background_task:T",
        "summary": "step 3",
        "updated_at": "2026-11-22T12:00:00Z",
        "age_seconds": 60,
        "task": "T",
    }


def test_a_clock_that_is_behind_makes_no_negative_age(api: Api) -> None:
    beat(api, "T")
    api.world.clock.move(-MINUTE)

    assert api.get("/v1/heartbeats").body["items"][0]["age_seconds"] == 0


def test_work_of_another_kind_is_listed_when_it_is_asked_for(api: Api) -> None:
    beat(api, "T")
    beat(api, "A", WorkHeartbeatKind.APPROVAL)

    assert listed(api) == ["T"]
    assert listed(api, "?kind=approval") == ["A"]


def test_what_is_no_task_names_none(api: Api) -> None:
    beat(api, "A", WorkHeartbeatKind.APPROVAL)

    assert api.get("/v1/heartbeats?kind=approval").body["items"][0]["task"] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_show_every_heartbeat_once(api: Api, limit: int) -> None:
    ids = ["A", "B", "B-001795348860", "C" * 323]
    for object_id in ids:
        beat(api, object_id)

    pages = list(api.pages("/v1/heartbeats", limit))

    assert [each["object_id"] for each in chain(*pages)] == ids
    assert all(0 < len(page) <= limit for page in pages)


def test_work_of_other_owners_is_not_listed(api: Api) -> None:
    beat(api, "T", owner="other")

    assert listed(api) == []
