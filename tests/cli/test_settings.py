import json

from tests.cli.documents import a_page, a_setting
from tests.cli.terminal import StubTerminal

ZONE = a_setting(
    key="cron.timezone",
    variable="PALYRA_CRON_TIMEZONE",
    value="local",
    default="utc",
    source="palyra.toml",
    range="utc, local or an IANA name",
)


def some_settings(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/settings", a_page(a_setting(), ZONE))


def test_settings_are_listed_with_where_they_were_set(stub: StubTerminal) -> None:
    some_settings(stub)

    assert stub.run("settings", columns=80).out == (
        "KEY                  VALUE  SOURCE       RANGE\n"
        "tasks.lease_seconds  120    default      1 to 900\n"
        "cron.timezone        local  palyra.toml  utc, local or an IANA name\n"
    )


def test_those_that_are_the_default_can_be_left_out(stub: StubTerminal) -> None:
    some_settings(stub)

    shown = json.loads(stub.run("settings", "--changed", "--json").out)

    assert shown == a_page(ZONE)


def test_json_is_the_apis_own_page(stub: StubTerminal) -> None:
    some_settings(stub)

    assert json.loads(stub.run("settings", "--json").out) == a_page(a_setting(), ZONE)


def test_when_all_is_default_it_says_so(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/settings", a_page(a_setting()))

    ended = stub.run("settings", "--changed")

    assert (ended.code, ended.out, ended.err) == (0, "", "all settings are the default\n")
