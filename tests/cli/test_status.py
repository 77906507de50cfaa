import json

from tests.cli.documents import a_status
from tests.cli.terminal import StubTerminal


def test_all_is_well_on_one_screen(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/status", a_status())

    ended = stub.run("status", columns=80)

    assert ended.code == 0
    assert ended.out == (
        "status       ✓ ok\n"
        "stage        local\n"
        "version      0.1.0\n"
        "time         now  2026-11-22 12:00:00 UTC\n"
        "last tick    30 s ago  2026-11-22 11:59:30 UTC\n"
        "it counted   3 handed\n"
        "next slot    in 1 m  2026-11-22 12:01:00 UTC\n"
        "active runs  2\n"
        "incidents    0 active, 2 resolved\n"
        "heartbeats   1\n"
        "\n"
        "LANE    WAITING  DELAYED  IN FLIGHT\n"
        "high    0        0        0\n"
        "normal  3        1        2\n"
        "low     0        0        0\n"
    )


def test_what_is_degraded_says_why_and_ends_with_1(stub: StubTerminal) -> None:
    reasons = ["no tick for 4 minutes", "1 incident is active"]
    stub.api.tells("GET", "/v1/status", a_status(status="degraded", reasons=reasons))

    ended = stub.run("status", columns=80)

    assert ended.code == 1
    assert ended.out.splitlines()[:3] == [
        "status       ✗ degraded",
        "reason       no tick for 4 minutes",
        "reason       1 incident is active",
    ]


def test_the_oldest_slot_that_nobody_handed_over_is_told(stub: StubTerminal) -> None:
    late = {"oldest_due_slot": "2026-11-22T11:52:00Z", "last_counts": None}
    stub.api.tells(
        "GET", "/v1/status", a_status(scheduler=a_status()["scheduler"] | late, status="degraded")
    )

    shown = stub.run("status", columns=80).out

    assert "oldest due slot  8 m ago  2026-11-22 11:52:00 UTC\n" in shown
    assert "it counted" not in shown


def test_json_is_the_apis_own_with_the_same_code(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/status", a_status(status="degraded", reasons=["x"]))

    ended = stub.run("status", "--json")

    assert (ended.code, json.loads(ended.out)["reasons"]) == (1, ["x"])


def test_a_watch_shows_what_changes_until_its_time_is_over(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/status", a_status())
    degraded = a_status(status="degraded", reasons=["x"], time="2026-11-22T12:00:10Z")

    def change(_seconds: float) -> None:
        if len(stub.waits) == 2:
            stub.api.tells("GET", "/v1/status", degraded)

    stub.while_waiting = change
    ended = stub.run("status", "--watch", "--timeout", "20", "--json")

    told = [json.loads(line)["status"] for line in ended.out.splitlines()]
    assert (ended.code, told) == (1, ["ok", "degraded"])


def test_a_watch_for_people_leaves_a_line_between_two_looks(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/status", a_status())

    ended = stub.run("status", "--watch", "--timeout", "0", columns=80)

    assert ended.out.count("status ") == 1
    assert ended.code == 0


def test_a_timeout_without_a_watch_is_refused(stub: StubTerminal) -> None:
    assert stub.run("status", "--timeout", "3").code == 2
