from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.settings import Settings
from chalicelib.settings.declaration import Declaration, declarations
from chalicelib.settings.kinds import WholeNumber
from tests.settings.conftest import Load, Refused

DECLARED = declarations(Settings)
NUMBERS = [
    (name, each, each.kind) for name, each in DECLARED.items() if isinstance(each.kind, WholeNumber)
]
# That horizon and grace fit together while one of them is at its end.
ROOM = {
    "scheduler.horizon_seconds": {"PALYRA_SCHEDULER_MISFIRE_GRACE_SECONDS": "86400"},
    "scheduler.misfire_grace_seconds": {"PALYRA_SCHEDULER_HORIZON_SECONDS": "120"},
}


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings()
    assert settings.lease == timedelta(seconds=60)
    assert settings.horizon == timedelta(seconds=150)
    assert settings.misfire_grace == timedelta(seconds=180)
    assert settings.max_attempts == 3
    assert (settings.timezone, settings.vacuum_schedule) == ("utc", "0 0 * * 0")
    assert (settings.memory_max_entries, settings.memory_max_bytes) == (None, None)
    assert settings.memory_ttl_days is None


def test_what_nobody_sets_keeps_its_default(load: Load, no_file: Path) -> None:
    assert load() == Settings.load({}, no_file) == Settings()


@pytest.mark.parametrize("each", DECLARED.values(), ids=lambda each: each.key)
def test_a_default_and_an_example_are_of_their_kind(each: Declaration) -> None:
    shown = each.example if each.default is None else each.default
    assert each.kind.of_toml(shown) == shown
    assert each.help


def test_no_two_settings_share_a_name() -> None:
    assert len({each.key for each in DECLARED.values()}) == len(DECLARED)
    assert len({each.variable for each in DECLARED.values()}) == len(DECLARED)


def test_a_variable_is_the_key_in_capitals() -> None:
    assert DECLARED["lease_seconds"].variable == "PALYRA_TASKS_LEASE_SECONDS"
    assert DECLARED["memory_ttl_days"].variable == "PALYRA_MEMORY_RETENTION_TTL_DAYS"


@pytest.mark.parametrize(("name", "each", "kind"), NUMBERS, ids=str)
def test_both_ends_of_a_range_can_be_set(
    name: str, each: Declaration, kind: WholeNumber, load: Load
) -> None:
    for end in (kind.lowest, kind.highest):
        by_variable = load(**ROOM.get(each.key, {}), **{each.variable: str(end)})
        by_file = load(f"[{each.section}]\n{each.name} = {end}", **ROOM.get(each.key, {}))
        assert getattr(by_variable, name) == getattr(by_file, name) == end


@pytest.mark.parametrize(("name", "each", "kind"), NUMBERS, ids=str)
def test_a_number_outside_its_range_is_refused_with_the_range(
    name: str, each: Declaration, kind: WholeNumber, refused: Refused
) -> None:
    del name
    for beyond in (kind.lowest - 1, kind.highest + 1):
        (by_variable,) = refused(**{each.variable: str(beyond)})
        (by_file,) = refused(f"[{each.section}]\n{each.name} = {beyond}")
        assert (by_variable.field, by_file.field) == (each.variable, each.key)
        told = f"use a whole number from {kind.lowest} to {kind.highest}"
        assert by_variable.fix == by_file.fix == told


def test_a_variable_outranks_the_file(load: Load) -> None:
    toml = "[tasks]\nlease_seconds = 2\nmax_hops = 7"
    settings = load(toml, PALYRA_TASKS_LEASE_SECONDS="3")
    assert (settings.lease_seconds, settings.max_hops) == (3, 7)


def test_a_fault_in_the_file_is_one_though_a_variable_outranks_it(refused: Refused) -> None:
    faults = refused("[tasks]\nlease_seconds = 0", PALYRA_TASKS_LEASE_SECONDS="3")
    assert [fault.field for fault in faults] == ["tasks.lease_seconds"]


def test_all_faults_are_told_at_once(refused: Refused) -> None:
    faults = refused(
        "[scheduler]\nshards = 0\nhorizon_seconds = 160\n[cron]\ntimezone = 3\n[else]\n",
        PALYRA_TASKS_LEASE_SECONDS="abc",
        PALYRA_OTHER="1",
    )
    assert [fault.field for fault in faults] == [
        "scheduler.shards",
        "cron.timezone",
        "else",
        "PALYRA_TASKS_LEASE_SECONDS",
        "PALYRA_OTHER",
        "scheduler.misfire_grace_seconds",
    ]


def test_a_grace_under_which_a_slot_on_its_way_counts_as_missed_is_refused(
    refused: Refused,
) -> None:
    (fault,) = refused("[scheduler]\nhorizon_seconds = 151")
    assert fault.field == "scheduler.misfire_grace_seconds"
    assert fault.fix == "use at least scheduler.horizon_seconds + 30, here 181"


def test_what_does_not_fit_together_is_named_where_it_was_set(refused: Refused) -> None:
    grace, horizon = "PALYRA_SCHEDULER_MISFIRE_GRACE_SECONDS", "PALYRA_SCHEDULER_HORIZON_SECONDS"
    (fault,) = refused(**{grace: "190", horizon: "161"})
    assert fault.field == grace
    assert fault.fix == f"use at least {horizon} + 30, here 191"


@pytest.mark.parametrize(
    "toml", ["[scheduler]\nmisfire_grace_seconds = 'x'", "[scheduler]\nmisfire_grace_seconds ="]
)
def test_what_is_not_sure_is_not_said_not_to_fit(toml: str, refused: Refused) -> None:
    (fault,) = refused(toml, PALYRA_SCHEDULER_HORIZON_SECONDS="500")
    assert fault.field == "scheduler.misfire_grace_seconds"
    assert "500" not in fault.fix


def test_settings_made_in_code_must_fit_together_too() -> None:
    assert Settings(horizon_seconds=150, misfire_grace_seconds=180)
    with pytest.raises(InvalidSettings, match=r"scheduler\.misfire_grace_seconds is 179"):
        Settings(horizon_seconds=150, misfire_grace_seconds=179)
