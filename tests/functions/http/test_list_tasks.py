from itertools import chain

import pytest

from tests.functions.http.api import Api
from tests.functions.http.tasks import claimed, made, moved, performed, shown
from tests.support.world import MINUTE


def some_tasks(api: Api, count: int) -> list[str]:
    """Make tasks, a minute apart; return their ids, newest first."""
    ids = []
    for _ in range(count):
        ids.append(made(api))
        api.world.clock.move(MINUTE)
    return ids[::-1]


def listed(api: Api, query: str = "") -> list[str]:
    """Return the ids of a list."""
    return [task["id"] for task in api.get(f"/v1/tasks{query}").body["items"]]


def test_without_tasks_the_list_is_empty_and_has_no_next_page(api: Api) -> None:
    assert api.get("/v1/tasks").body == {"items": [], "next": None}


def test_a_listed_task_is_what_the_task_itself_shows(api: Api) -> None:
    task_id = made(api)

    (task,) = api.get("/v1/tasks").body["items"]

    assert task == shown(api, task_id)


def test_the_newest_task_comes_first(api: Api) -> None:
    ids = some_tasks(api, 3)

    assert listed(api) == ids


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
def test_pages_show_every_task_once(api: Api, limit: int) -> None:
    ids = some_tasks(api, 5)

    pages = list(api.pages("/v1/tasks", limit))

    assert [task["id"] for task in chain(*pages)] == ids
    assert all(len(page) <= limit for page in pages)


def test_tasks_of_a_state_are_listed_alone(api: Api) -> None:
    paused, _queued = made(api), made(api)
    moved(api, paused, "pause")

    assert listed(api, "?state=paused") == [paused]


def test_tasks_that_were_asked_to_stop_are_a_state_of_their_own(api: Api) -> None:
    asked, _running = made(api), made(api)
    claimed(api, asked)
    moved(api, asked, "cancel")

    assert listed(api, "?state=cancel_requested") == [asked]


def test_tasks_of_a_lane_are_listed_alone(api: Api) -> None:
    high, _normal = made(api, priority=1), made(api)

    assert listed(api, "?lane=high") == [high]


def test_state_and_lane_narrow_together(api: Api) -> None:
    high, other = made(api, priority=1), made(api, priority=1)
    moved(api, other, "pause")

    assert listed(api, "?state=queued&lane=high") == [high]


def test_children_are_listed_with_their_parent_and_not_in_the_queue(api: Api) -> None:
    parent = made(api)
    child = made(api, parent=parent)

    assert listed(api, f"?parent={parent}") == [child]
    assert listed(api) == [parent]


def test_what_follows_a_task_is_listed_with_it(api: Api) -> None:
    task_id = made(api, payload={"prompt": "x", "then": {"prompt": "y"}})
    performed(api, task_id)

    (follow_up,) = listed(api, f"?parent={task_id}")

    assert shown(api, follow_up)["payload"] == {"prompt": "y"}


def test_the_firings_of_a_job_are_listed_with_it(api: Api) -> None:
    job = api.job()

    ids = listed(api, f"?parent={job}")

    assert ids
    assert all(task_id.startswith(f"{job}-") for task_id in ids)


def test_tasks_of_other_owners_are_not_listed(api: Api) -> None:
    parent = made(api, owner="other")
    made(api, owner="other", parent=parent)

    assert listed(api) == []
    assert listed(api, f"?parent={parent}") == []
