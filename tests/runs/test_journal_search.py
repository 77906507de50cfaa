from typing import Any

import pytest

from chalicelib.journal.search import JournalSearch
from chalicelib.journal.store import JournalStore
from chalicelib.runs.journal_search import journal_search
from chalicelib.runs.late_tools import JOURNAL_SEARCH, late
from chalicelib.runs.tools import Invocation
from tests.journal.events import an_event, append, one_a_minute
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("world")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def called(owner: str = "main", **arguments: Any) -> dict[str, Any]:
    search = journal_search(JournalSearch(journal=JournalStore()))
    return dict(search(Invocation(owner, "R#1", arguments)))


def times(answer: dict[str, Any]) -> list[str]:
    return [entry["at"][11:16] for entry in answer["entries"]]


def test_it_only_looks_and_may_be_called_again() -> None:
    tool = late(JOURNAL_SEARCH, lambda: journal_search(JournalSearch(journal=JournalStore())))
    assert (tool.spec.name, tool.spec.effect, tool.is_idempotent) == (
        "journal.search",
        "read",
        True,
    )


def test_without_arguments_it_returns_the_newest_entries() -> None:
    append(*one_a_minute(LETTERS))
    answer = called()
    assert len(answer["entries"]) == 20
    assert times(answer)[0] == "12:25"
    assert times(called(cursor=answer["cursor"])) == [
        f"12:{minute:02}" for minute in range(5, -1, -1)
    ]


def test_an_entry_says_who_did_what() -> None:
    append(an_event("a", details={"name": "x"}))
    (entry,) = called(kind="test", text="x")["entries"]
    assert entry | {"stream": 0} == {
        "stream": 0,
        "seq": 1,
        "at": "2026-11-22T12:00:00Z",
        "kind": "test.happened",
        "actor": "token:laptop",
        "subject": "J",
        "details": {"name": "x"},
    }


def test_a_run_sees_the_journal_of_its_owner_alone() -> None:
    append(an_event("a"), an_event("b", owner="other"))
    assert len(called("other")["entries"]) == 1
    assert called("nobody")["entries"] == []


def test_an_owner_cannot_be_asked_for() -> None:
    append(an_event("b", owner="other"))
    answer = called(owner_of_it="other")
    assert "entries" not in answer
    assert answer["refused"] == "there is no field 'owner_of_it'"


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        ({"stream": 9}, "stream: use 0 to 7"),
        ({"from": "yesterday"}, "from: send one as 2026-11-22T12:00:00Z"),
        ({"cursor": 7}, "cursor: leave it out"),
    ],
)
def test_what_cannot_be_looked_for_is_told_to_the_model(
    arguments: dict[str, Any], fix: str
) -> None:
    assert called(**arguments)["fix"] == fix


def test_long_details_are_left_out_of_a_transcript() -> None:
    append(an_event("a", details={"text": "x" * 5_000}))
    (entry,) = called()["entries"]
    assert entry["details_left_out"] == "too long"
    assert "details" not in entry


def test_the_default_policies_let_a_job_that_was_granted_it_call_it(world: World) -> None:
    job = world.job(tools=["journal.search"])
    world.at(1)
    world.services.handle(world.ref(job))
    view = world.services.transcripts.view("main", world.ref(job).run_id)
    assert view.header.state == "succeeded"
    _, returned, _ = [step.turn for step in view.steps]
    assert returned.ok  # type: ignore[union-attr]
    assert [entry["kind"] for entry in returned.content["entries"]] == ["job.created"]  # type: ignore[union-attr]
