from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import InvalidSettings
from chalicelib.schedules import timezone
from chalicelib.settings import Settings
from chalicelib.settings.declaration import Declaration, declarations
from chalicelib.settings.kinds import CronFields, WholeNumber
from tests.settings.conftest import Load, Refused

DECLARED = declarations(Settings)
VARIABLES = {each.variable: (name, each) for name, each in DECLARED.items()}
ZONES = files("tzdata").joinpath("zones").read_text().split()
TEXTS = (
    st.text()
    | st.integers(-(10**20), 10**20).map(str)
    | st.sampled_from(ZONES)
    | st.text("0123456789*/,-# LWabc", max_size=140)
)


@pytest.mark.parametrize("each", DECLARED.values(), ids=lambda each: each.variable)
@pytest.mark.parametrize(
    "text", ["", "abc!", "-1", "1.5", "+5", " 60", "60\n", "0x3c", "٦٠", "9" * 5_000]
)
def test_what_is_none_of_its_kind_is_refused_by_name(
    each: Declaration, text: str, refused: Refused
) -> None:
    (fault,) = refused(**{each.variable: text})
    assert fault.field == each.variable
    assert len(fault.detail) < 150


@settings(deadline=None)
@given(st.sampled_from(sorted(VARIABLES)), TEXTS)
def test_any_text_is_in_range_or_refused_by_name(no_file: Path, variable: str, text: str) -> None:
    name, each = VARIABLES[variable]
    outcome = loaded({variable: text}, no_file)
    if isinstance(outcome, InvalidSettings):
        # The grace, where what was set is a horizon.
        named = {fault.field for fault in outcome.faults}
        assert named in ({variable}, {"scheduler.misfire_grace_seconds"})
    else:
        assert_fits(each, getattr(outcome, name), text)


@settings(deadline=None)
@given(st.text())
def test_any_other_variable_is_refused_or_not_ours(no_file: Path, name: str) -> None:
    outcome = loaded({f"PALYRA_{name}": "1"}, no_file)
    if isinstance(outcome, InvalidSettings):
        assert outcome.detail.encode()
        assert "PALYRA_" in outcome.faults[0].field
    else:
        assert f"PALYRA_{name}" in {*VARIABLES, "PALYRA_STAGE", "PALYRA_URL", "PALYRA_TOKEN"}


def loaded(environment: Mapping[str, str], file: Path) -> Settings | InvalidSettings:
    try:
        return Settings.load(environment, file)
    except InvalidSettings as error:
        return error


def assert_fits(each: Declaration, value: Any, text: str) -> None:
    if isinstance(each.kind, WholeNumber):
        assert each.kind.lowest <= value <= each.kind.highest
        assert value == int(text)
    elif isinstance(each.kind, CronFields):
        assert (len(value.split()), len(value) <= 128) == (5, True)
    else:
        assert value in {"utc", *ZONES}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PALYRA_LEASE_SECONDS", "PALYRA_TASKS_LEASE_SECONDS"),
        ("PALYRA_SHARDS", "PALYRA_SCHEDULER_SHARDS"),
        ("PALYRA_MAX_STEPS", "PALYRA_RUNS_MAX_STEPS"),
        ("PALYRA_TASK_MAX_HOPS", "PALYRA_TASKS_MAX_HOPS"),
        ("PALYRA_CRON_TIMEZNE", "PALYRA_CRON_TIMEZONE"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_one(
    name: str, meant: str, refused: Refused
) -> None:
    (fault,) = refused(**{name: "1"})
    assert (fault.field, fault.fix) == (name, f"did you mean {meant}?")


def test_an_unknown_variable_that_is_like_no_other_is_refused(refused: Refused) -> None:
    (fault,) = refused(PALYRA_XYZ="1")
    assert fault.fix == "unset it; docs/settings.md lists what there is"


def test_variables_that_are_no_settings_are_let_be(load: Load) -> None:
    others = {
        "PALYRA_STAGE": "prod",
        "PALYRA_URL": "u",
        "PALYRA_TOKEN": "t",
        "PALYRA_LOCAL_CLOUD": "/state",
        "_PALYRA_COMPLETE": "bash_complete",
        "LEASE_SECONDS": "abc",
    }
    assert load(**others) == Settings()


@pytest.mark.parametrize("zone", ["utc", "Europe/Berlin", "America/Port-au-Prince"])
def test_a_time_zone_is_utc_or_an_iana_name(zone: str, load: Load) -> None:
    assert load(PALYRA_CRON_TIMEZONE=zone).timezone == zone


def test_our_word_for_a_time_zone_may_be_written_large(load: Load) -> None:
    assert load(PALYRA_CRON_TIMEZONE="UTC").timezone == "utc"


@pytest.mark.parametrize("zone", ["local", "Local"])
def test_the_word_for_this_setting_names_no_time_zone(zone: str, refused: Refused) -> None:
    (fault,) = refused(PALYRA_CRON_TIMEZONE=zone)
    assert fault.field == "PALYRA_CRON_TIMEZONE"
    assert fault.fix == (
        '"local" stands for this setting: use "utc" or an IANA name such as "Europe/Berlin"'
    )


def test_each_time_zone_that_ships_is_one_that_schedules_know(load: Load) -> None:
    for zone in ZONES:
        assert timezone.known(load(PALYRA_CRON_TIMEZONE=zone).timezone) in {zone, zone.lower()}


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("utx", "utc"),
    ],
)
def test_a_time_zone_that_is_none_is_refused_with_the_nearest_one(
    zone: str, meant: str, refused: Refused
) -> None:
    (fault,) = refused(PALYRA_CRON_TIMEZONE=zone)
    assert fault.fix.endswith(f'; did you mean "{meant}"?')


@pytest.mark.parametrize(
    "zone",
    ["", "Europe", "../../../etc/passwd", "/etc/localtime", "posix/UTC", "tzdata.zi", "a\0b"],
)
def test_what_lies_beside_the_time_zones_is_none(zone: str, refused: Refused) -> None:
    (fault,) = refused(PALYRA_CRON_TIMEZONE=zone)
    assert fault.field == "PALYRA_CRON_TIMEZONE"


@pytest.mark.parametrize("text", ["0 0 * * 0", "*/5 1-3,7 L * MON#2", "0 0\t1 *  Sun"])
def test_a_vacuum_schedule_has_five_fields(text: str, load: Load) -> None:
    assert load(PALYRA_MEMORY_RETENTION_VACUUM_SCHEDULE=text).vacuum_schedule == text


@pytest.mark.parametrize(
    "text",
    ["0 0 * *", "0 0 0 * * 0", "@weekly", "0 0 * * 0;", "0 0 * * 0\n", "0 0 * * " + "0" * 121],
)
def test_what_are_not_five_fields_is_refused(text: str, refused: Refused) -> None:
    (fault,) = refused(PALYRA_MEMORY_RETENTION_VACUUM_SCHEDULE=text)
    assert "5 fields" in fault.fix
