from pathlib import Path

import pytest

from chalicelib.functions.wiring import container as wiring
from chalicelib.functions.wiring.container import container
from tests.functions.http.api import Api, assert_problem


def test_anybody_may_ask_whether_the_api_runs(api: Api) -> None:
    reply = api.get("/healthz", headers={"Authorization": ""})
    assert (reply.status, reply.body) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/v1/jobs", "/v1/jobs/J", "/v1/runs/R"])
def test_a_bad_setting_is_named_to_whoever_asks(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "abc")
    problem = assert_problem(api.get(path), 503, "PALYRA_TASKS_LEASE_SECONDS")
    assert problem["fix"] == "use a whole number from 1 to 900"


def test_a_bad_setting_of_the_file_is_named_by_its_key(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "palyra.toml").write_text("[tasks]\nlease_seconds = 0\nhops = 3\n")
    monkeypatch.setattr(wiring, "BAKED", tmp_path / "palyra.toml")
    assert_problem(api.get("/healthz"), 503, "tasks.lease_seconds", "tasks.hops")


def test_a_mended_setting_is_read_by_the_next_request(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("PALYRA_TASKS_LEASE_SECONDS", "abc")
        assert api.get("/healthz").status == 503
    assert api.get("/healthz").status == 200
    assert container().settings.lease_seconds == 60
