from tests.functions.http.api import Api, assert_problem
from tests.functions.http.tasks import a_task, made, moved


def test_a_task_of_another_owner_is_no_parent(api: Api) -> None:
    parent = made(api, owner="other")
    assert_problem(api.post("/v1/tasks", a_task(parent=parent)), 404, "parent")


def test_a_task_that_has_ended_delegates_nothing_more(api: Api) -> None:
    parent = made(api)
    moved(api, parent, "cancel")

    problem = assert_problem(api.post("/v1/tasks", a_task(parent=parent)), 409, "parent")

    assert problem["detail"] == "the parent is cancelled"


def test_a_ninth_child_is_refused(api: Api) -> None:
    parent = made(api)
    for _ in range(8):
        made(api, parent=parent)

    problem = assert_problem(api.post("/v1/tasks", a_task(parent=parent)), 409, "parent")

    assert problem["detail"] == "max_children_per_parent: the task has 8 children"


def test_a_fourth_level_of_delegation_is_refused(api: Api) -> None:
    parent = made(api)
    for _ in range(3):
        parent = made(api, parent=parent)

    problem = assert_problem(api.post("/v1/tasks", a_task(parent=parent)), 409, "parent")

    assert problem["detail"] == "max_depth: the tree is 3 levels deep"


def test_nothing_is_left_of_what_was_refused(api: Api) -> None:
    api.post("/v1/tasks", a_task(priority=11, dedupe_key="nightly"))

    assert api.get("/v1/tasks").body["items"] == []
    assert made(api, dedupe_key="nightly")
