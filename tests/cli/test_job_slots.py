"""Slots to come, and what is done about slots of the past: preview, review, backfill, pause."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.cli.documents import (
    JOB_ID,
    RUN_ID,
    a_coming,
    a_handed_firing,
    a_job,
    a_preview,
    some_made_up,
)
from tests.cli.terminal import StubTerminal, Terminal

JOB = f"/v1/jobs/{JOB_ID}"
RANGE = ("--from", "2026-11-20T00:00:00Z", "--to", "2026-11-21T00:00:00Z")
WAITING = {"first": "2026-11-20T10:00:00Z", "last": "2026-11-21T10:00:00Z"}


def a_replay(**fields: Any) -> dict[str, Any]:
    return a_handed_firing(stands_for="2026-11-20T10:00:00Z", origin="replay", **fields)


def made(terminal: Terminal, *words: str) -> str:
    """Make a job on the command line; return its id."""
    ended = terminal.run("jobs", "create", "--name", "health", "--prompt", "Look", *words)
    assert ended.code == 0
    return ended.out.split()[0]


def missed(terminal: Terminal) -> str:
    """Return an hourly job that catches up, thirty hours after its last tick."""
    job_id = made(terminal, "--every", "1h", "--misfire", "catch_up")
    terminal.api.world.at(60 * 30)
    terminal.api.world.services.tick.run()
    return job_id


def test_a_preview_shows_both_clocks_and_what_their_change_does(stub: StubTerminal) -> None:
    twice = a_coming(
        slot="2026-10-25T00:30:00Z", local="2026-10-25T02:30:00+02:00", note="clocks show it twice"
    )
    stub.api.tells("GET", f"{JOB}/preview", a_preview(twice, a_coming()))

    assert stub.run("jobs", "preview", JOB_ID, columns=80).out == (
        "LOCAL                      UTC                   NOTE\n"
        "2026-10-25T02:30:00+02:00  2026-10-25T00:30:00Z  clocks show it twice\n"
        "2026-11-22T12:01:00+00:00  2026-11-22T12:01:00Z\n"
    )


def test_a_job_that_does_not_fire_says_where_to_look(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"{JOB}/preview", a_preview())

    ended = stub.run("jobs", "preview", JOB_ID)

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"it does not fire: see `palyra jobs show {JOB_ID}`\n"


def test_a_preview_as_json_is_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"{JOB}/preview", a_preview(a_coming()))
    assert json.loads(stub.run("jobs", "preview", JOB_ID, "--json").out) == a_preview(a_coming())


@pytest.mark.parametrize(
    ("eve", "cron", "zone", "line"),
    [
        (
            "2026-03-28T12:00:00Z",
            "30 2 * * *",
            "Europe/Prague",
            "2026-03-29T03:00:00+02:00  2026-03-29T01:00:00Z  clocks leap over",
        ),
        (
            "2026-10-24T12:00:00Z",
            "30 2 * * *",
            "Europe/Prague",
            "2026-10-25T02:30:00+02:00  2026-10-25T00:30:00Z  clocks show this time twice",
        ),
        (
            "2026-10-03T12:00:00Z",
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-04T02:30:00+11:00  2026-10-03T15:30:00Z  clocks leap over",
        ),
        (
            "2026-04-04T12:00:00Z",
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-05T01:45:00+11:00  2026-04-04T14:45:00Z  clocks show this time twice",
        ),
    ],
)
def test_a_change_of_clocks_is_noted_by_preview_and_show(
    terminal: Terminal, eve: str, cron: str, zone: str, line: str
) -> None:
    terminal.api.world.clock.instant = datetime.fromisoformat(eve)
    job_id = made(terminal, "--cron", cron, "--timezone", zone)

    for verb in ("preview", "show"):
        lines = terminal.run("jobs", verb, job_id, columns=80).out.splitlines()
        (noted,) = [each for each in lines if "  clocks " in each]
        assert noted.startswith(line)


def test_a_pause_until_an_instant_is_sent_shown_and_over_by_itself(terminal: Terminal) -> None:
    job_id = made(terminal, "--every", "60s")

    paused = terminal.run("jobs", "pause", job_id, "--until", "2026-11-22T15:00:00Z")
    shown = terminal.run("jobs", "show", job_id, columns=80).out

    assert (paused.code, paused.out) == (0, f"{job_id}  paused\n")
    assert "paused as     an operator paused it\n" in shown
    assert "paused until  in 3 h  2026-11-22 15:00:00 UTC\n" in shown
    terminal.api.world.at(60 * 3 + 1)
    terminal.api.world.services.tick.run()
    assert "● enabled" in terminal.run("jobs", "show", job_id, columns=80).out


def test_a_pause_for_good_says_nothing_more(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{JOB}/pause", a_job(state="paused"))
    stub.run("jobs", "pause", JOB_ID)
    assert stub.api.asked[0].body is None


def test_a_pause_until_the_past_names_the_field(terminal: Terminal) -> None:
    job_id = made(terminal, "--every", "60s")
    ended = terminal.run("jobs", "pause", job_id, "--until", "2026-11-22T11:00:00Z")
    assert ended.code == 1
    assert "field  until" in ended.err


def test_a_job_with_missed_slots_says_how_to_decide_about_them(terminal: Terminal) -> None:
    job_id = missed(terminal)

    ended = terminal.run("jobs", "show", job_id, columns=80)

    assert "review required  1 d ago  2026-11-22 13:00:00 UTC\n" in ended.out
    assert f"`palyra jobs review {job_id} --replay` or `--dismiss`" in ended.err


def test_a_replay_fires_the_newest(terminal: Terminal) -> None:
    job_id = missed(terminal)

    ended = terminal.run("jobs", "review", job_id, "--replay", "--limit", "2")

    lines = ended.out.splitlines()
    assert (ended.code, lines[0].split()) == (0, ["STANDS", "FOR", "OUTCOME", "TASK"])
    assert [line.split()[0] for line in lines[1:]] == [
        "2026-11-22T17:00:00Z",
        "2026-11-22T18:00:00Z",
    ]
    assert "review required" not in terminal.run("jobs", "show", job_id, columns=80).out


def test_a_dismissal_is_told(terminal: Terminal) -> None:
    job_id = missed(terminal)
    ended = terminal.run("jobs", "review", job_id, "--dismiss")
    assert (ended.code, ended.out) == (0, "dismissed\n")
    assert terminal.run("jobs", "review", job_id, "--replay").code == 5


def test_a_decision_as_json_is_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{JOB}/review", some_made_up(a_replay()), status=202)

    ended = stub.run("jobs", "review", JOB_ID, "--replay", "--limit", "1", "--json")

    assert json.loads(ended.out) == some_made_up(a_replay())
    assert stub.api.asked[0].body == {"action": "replay", "limit": 1}


@pytest.mark.parametrize("words", [(), ("--dismiss", "--limit", "2"), ("--replay", "--limit", "0")])
def test_a_decision_that_is_none_is_not_sent(stub: StubTerminal, words: tuple[str, ...]) -> None:
    assert (stub.run("jobs", "review", JOB_ID, *words).code, stub.api.asked) == (2, [])


def test_a_backfill_says_where_to_go_on(stub: StubTerminal) -> None:
    following = "2026-11-20T11:00:00Z"
    stub.api.tells(
        "POST", f"{JOB}/backfill", some_made_up(a_replay(), following=following), status=202
    )

    ended = stub.run("jobs", "backfill", JOB_ID, *RANGE, "--limit", "1")

    assert ended.out == (
        f"STANDS FOR            OUTCOME  TASK\n2026-11-20T10:00:00Z  handed   {RUN_ID}\n"
    )
    assert ended.err == f"there are more: go on with --from {following}\n"
    sent = {"from": RANGE[1], "to": RANGE[3], "limit": 1}
    assert stub.api.asked[0].body == sent


def test_a_backfill_fires_what_did_not_fire_once(terminal: Terminal) -> None:
    job_id = missed(terminal)
    words = ("--from", "2026-11-22T13:00:00Z", "--to", "2026-11-22T15:00:00Z")

    first, again = (terminal.run("jobs", "backfill", job_id, *words) for _ in range(2))

    assert (first.code, len(first.out.splitlines())) == (0, 4)
    assert first.out == again.out


def test_a_backfill_of_nothing_says_so(terminal: Terminal) -> None:
    job_id = made(terminal, "--every", "1h")
    ended = terminal.run("jobs", "backfill", job_id, *RANGE)
    assert (ended.code, ended.out) == (0, "nothing to make up\n")


def test_a_backfill_of_what_is_to_come_names_the_field(terminal: Terminal) -> None:
    job_id = made(terminal, "--every", "1h")
    ended = terminal.run(
        "jobs", "backfill", job_id, "--from", RANGE[1], "--to", "2030-01-01T00:00Z"
    )
    assert ended.code == 1
    assert "field  to" in ended.err


@pytest.mark.parametrize("words", [(), RANGE[:2], RANGE[2:], (*RANGE, "--limit", "101")])
def test_a_range_that_is_none_is_not_sent(stub: StubTerminal, words: tuple[str, ...]) -> None:
    assert (stub.run("jobs", "backfill", JOB_ID, *words).code, stub.api.asked) == (2, [])


def test_terms_and_what_stopped_a_job_are_shown(stub: StubTerminal) -> None:
    terms = {"misfire": "catch_up", "max_attempts": 5, "backoff_seconds": 7, "jitter_seconds": 30}
    pauses = {"backoff_cap_seconds": 70, "backoff_jitter_percent": 20}
    counts = {"max_runs": 9, "runs": 4, "pause_after_failures": 2, "failures": 2}
    stopped = {"state": "paused", "paused_for": "failures", "review_required": WAITING}
    stub.api.tells("GET", JOB, a_job(**terms, **pauses, **counts, **stopped))
    stub.api.tells("GET", f"{JOB}/preview", a_preview())
    stub.api.tells("GET", f"{JOB}/firings", {"items": [], "next": None})

    ended = stub.run("jobs", "show", JOB_ID, columns=100)
    told = {line[:17].strip(): line[17:].strip() for line in ended.out.splitlines()}

    assert told["misfire"] == "catch_up"
    assert told["attempts"] == "5 a slot, 7 s to 70 s between, up to 20 % shorter"
    assert told["jitter"] == "up to 30 s"
    assert told["runs"] == "4 of 9"
    assert told["failures in a row"] == "2, paused after 2"
    assert told["paused as"] == "too many of its runs failed in a row"
    assert told["review required"].endswith("2026-11-20 10:00:00 UTC")
    assert f"`palyra jobs resume {JOB_ID}`" in ended.err
