import json
from typing import Any

from tests.cli.terminal import StubTerminal

DAYS = "/v1/journal/days"


def counted(**fields: Any) -> dict[str, Any]:
    return {
        "from": "2026-10-23",
        "to": "2026-11-22",
        "days": [
            {"day": "2026-11-22", "events": 4, "kinds": {"job.created": 1, "run.finished": 3}}
        ],
        "events": 4,
        "archived_events": 0,
        "complete_from": None,
    } | fields


def test_each_kind_of_a_day_is_a_line(stub: StubTerminal) -> None:
    stub.api.tells("GET", DAYS, counted())

    assert stub.run("journal", "days").out.splitlines() == [
        "DAY         KIND          EVENTS",
        "2026-11-22  job.created   1",
        "2026-11-22  run.finished  3",
    ]


def test_the_days_that_are_asked_for_are_sent(stub: StubTerminal) -> None:
    stub.api.tells("GET", DAYS, counted(days=[], complete_from="2026-11-02"))

    ended = stub.run("journal", "days", "--from", "2026-01-01", "--to", "2026-11-22")

    assert stub.api.asked[0].query == {"from": "2026-01-01", "to": "2026-11-22"}
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "no events",
        "there are more before 2026-11-02: ask for fewer days with --from and --to",
    ]


def test_programs_get_the_document(stub: StubTerminal) -> None:
    stub.api.tells("GET", DAYS, counted())

    assert json.loads(stub.run("journal", "days", "--json").out) == counted()
