from dataclasses import dataclass
from pathlib import Path

from chalicelib.settings import Settings
from chalicelib.settings.declaration import Declaration, declarations, declare
from chalicelib.settings.kinds import CronFields
from chalicelib.settings.loading import find
from chalicelib.settings.report import MASK, Reported, report
from tests.settings.conftest import Load

SECRET = Declaration("access.key", None, CronFields(), "a key", secret=True)


@dataclass(frozen=True, kw_only=True)
class WithSecret:
    key: str | None = declare(SECRET)


def of(reported: list[Reported], key: str) -> Reported:
    (found,) = (each for each in reported if each.key == key)
    return found


def test_a_report_says_all_about_each_setting(load: Load) -> None:
    reported = load(PALYRA_TASKS_LEASE_SECONDS="3").report()
    assert of(reported, "tasks.lease_seconds") == Reported(
        key="tasks.lease_seconds",
        variable="PALYRA_TASKS_LEASE_SECONDS",
        value=3,
        default=60,
        source="environment",
        secret=False,
        range="1 to 900",
        help="how long a worker's claim lasts without a renewal",
    )
    assert len(reported) == len(declarations(Settings))


def test_a_report_says_where_a_value_comes_from(load: Load) -> None:
    settings = load("[tasks]\nmax_hops = 7\nlease_seconds = 5", PALYRA_TASKS_LEASE_SECONDS="60")
    sources = {each.key: each.source for each in settings.report()}
    assert sources["tasks.lease_seconds"] == "environment"
    assert sources["tasks.max_hops"] == "palyra.toml"
    assert sources["tasks.max_depth"] == "default"


def test_what_is_unset_by_default_says_so() -> None:
    unset = of(Settings().report(), "memory.retention.ttl_days")
    assert (unset.value, unset.default, unset.range) == (None, None, "1 to 36500, or unset")


def test_where_values_come_from_makes_no_other_settings(load: Load) -> None:
    assert load(PALYRA_TASKS_MAX_HOPS="100") == Settings()


def test_the_value_of_a_secret_is_masked() -> None:
    (shown,) = report([SECRET], {SECRET.key: "hunter2"}, {SECRET.key: "environment"})
    assert (shown.value, shown.default, shown.secret) == (MASK, None, True)


def test_a_secret_that_is_unset_says_so() -> None:
    (shown,) = report([SECRET], {SECRET.key: None}, {})
    assert shown.value is None


def test_the_default_of_a_secret_is_masked_too() -> None:
    declared = SECRET._replace(default="hunter2")
    (shown,) = report([declared], {SECRET.key: "hunter2"}, {})
    assert "hunter2" not in str(shown)


def test_a_secret_is_in_no_representation() -> None:
    assert "hunter2" not in repr(WithSecret(key="hunter2"))


def test_a_fault_does_not_tell_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "palyra.toml"
    file.write_text("[access]\nkey = 'hunter2'")
    declared = declarations(WithSecret).values()
    found = find(declared, {SECRET.variable: "hunter2"}, file)
    assert [fault.detail for fault in found.faults] == [
        "access.key is not valid",
        "PALYRA_ACCESS_KEY is not valid",
    ]
    assert "hunter2" not in str(found)
