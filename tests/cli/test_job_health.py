import json

from tests.cli.documents import JOB_ID, RUN_ID, a_job, a_page, a_snapshot
from tests.cli.terminal import StubTerminal

HEALTH = f"/v1/jobs/{JOB_ID}/health"
LATE = a_snapshot(
    health="blocked",
    reasons=["missed slots wait for a decision: replay or dismiss them", "a slot was missed"],
    due=2,
    oldest_unfired_slot="2026-11-22T11:58:00Z",
    active=RUN_ID,
    missed=1,
    review_required={"first": "2026-11-20T00:00:00Z", "last": "2026-11-21T00:00:00Z"},
)


def test_a_job_that_is_well_says_so_and_ends_with_0(stub: StubTerminal) -> None:
    stub.api.tells("GET", HEALTH, a_snapshot())

    ended = stub.run("jobs", "health", JOB_ID, columns=80)

    assert ended.code == 0
    assert ended.out == (
        "health             ✓ healthy\n"
        "state              ● enabled\n"
        "due                0\n"
        "missed             0\n"
        "counted since      1 d ago  2026-11-21 12:00:00 UTC\n"
        "failures in a row  0\n"
    )


def test_a_job_that_is_not_well_says_why_and_ends_with_1(stub: StubTerminal) -> None:
    stub.api.tells("GET", HEALTH, LATE)

    ended = stub.run("jobs", "health", JOB_ID, columns=80)

    assert ended.code == 1
    assert ended.out.splitlines()[:6] == [
        "health             ✗ blocked",
        "why                missed slots wait for a decision: replay or dismiss them",
        "why                a slot was missed",
        "state              ● enabled",
        "due                2",
        "oldest unfired     2 m ago  2026-11-22 11:58:00 UTC",
    ]
    assert "review required    2 d ago  2026-11-20 00:00:00 UTC" in ended.out


def test_what_is_paused_with_everything_is_told(stub: StubTerminal) -> None:
    stub.api.tells("GET", HEALTH, a_snapshot(paused_with_everything=True))

    assert "everything         is paused\n" in stub.run("jobs", "health", JOB_ID, columns=80).out


def test_without_an_id_each_job_is_looked_at(stub: StubTerminal) -> None:
    well = "01M81J18G0BBBBBBBBBBBBBBBB"
    stub.api.tells("GET", "/v1/jobs", a_page(a_job(), a_job(id=well, name="nightly")))
    stub.api.tells("GET", HEALTH, LATE)
    stub.api.tells("GET", f"/v1/jobs/{well}/health", a_snapshot())

    ended = stub.run("jobs", "health", columns=120)

    assert ended.code == 1
    head, late, healthy = ended.out.splitlines()
    assert head.split() == ["ID", "NAME", "HEALTH", "DUE", "MISSED", "OLDEST", "UNFIRED", "WHY"]
    assert late.startswith(
        f"{JOB_ID}  health   ✗ blocked  2    1       2 m ago         missed slots"
    )
    assert healthy == f"{well}  nightly  ✓ healthy  0    0"


def test_jobs_that_are_all_well_end_with_0(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page(a_job()))
    stub.api.tells("GET", HEALTH, a_snapshot())

    ended = stub.run("jobs", "health", "--json")

    assert ended.code == 0
    assert json.loads(ended.out)["items"] == [{"id": JOB_ID, "name": "health", **a_snapshot()}]


def test_where_there_are_no_jobs_it_says_so(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page())

    ended = stub.run("jobs", "health", columns=80)

    assert (ended.code, ended.err) == (0, "no jobs\n")
