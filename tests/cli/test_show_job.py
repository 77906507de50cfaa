import json

from tests.cli.documents import (
    JOB_ID,
    RUN_ID,
    a_coming,
    a_firing,
    a_handed_firing,
    a_job,
    a_page,
    a_preview,
)
from tests.cli.terminal import StubTerminal

OTHER = "01M81J18G0BBBBBBBBBBBBBBBB"


def some_jobs(stub: StubTerminal) -> None:
    """Let there be a job that runs, and a paused one with a long name."""
    paused = a_job(
        id=OTHER,
        name="the report that everybody reads on a Monday morning",
        explanation="every 1 hour 30 minutes",
        state="paused",
        next_slot=None,
    )
    stub.api.tells("GET", "/v1/jobs", a_page(a_job(), paused))


def test_a_terminal_gets_a_table_with_what_comes_next(stub: StubTerminal) -> None:
    some_jobs(stub)

    assert stub.run("jobs", "list", columns=80).out == (
        f"ID                          NAME             STATE      SCHEDULE          NEXT\n"
        f"{JOB_ID}  health           ● enabled  every minute      in 1 m\n"
        f"{OTHER}  the report tha…  = paused   every 1 hour 30…\n"
    )


def test_a_wide_terminal_shortens_nothing(stub: StubTerminal) -> None:
    some_jobs(stub)

    shown = stub.run("jobs", "list", columns=150).out

    assert "the report that everybody reads on a Monday morning  = paused" in shown


def test_a_pipe_gets_plain_columns_with_exact_times(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page(a_job()))

    assert stub.run("jobs", "list").out == (
        f"ID                          NAME    STATE    SCHEDULE      NEXT\n"
        f"{JOB_ID}  health  enabled  every minute  2026-11-22T12:01:00Z\n"
    )


def test_json_is_the_apis_own_page(stub: StubTerminal) -> None:
    some_jobs(stub)

    shown = json.loads(stub.run("jobs", "list", "--json").out)

    assert [job["id"] for job in shown["items"]] == [JOB_ID, OTHER]


def test_without_jobs_it_says_how_to_make_one(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page())

    ended = stub.run("jobs", "list")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "no jobs: make one with `palyra jobs create`\n"


def test_a_limit_is_sent_and_told(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page(a_job(), following="more"))

    ended = stub.run("jobs", "list", "--limit", "1")

    assert stub.api.asked[0].query == {"limit": "1"}
    assert ended.err == "there are more: use --limit or --all\n"


def test_all_follow_the_cursor(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page(a_job(), following="more"), a_page(a_job(id=OTHER)))

    shown = json.loads(stub.run("jobs", "list", "--all", "--json").out)

    assert ([job["id"] for job in shown["items"]], shown["next"]) == ([JOB_ID, OTHER], None)
    assert stub.api.asked[1].query["cursor"] == "more"


def test_a_job_is_shown_with_its_newest_firings(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}", a_job())
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}/preview", a_preview(a_coming()))
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}/firings", a_page(a_handed_firing(), a_firing()))

    ended = stub.run("jobs", "show", JOB_ID, columns=80)

    assert ended.out == (
        f"id           {JOB_ID}\n"
        "name         health\n"
        "state        ● enabled\n"
        "schedule     every minute\n"
        "next         in 1 m  2026-11-22 12:01:00 UTC\n"
        "prompt       Summarize health\n"
        "tools        system.health\n"
        "concurrency  forbid\n"
        "misfire      skip\n"
        "attempts     3 a slot\n"
        "version      3\n"
        "created      1 h ago  2026-11-22 10:00:00 UTC\n"
        "created by   token:laptop\n"
        "updated      30 m ago  2026-11-22 11:30:00 UTC\n"
        "updated by   token:phone\n"
        "\n"
        "LOCAL                      UTC\n"
        "2026-11-22T12:01:00+00:00  2026-11-22T12:01:00Z\n"
        "\n"
        "SLOT     OUTCOME  STATE        TASK\n"
        f"in 1 m   handed                {RUN_ID}\n"
        f"1 m ago  fired    ✓ succeeded  {RUN_ID}\n"
    )
    assert stub.api.asked[2].query == {"limit": "10"}


def test_a_job_as_json_is_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}", a_job())

    assert json.loads(stub.run("jobs", "show", JOB_ID, "--json").out) == a_job()


def test_a_pipe_gets_every_column_of_a_firing(stub: StubTerminal) -> None:
    skipped = a_handed_firing(
        outcome="misfired",
        last="2026-11-22T12:05:00Z",
        slots=5,
        slots_exact=True,
        reason="the cloud was down",
    )
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}/firings", a_page(skipped))

    assert stub.run("jobs", "firings", JOB_ID).out == (
        "SLOT                  LAST                  SLOTS  OUTCOME   STATE  TASK"
        "                                     REASON              BY\n"
        f"2026-11-22T12:01:00Z  2026-11-22T12:05:00Z  5      misfired  -      {RUN_ID}"
        "  the cloud was down  -\n"
    )


def test_a_firing_says_who_asked_for_it(stub: StubTerminal) -> None:
    stub.api.tells(
        "GET", f"/v1/jobs/{JOB_ID}/firings", a_page(a_firing(requested_by="token:phone"))
    )

    assert stub.run("jobs", "firings", JOB_ID, columns=90).out == (
        "SLOT     OUTCOME  STATE        TASK                                     BY\n"
        f"1 m ago  fired    ✓ succeeded  {RUN_ID}  token:phone\n"
    )


def test_without_firings_nothing_is_data(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}/firings", a_page())

    ended = stub.run("jobs", "firings", JOB_ID)

    assert (ended.code, ended.out, ended.err) == (0, "", "no firings yet\n")


def test_a_job_that_does_not_exist_is_not_found(stub: StubTerminal) -> None:
    assert stub.run("jobs", "show", JOB_ID).code == 3


def test_a_job_whose_slots_meet_names_who_is_live_and_who_waits(stub: StubTerminal) -> None:
    waiting = f"{JOB_ID}-001795348860"
    meeting = a_job(concurrency="queue_one", active=RUN_ID, waiting=waiting)
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}", meeting)
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}/preview", a_preview(a_coming()))
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}/firings", a_page())

    shown = stub.run("jobs", "show", JOB_ID, columns=80).out

    assert "concurrency  queue_one" in shown
    assert f"active       {RUN_ID}" in shown
    assert f"waiting      {waiting}" in shown
