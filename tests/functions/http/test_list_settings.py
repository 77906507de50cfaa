import pytest

from tests.functions.http.api import Api


def test_a_setting_shows_what_it_is_and_may_be(api: Api) -> None:
    shown = {each["key"]: each for each in api.get("/v1/settings").body["items"]}
    lease = shown["tasks.lease_seconds"]
    assert lease.pop("help")
    assert lease == {
        "key": "tasks.lease_seconds",
        "variable": "PALYRA_TASKS_LEASE_SECONDS",
        "value": 60,
        "default": 60,
        "source": "default",
        "secret": False,
        "range": "1 to 900",
    }


def test_a_setting_shows_what_is_in_effect_and_where_it_comes_from(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "90")
    shown = {each["key"]: each for each in api.get("/v1/settings").body["items"]}
    lease = shown["tasks.lease_seconds"]
    assert (lease["value"], lease["default"], lease["source"]) == (90, 60, "environment")


def test_all_settings_are_on_one_page(api: Api) -> None:
    page = api.get("/v1/settings").body
    keys = [each["key"] for each in page["items"]]
    assert page["next"] is None
    assert len(keys) == len(set(keys)) > 15
