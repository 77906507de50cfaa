"""Changes that are made for a version."""

from typing import Any

import pytest

from tests.functions.http.api import Api, Reply, assert_problem

WAYS: list[tuple[str, Any]] = [("PATCH", {"name": "new"}), ("DELETE", b"")]
each_way = pytest.mark.parametrize(("method", "body"), WAYS)


def sent(api: Api, way: tuple[str, Any], job: str, if_match: str) -> Reply:
    method, body = way
    return api.send(method, f"/v1/jobs/{job}", body, headers={"If-Match": if_match})


def tag_of(api: Api, job: str) -> str:
    return api.get(f"/v1/jobs/{job}").headers["ETag"]


@each_way
def test_a_change_for_the_present_version_is_made(api: Api, method: str, body: Any) -> None:
    job = api.job()
    assert sent(api, (method, body), job, tag_of(api, job)).status == 200


@each_way
def test_a_change_for_an_earlier_version_is_refused(api: Api, method: str, body: Any) -> None:
    job = api.job()
    stale = tag_of(api, job)
    api.send("PATCH", f"/v1/jobs/{job}", {"name": "somebody else's"})

    problem = assert_problem(sent(api, (method, body), job, stale), 412)

    assert problem["detail"] == "the job has version 2 by now"
    shown = api.get(f"/v1/jobs/{job}").body
    assert (shown["name"], shown["state"]) == ("somebody else's", "enabled")


@each_way
@pytest.mark.parametrize("if_match", ["*", '"7.ab", "1.ab"'])
def test_one_version_of_several_is_enough(api: Api, method: str, body: Any, if_match: str) -> None:
    assert sent(api, (method, body), api.job(), if_match).status == 200


@each_way
@pytest.mark.parametrize("if_match", ['W/"1.ab"', '"anything"'])
def test_a_tag_that_names_no_version_matches_none(
    api: Api, method: str, body: Any, if_match: str
) -> None:
    assert_problem(sent(api, (method, body), api.job(), if_match), 412)


@each_way
@pytest.mark.parametrize("if_match", ["", "1", '"1.ab', "null"])
def test_a_header_that_cannot_be_read_is_refused_by_its_name(
    api: Api, method: str, body: Any, if_match: str
) -> None:
    assert_problem(sent(api, (method, body), "NOPE", if_match), 400, "If-Match")


@each_way
def test_what_does_not_exist_has_no_version(api: Api, method: str, body: Any) -> None:
    assert_problem(sent(api, (method, body), "NOPE", '"1.ab"'), 404)


def test_the_answer_to_a_change_names_the_version_for_the_next_one(api: Api) -> None:
    job = api.job()
    first = api.send("PATCH", f"/v1/jobs/{job}", {"name": "new"})
    second = sent(api, ("PATCH", {"name": "newer"}), job, first.headers["ETag"])
    assert (second.status, second.body["version"]) == (200, 3)


def test_runs_and_passing_time_change_no_version(api: Api) -> None:
    job = api.job()
    tag = tag_of(api, job)
    api.run(job)
    api.world.services.tick.run()
    assert sent(api, ("PATCH", {"name": "new"}), job, tag).status == 200


def test_a_delete_that_is_repeated_finds_its_own_work(api: Api) -> None:
    job = api.job()
    tag = tag_of(api, job)
    assert [sent(api, ("DELETE", b""), job, tag).status for _ in range(2)] == [200, 200]
