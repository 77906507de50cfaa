"""Everything paused at once: `palyra pause|resume --all`, and what `status` tells of it."""

import pytest

from tests.cli.documents import a_closed_gate, a_status, an_open_gate
from tests.cli.terminal import StubTerminal, Terminal


def test_a_pause_of_everything_is_sent_and_told(stub: StubTerminal) -> None:
    stub.api.tells("POST", "/v1/gate", a_closed_gate())

    ended = stub.run("pause", "--all")

    assert (ended.code, ended.out, ended.err) == (0, "everything is paused\n", "")
    assert stub.api.asked[0].body == {"paused": True, "scope": "owner"}


def test_everybody_is_another_scope(stub: StubTerminal) -> None:
    stub.api.tells("POST", "/v1/gate", a_closed_gate())
    stub.run("pause", "--all", "--everybody")
    assert stub.api.asked[0].body == {"paused": True, "scope": "everything"}


def test_a_resume_under_a_pause_of_everybody_says_so(stub: StubTerminal) -> None:
    stub.api.tells("POST", "/v1/gate", a_closed_gate(owner=False, everything=True))

    ended = stub.run("resume", "--all")

    assert ended.out == "everything is paused\n"
    assert ended.err == "it is paused for everybody still\n"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_all_must_be_said(stub: StubTerminal, verb: str) -> None:
    ended = stub.run(verb)
    assert (ended.code, stub.api.asked) == (2, [])
    assert f"palyra jobs {verb}" in ended.err


def test_a_status_tells_a_closed_gate_first(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/status", a_status(gate=a_closed_gate()))

    assert stub.run("status", columns=80).out.splitlines()[:5] == [
        "gate          = paused",
        "because       all work of this owner is paused",
        "paused since  30 m ago  2026-11-22 11:30:00 UTC",
        "paused by     token:phone",
        "status        ✓ ok",
    ]


def test_an_open_gate_is_not_worth_a_line(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/status", a_status(gate=an_open_gate()))
    assert "gate" not in stub.run("status", columns=80).out


def test_a_closed_gate_holds_what_runs_until_it_opens(terminal: Terminal) -> None:
    job = terminal.api.job()

    assert terminal.run("pause", "--all").out == "everything is paused\n"
    assert terminal.run("status").out.splitlines()[0].split() == ["gate", "paused"]
    assert terminal.run("jobs", "run", job).code == 5
    assert terminal.run("resume", "--all").out == "work goes on\n"
    assert "gate" not in terminal.run("status").out
    assert terminal.run("jobs", "run", job).code == 0
