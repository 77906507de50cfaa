import json

import pytest

from tests.cli.documents import JOB_ID, a_page, an_entry
from tests.cli.stub import Told
from tests.cli.terminal import StubTerminal, Terminal
from tests.journal.events import an_event, append

JOURNAL = "/v1/journal"


def test_a_terminal_gets_a_table_with_distances_in_time(stub: StubTerminal) -> None:
    stub.api.tells("GET", JOURNAL, a_page(an_entry()))

    assert stub.run("journal", "search", columns=100).out == (
        "AT       KIND        ACTOR         SUBJECT                     STREAM  SEQ\n"
        f"1 m ago  job.paused  token:laptop  {JOB_ID}  3       17\n"
    )


def test_a_pipe_gets_plain_columns_with_exact_times(stub: StubTerminal) -> None:
    stub.api.tells("GET", JOURNAL, a_page(an_entry()))

    assert stub.run("journal", "search").out.splitlines()[1] == (
        f"2026-11-22T11:58:00.250Z  job.paused  token:laptop  {JOB_ID}  3       17"
    )


def test_what_is_looked_for_is_asked_for(stub: StubTerminal) -> None:
    stub.api.tells("GET", JOURNAL, a_page())

    ended = stub.run(
        *("journal", "search", "--kind", "job", "--actor", "token", "--subject", JOB_ID),
        *("--stream", "3", "--since", "2h", "--until", "2026-11-22T11:00:00+01:00"),
        *("--text", "not needed", "--limit", "5"),
    )

    assert stub.api.asked[0].query == {
        "kind": "job",
        "actor": "token",
        "subject": JOB_ID,
        "stream": "3",
        "from": "2026-11-22T10:00:00Z",
        "until": "2026-11-22T11:00:00+01:00",
        "text": "not needed",
        "limit": "5",
    }
    assert (ended.code, ended.out, ended.err) == (0, "", "no such entries\n")


@pytest.mark.parametrize(
    ("ago", "instant"),
    [
        ("90s", "2026-11-22T11:58:30Z"),
        ("15m", "2026-11-22T11:45:00Z"),
        ("7d", "2026-11-15T12:00:00Z"),
        ("1w", "2026-11-15T12:00:00Z"),
    ],
)
def test_a_distance_in_time_is_counted_from_now(stub: StubTerminal, ago: str, instant: str) -> None:
    stub.api.tells("GET", JOURNAL, a_page())
    stub.run("journal", "search", "--since", ago)
    assert stub.api.asked[0].query["from"] == instant


def test_what_is_too_long_ago_is_not_asked_for(stub: StubTerminal) -> None:
    assert (stub.run("journal", "search", "--since", "999999w").code, stub.api.asked) == (2, [])


def test_an_instant_that_makes_no_sense_is_refused_by_the_api(terminal: Terminal) -> None:
    ended = terminal.run("journal", "search", "--since", "yesterday")
    assert ended.code == 1
    assert "field  from" in ended.err


def test_an_entry_is_shown_with_its_details_and_link(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"{JOURNAL}/3/17", an_entry())

    assert stub.run("journal", "show", "3", "17", columns=80).out == (
        "stream    3\n"
        "seq       17\n"
        "at        1 m ago  2026-11-22 11:58:00 UTC\n"
        "kind      job.paused\n"
        "actor     token:laptop\n"
        f"subject   {JOB_ID}\n"
        f"id        {JOB_ID}/3\n"
        'details   {"from": "enabled"}\n'
        'personal  {"name": "health"}\n'
        f"previous  {'0' * 64}\n"
        f"link      {'1' * 64}\n"
    )


def test_a_large_entry_says_where_it_is(stub: StubTerminal) -> None:
    payload = {"sha256": "ab", "bytes": 300_000}
    stub.api.tells("GET", f"{JOURNAL}/3/17", an_entry(payload=payload))
    assert (
        "payload   300000 bytes, SHA-256 ab\n"
        in stub.run("journal", "show", "3", "17", columns=80).out
    )


def test_json_is_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("GET", JOURNAL, a_page(an_entry()))
    stub.api.tells("GET", f"{JOURNAL}/3/17", an_entry())
    assert json.loads(stub.run("journal", "search", "--json").out) == a_page(an_entry())
    assert json.loads(stub.run("journal", "show", "3", "17", "--json").out) == an_entry()


def test_an_entry_that_is_not_there_ends_with_3(terminal: Terminal) -> None:
    assert terminal.run("journal", "show", "0", "1").code == 3


def test_the_tail_ends_with_the_newest_entry(stub: StubTerminal) -> None:
    later = an_entry(seq=18, kind="job.resumed", at="2026-11-22T11:59:00Z")
    stub.api.tells("GET", JOURNAL, a_page(later, an_entry()))

    assert stub.run("journal", "tail", columns=80).out == (
        f"2026-11-22 11:58:00  job.paused      token:laptop    {JOB_ID}\n"
        f"2026-11-22 11:59:00  job.resumed     token:laptop    {JOB_ID}\n"
    )
    assert stub.run("journal", "tail", "-n", "1").out == (
        f"2026-11-22T11:59:00Z  job.resumed     token:laptop    {JOB_ID}\n"
    )


def test_the_tail_as_json_is_an_entry_a_line(stub: StubTerminal) -> None:
    stub.api.tells("GET", JOURNAL, a_page(an_entry(seq=18), an_entry()))
    told = [json.loads(line) for line in stub.run("journal", "tail", "--json").out.splitlines()]
    assert told == [an_entry(), an_entry(seq=18)]


def test_a_tail_that_is_followed_tells_each_new_entry_once(stub: StubTerminal) -> None:
    first, second, elsewhere = an_entry(), an_entry(seq=18), an_entry(stream=5, seq=1)
    refused = Told(403, {"status": 403, "detail": "enough"})
    stub.api.tells(
        *("GET", JOURNAL, a_page(first), a_page(first), a_page(second, first)),
        *(a_page(elsewhere, second, first), refused),
    )

    ended = stub.run("journal", "tail", "--follow", "--json")

    told = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, told) == (4, [first, second, elsewhere])


def test_what_comes_at_once_is_followed_over_pages(stub: StubTerminal) -> None:
    known, *come = [an_entry(seq=seq) for seq in range(17, 21)]
    refused = Told(403, {"status": 403, "detail": "enough"})
    stub.api.tells(
        *("GET", JOURNAL, a_page(known), a_page(*come[:0:-1], following="more")),
        *(a_page(come[0], known), refused),
    )

    told = stub.run("journal", "tail", "-n", "0", "--follow", "--json").out

    assert [json.loads(line)["seq"] for line in told.splitlines()] == [18, 19, 20]
    assert [asked.query.get("cursor") for asked in stub.api.asked] == [None, None, "more", None]


def test_the_journal_of_the_real_api_is_told(terminal: Terminal) -> None:
    append(an_event("a"), an_event("b", 1, subject="K", kind="other.happened"))

    assert terminal.run("journal", "tail").out.splitlines() == [
        "2026-11-22T12:00:00Z  test.happened   token:laptop    J",
        "2026-11-22T12:01:00Z  other.happened  token:laptop    K",
    ]
    assert "other.happened" not in terminal.run("journal", "search", "--kind", "test").out
