import json

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from tests.cli.terminal import Terminal
from tests.functions.http.heartbeats import beat
from tests.support.world import MINUTE


def test_a_terminal_gets_a_table_with_the_time_since(terminal: Terminal) -> None:
    beat(terminal.api, "01M81J18G00000000000000000")
    terminal.api.world.clock.move(2 * MINUTE)

    assert terminal.run("heartbeats", columns=80).out == (
        "ID                          HEARD    SUMMARY\n"
        "01M81J18G00000000000000000  2 m ago  step 3\n"
    )


def test_a_pipe_gets_plain_columns(terminal: Terminal) -> None:
    beat(terminal.api, "T")

    assert terminal.run("heartbeats").out == (
        "ID  HEARD                 SUMMARY\nT   2026-11-22T12:00:00Z  step 3\n"
    )


def test_json_is_the_apis_own_page(terminal: Terminal) -> None:
    beat(terminal.api, "T")

    told = json.loads(terminal.run("heartbeats", "--json").out)

    assert told == terminal.api.get("/v1/heartbeats").body


def test_a_kind_is_listed_when_it_is_asked_for(terminal: Terminal) -> None:
    beat(terminal.api, "A", WorkHeartbeatKind.APPROVAL)

    assert terminal.run("heartbeats").out == ""
    assert "A " in terminal.run("heartbeats", "--kind", "approval").out


def test_without_heartbeats_nothing_is_data(terminal: Terminal) -> None:
    ended = terminal.run("heartbeats")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("no heartbeats")
