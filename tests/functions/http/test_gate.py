from tests.functions.http.api import Api
from tests.support.world import MINUTE, World

OPEN = {
    "paused": False,
    "since": None,
    "by": None,
    "reason": None,
    "owner": False,
    "everything": False,
}


def test_a_gate_is_open_at_first(api: Api) -> None:
    assert api.get("/v1/gate").body == OPEN


def test_an_owner_pauses_everything_of_theirs_and_resumes_it(api: Api, world: World) -> None:
    closed = api.post("/v1/gate", {"paused": True}).body

    assert (closed["paused"], closed["owner"], closed["everything"]) == (True, True, False)
    assert closed["since"] == "2026-11-22T12:00:00Z"
    assert api.get("/v1/gate", owner="other").body == OPEN
    assert api.post("/v1/gate", {"paused": False}).body == OPEN
    assert len(world.events("gate.closed")) == len(world.events("gate.opened")) == 1


def test_a_closed_gate_says_since_when_by_whom_and_why(api: Api) -> None:
    api.post("/v1/gate", {"paused": True})
    api.world.clock.move(MINUTE)
    api.post("/v1/gate", {"paused": True, "scope": "everything"})

    told = api.get("/v1/gate").body

    assert (told["since"], told["by"]) == ("2026-11-22T12:00:00Z", "token:laptop")
    assert told["reason"] == "all work of this owner and all work of everybody is paused"
    foreign = api.get("/v1/gate", owner="other").body
    assert foreign["since"] == "2026-11-22T12:01:00Z"
    assert foreign["reason"] == "all work of everybody is paused"


def test_the_status_tells_the_gate(api: Api) -> None:
    assert api.get("/v1/status").body["gate"] == OPEN
    closed = api.post("/v1/gate", {"paused": True}).body
    assert api.get("/v1/status").body["gate"] == closed
    assert api.get("/v1/status", owner="other").body["gate"] == OPEN


def test_only_the_first_owner_pauses_everybody(api: Api) -> None:
    refused = api.post("/v1/gate", {"paused": True, "scope": "everything"}, owner="other")
    closed = api.post("/v1/gate", {"paused": True, "scope": "everything"})

    assert refused.status == 403
    assert closed.body["everything"] is True
    assert api.get("/v1/gate", owner="other").body["paused"] is True


def test_nothing_is_run_at_once_while_everything_is_paused(api: Api) -> None:
    job = api.job()
    api.post("/v1/gate", {"paused": True})

    reply = api.post(f"/v1/jobs/{job}/run", {})

    assert reply.status == 409
    assert "palyra resume --all" in reply.body["fix"]
