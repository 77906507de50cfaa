import pytest

from tests.functions.http.api import Api


@pytest.mark.parametrize(
    "path", ["/v1", "/healthz", "/v1/jobs", "/v1/runs", "/v1/tasks", "/v1/openapi.json"]
)
def test_what_a_caller_has_is_not_sent_again(api: Api, path: str) -> None:
    tag = api.get(path).headers["ETag"]
    reply = api.get(path, headers={"If-None-Match": tag})
    assert (reply.status, reply.size, reply.headers["ETag"]) == (304, 0, tag)


def test_what_has_changed_is_sent(api: Api) -> None:
    tag = api.get("/v1/jobs").headers["ETag"]
    api.job()
    reply = api.get("/v1/jobs", headers={"If-None-Match": tag})
    assert (reply.status, len(reply.body["items"])) == (200, 1)


def test_a_tag_that_cannot_be_read_is_as_good_as_none(api: Api) -> None:
    assert api.get("/v1/jobs", headers={"If-None-Match": "rubbish"}).status == 200


def test_who_may_not_see_a_thing_is_not_told_that_it_is_unchanged(api: Api) -> None:
    job = api.job()
    tag = api.get(f"/v1/jobs/{job}").headers["ETag"]
    path, sent = f"/v1/jobs/{job}", {"If-None-Match": tag}
    assert api.get(path, headers=sent, owner="other").status == 404
    assert api.get(path, headers=sent | {"Authorization": ""}).status == 401


def test_a_job_that_moved_on_has_another_tag_of_the_same_version(api: Api) -> None:
    job = api.job()
    before = api.get(f"/v1/jobs/{job}").headers["ETag"]
    api.world.at(3)
    api.world.services.tick.run()
    after = api.get(f"/v1/jobs/{job}").headers["ETag"]
    assert before != after
    assert before.partition(".")[0] == after.partition(".")[0] == '"1'
