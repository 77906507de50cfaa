from dataclasses import fields
from datetime import timedelta

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.settings import Settings, resource, stage

NAMES = [item.name for item in fields(Settings)]
RANGES = [
    (item.name, item.metadata["lowest"], item.metadata["highest"]) for item in fields(Settings)
]


def variable(name: str) -> str:
    return f"PALYRA_{name.upper()}"


def test_unset_variables_keep_their_defaults() -> None:
    assert Settings.read({}) == Settings()


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings()
    assert settings.lease == timedelta(seconds=60)
    assert settings.horizon == timedelta(seconds=150)
    assert settings.misfire_grace == timedelta(seconds=180)
    assert settings.max_attempts == 3


def test_a_variable_sets_its_field() -> None:
    assert Settings.read({"PALYRA_LEASE_SECONDS": "3"}).lease_seconds == 3


def test_other_variables_are_none_of_our_business() -> None:
    assert Settings.read({"LEASE_SECONDS": "abc", "PALYRA_OTHER": "abc"}) == Settings()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "1.5", "+5", " 60", "60\n", "0x3c", "٦٠", "9" * 30]
)
def test_what_is_no_whole_number_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({variable(name): text})
    assert caught.value.faults[0].field == variable(name)
    assert variable(name) in str(caught.value)


@pytest.mark.parametrize(("name", "lowest", "highest"), RANGES)
def test_a_number_outside_its_range_is_refused_with_the_range(
    name: str, lowest: int, highest: int
) -> None:
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(InvalidSettings) as caught:
            Settings.read({variable(name): str(beyond)})
        assert caught.value.fix == f"use a whole number from {lowest} to {highest}"


@pytest.mark.parametrize(("name", "lowest", "highest"), RANGES)
def test_both_ends_of_a_range_can_be_set(name: str, lowest: int, highest: int) -> None:
    wide_grace = {"PALYRA_MISFIRE_GRACE_SECONDS": "86400"} if name == "horizon_seconds" else {}
    near_horizon = {"PALYRA_HORIZON_SECONDS": "120"}
    for end in (lowest, highest):
        environment = near_horizon | wide_grace | {variable(name): str(end)}
        assert getattr(Settings.read(environment), name) == end


def test_a_default_lies_in_its_range() -> None:
    for name, lowest, highest in RANGES:
        assert lowest <= getattr(Settings(), name) <= highest


def test_a_grace_under_which_a_slot_on_its_way_counts_as_missed_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="PALYRA_MISFIRE_GRACE_SECONDS") as caught:
        Settings.read({"PALYRA_HORIZON_SECONDS": "151"})
    assert "here 181" in caught.value.fix


def test_a_grace_of_the_horizon_and_half_a_minute_is_enough() -> None:
    assert Settings(horizon_seconds=150, misfire_grace_seconds=180)


def test_the_stage_is_local_unless_told_otherwise() -> None:
    assert stage({}) == "local"
    assert stage({"PALYRA_STAGE": "prod"}) == "prod"


@pytest.mark.parametrize("name", ["", "Prod", "1st", "a-b", "a" * 17, "prod\n", "prød"])
def test_a_stage_that_cannot_stand_in_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        stage({"PALYRA_STAGE": name})
    assert caught.value.faults[0].field == "PALYRA_STAGE"


def test_names_of_tables_and_queues_carry_the_stage() -> None:
    assert resource("work") == "palyra-local-work"
