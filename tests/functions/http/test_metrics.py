import pytest

from chalicelib.scheduler.service import JobService
from tests.functions.http.api import Api, assert_problem
from tests.functions.metrics import Metrics


def test_under_a_bad_setting_the_api_answers_503_and_names_it(
    api: Api, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_SCHEDULER_SHARDS", "0")
    assert_problem(api.get("/v1/jobs"), 503, "PALYRA_SCHEDULER_SHARDS")
    assert metrics() == [{"InvalidSettings": 1.0}]


def test_what_nobody_expected_is_measured(
    api: Api, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobService, "get", lambda *_: 1 / 0)
    assert_problem(api.get("/v1/jobs/01M81J18G068RKEJVNQ9RFVHWP"), 500)
    assert metrics() == [{"ApiUnexpectedErrors": 1.0}]


def test_what_is_only_refused_is_not_measured(api: Api, metrics: Metrics) -> None:
    assert_problem(api.get("/v1/jobs/01M81J18G068RKEJVNQ9RFVHWP"), 404)
    assert metrics() == []
