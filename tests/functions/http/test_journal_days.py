from datetime import timedelta

import pytest

from tests.functions.http.api import Api
from tests.functions.invoke import journal_seal
from tests.journal.events import an_event, append
from tests.support.world import World

DAY = 24 * 60


def days(api: Api, query: str = "") -> dict[str, dict[str, int]]:
    reply = api.get(f"/v1/journal/days{query}")
    assert reply.status == 200
    return {each["day"]: each["kinds"] for each in reply.body["days"]}


def test_events_are_counted_by_day_and_kind(api: Api) -> None:
    append(*(an_event(f"e{n}", n * DAY / 2, kind=f"test.{n % 2}") for n in range(-4, 1)))
    assert days(api) == {
        "2026-11-20": {"test.0": 1},
        "2026-11-21": {"test.0": 1, "test.1": 1},
        "2026-11-22": {"test.0": 1, "test.1": 1},
    }
    assert days(api, "?from=2026-11-21&to=2026-11-21") == {"2026-11-21": {"test.0": 1, "test.1": 1}}


def test_what_was_moved_is_counted_once_and_for_ever(api: Api, world: World) -> None:
    append(*(an_event(f"e{n}", n) for n in range(5)))
    for _ in range(2):
        journal_seal()
    query = "/v1/journal/days?from=2026-11-01&to=2026-11-30"
    before = api.get(query).body
    world.clock.move(timedelta(days=402))
    assert journal_seal()["moved"] == 4
    after = api.get(query).body
    assert (before["archived_events"], after["archived_events"]) == (0, 4)
    assert after | {"archived_events": 0} == before
    assert (after["events"], after["complete_from"]) == (5, None)


def test_the_days_of_another_owner_are_counted_apart(api: Api) -> None:
    append(an_event("mine"), an_event("other", owner="other"))
    assert days(api) == {"2026-11-22": {"test.happened": 1}}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("from=20261122", "from"),
        ("from=2026-11-23&to=2026-11-22", "from"),
        ("from=2001-01-01", "from"),
        ("day=2026-11-22", "day"),
    ],
)
def test_days_that_are_none_are_refused(api: Api, query: str, field: str) -> None:
    reply = api.get(f"/v1/journal/days?{query}")
    assert reply.status == 422
    assert field in str(reply.body)
