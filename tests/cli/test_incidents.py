import json

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kind import IncidentKind
from tests.cli.terminal import Terminal
from tests.functions.http.heartbeats import beat
from tests.support.world import MINUTE


def silent(terminal: Terminal, kind: IncidentKind = kinds.STALE_HEARTBEAT) -> str:
    """Let a channel worker be silent, and return its incident's id."""
    world = terminal.api.world
    beat(terminal.api, "W", WorkHeartbeatKind.CHANNEL_WORKER)
    world.clock.move(11 * MINUTE)
    sighting = Sighting(
        owner="main",
        kind=kind,
        dedupe_key="k",
        occurrence="once",
        summary="a channel worker is silent",
        subject="channel_worker:W",
    )
    return wiring.incidents(container()).raise_(sighting, world.clock.now()).id


def test_a_list_says_what_is_wrong(terminal: Terminal) -> None:
    id_ = silent(terminal)

    assert terminal.run("incidents", "list").out == (
        "ID                         STATE  SEVERITY  KIND             SEEN                  "
        "COUNT  SUMMARY\n"
        f"{id_}  open   medium    stale-heartbeat  2026-11-22T12:11:00Z  "
        "1      a channel worker is silent\n"
    )


def test_without_incidents_nothing_is_data(terminal: Terminal) -> None:
    ended = terminal.run("incidents", "list", "--state", "active")

    assert (ended.code, ended.out, ended.err) == (0, "", "no incidents\n")


def test_one_is_shown_with_what_it_means(terminal: Terminal) -> None:
    told = terminal.run("incidents", "show", silent(terminal), columns=200).out

    assert kinds.STALE_HEARTBEAT.meaning in told
    assert "opened" in told


def test_json_is_the_apis_own(terminal: Terminal) -> None:
    id_ = silent(terminal)

    told = json.loads(terminal.run("incidents", "show", id_, "--json").out)

    assert told == terminal.api.get(f"/v1/incidents/{id_}").body


def test_it_is_acknowledged_and_resolved(terminal: Terminal) -> None:
    id_ = silent(terminal)

    assert terminal.run("incidents", "ack", id_).code == 0
    ended = terminal.run("incidents", "resolve", id_, "--reason", "mended", columns=80)

    assert ended.out == f"{id_}  ✓ resolved  a channel worker is silent\n"


def test_another_version_is_another_state(terminal: Terminal) -> None:
    assert terminal.run("incidents", "ack", silent(terminal), "--if-version", "9").code == 5


def test_a_remedy_is_shown_and_not_run_without_a_yes(terminal: Terminal) -> None:
    id_ = silent(terminal)

    dry = terminal.run("incidents", "remediate", id_, "--dry-run")
    asked = terminal.run("incidents", "remediate", id_)

    assert "clear_heartbeat" in dry.out
    assert (dry.code, asked.code) == (0, 2)
    assert terminal.api.get(f"/v1/incidents/{id_}").body["attempts"] == []


def test_a_remedy_is_run_with_a_yes(terminal: Terminal) -> None:
    id_ = silent(terminal)

    ended = terminal.run("incidents", "remediate", id_, "--yes")

    assert ended.code == 0
    assert "clear_heartbeat  succeeded  its heartbeat was forgotten" in ended.out


def test_a_remedy_that_fails_ends_with_1(terminal: Terminal) -> None:
    id_ = silent(terminal)
    beat(terminal.api, "W", WorkHeartbeatKind.CHANNEL_WORKER)

    ended = terminal.run("incidents", "remediate", id_, "--yes", "--json")

    assert ended.code == 1
    assert json.loads(ended.out)["attempt"]["status"] == "failed"


def test_what_is_mended_by_hand_is_not_run(terminal: Terminal) -> None:
    ended = terminal.run("incidents", "remediate", silent(terminal, kinds.CHAIN_CUT), "--yes")

    assert ended.code == 5
    assert "by hand" in ended.err
