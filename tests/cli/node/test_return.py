"""A node that runs finds its certificate ended: it comes back by itself, whoever dies meanwhile."""

import stat
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cli.client import Api
from cli.node.agent import Agent
from cli.node.desk import Wake
from cli.node.home import Home
from cli.node.line import Line
from cli.node.recovering import NOTE
from cli.problem import Exit, Problem
from tests.cli.node.device import Device, settled
from tests.cli.node.test_recover import approving, ended
from tests.cli.node.test_run import ECHO, Death

LIFE = timedelta(hours=24)


@pytest.fixture
def asleep(device: Device, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A device that was paired, can do something, and has slept over its certificate's end."""
    ended(device)
    device.tool("echo", ECHO)
    device.ahead = LIFE
    device.while_waiting = lambda: None
    refusing(monkeypatch, device)
    return device


def refusing(monkeypatch: pytest.MonkeyPatch, device: Device) -> None:
    """Let the gateway refuse the certificate: TLS here knows the machine's clock alone."""
    last = Home(device.home).credential.read_text()
    refusal = {"type": "urn:palyra:problem:certificate-refused", "status": 403}

    def refused(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(self: Line, *said: Any, **more: Any) -> Any:
            if self.credential.read_text() == last:
                raise Problem.answered(403, refusal)
            return call(self, *said, **more)

        return made

    for name in ("get", "post", "changed"):
        monkeypatch.setattr(Line, name, refused(getattr(Line, name)))


def run(device: Device) -> list[Agent]:
    """Run the node as a process does, until it works; return what has worked."""
    worked: list[Agent] = []

    def ready(agent: Agent | None) -> None:
        if agent is not None:
            worked.append(agent)
            agent.desk.inbox.put(Wake())

    home = Home(device.home)
    with home.locked():
        device.starting().run(ready)
    return worked


def names(device: Device) -> list[str]:
    return [each.name for each in device.events]


def ends(device: Device) -> Problem:
    """Run the node until it ends by itself; return why."""
    with pytest.raises(Problem) as problem:
        run(device)
    return problem.value


def test_a_node_comes_back_by_itself_and_works_on(asleep: Device) -> None:
    before = Home(asleep.home).credential.read_text()
    approving(asleep)

    assert len(run(asleep)) == 1

    assert names(asleep) == ["ended", "waiting", "recovered"]
    assert Home(asleep.home).credential.read_text() != before
    assert Home(asleep.home).noted(NOTE) is None
    asleep.ahead = timedelta()
    asleep.operator.grant(asleep.id, "echo")
    request = asleep.operator.ask(asleep.id, "echo", arguments={"a": 1})
    with asleep.working() as later:
        settled(later)
    assert asleep.operator.state(asleep.id, request) == ("succeeded", None)


def test_the_api_is_where_it_was_at_the_pairing(
    asleep: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Device, "environment", {})
    approving(asleep)
    assert run(asleep)


def test_a_node_that_was_paired_before_that_was_kept_is_told_to_say_it(
    asleep: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(asleep.home)
    document = home.noted("node.json")
    assert document is not None
    del document["api"]
    home.note("node.json", document)
    monkeypatch.setattr(Device, "environment", {})

    refused = ends(asleep)

    assert refused.code is Exit.DENIED
    assert "palyra node recover --api" in refused.fix
    assert asleep.operator.requests() == []


def test_the_number_is_told(asleep: Device) -> None:
    def approve() -> None:
        waiting = asleep.told("waiting")
        if waiting and asleep.operator.requests():
            number = waiting[-1].why.split()[1].rstrip(";")
            assert asleep.operator.approve(number) == 200

    asleep.while_waiting = approve
    assert run(asleep)


def test_what_nobody_decided_is_asked_again(asleep: Device) -> None:
    def approve_the_second() -> None:
        if asleep.told("undecided"):
            approving(asleep)

    asleep.while_waiting = approve_the_second

    assert run(asleep)

    assert names(asleep) == ["ended", "waiting", "undecided", "waiting", "recovered"]


def test_a_rejection_ends_it(asleep: Device) -> None:
    before = Home(asleep.home).credential.read_text()
    asleep.while_waiting = asleep.operator.reject_all

    rejected = ends(asleep)

    assert (rejected.code, asleep.told("undecided")) == (Exit.DENIED, [])
    assert "rejected" in rejected.what
    assert Home(asleep.home).credential.read_text() == before
    assert Home(asleep.home).noted(NOTE) is None


def test_after_seven_days_it_is_paired_again(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(device, by=timedelta(days=7, minutes=1))
    device.tool("echo", ECHO)
    device.ahead = LIFE + timedelta(days=7, minutes=1)
    refusing(monkeypatch, device)

    late = ends(device)

    assert late.code is Exit.DENIED
    assert "more than seven days ago" in late.what
    assert "pair this device again" in late.fix


def test_one_that_was_thrown_out_asks_for_nothing(device: Device) -> None:
    device.paired().tool("echo", ECHO)
    device.operator.revoke(device.id)

    assert ends(device).code is Exit.DENIED

    assert names(device) == []


def test_one_that_was_thrown_out_while_it_slept_is_not_taken_back(asleep: Device) -> None:
    asleep.operator.revoke(asleep.id)
    assert ends(asleep).code is Exit.DENIED
    assert asleep.operator.requests() == []


def failing(monkeypatch: pytest.MonkeyPatch, problem: Problem) -> None:
    """Let the nodes origin refuse the first registration in words of its own."""
    post, told = Line.post, [problem]

    def fail(self: Line, path: str, **said: Any) -> Any:
        if told and path == "register":
            raise told.pop()
        return post(self, path, **said)

    monkeypatch.setattr(Line, "post", fail)


def test_what_tls_says_counts_whatever_this_devices_clock_says(
    asleep: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep.ahead = -LIFE
    what = "does not answer: [SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired"
    failing(monkeypatch, Problem.of(Exit.UNAVAILABLE, what, ""))
    approving(asleep)
    assert run(asleep)
    assert names(asleep) == ["ended", "waiting", "recovered"]


def test_a_refusal_in_front_of_the_gateway_counts_once_the_certificate_has_ended(
    asleep: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, Problem.answered(403, {"message": "Forbidden"}))
    approving(asleep)
    assert run(asleep)
    assert names(asleep) == ["ended", "waiting", "recovered"]


def test_a_refusal_in_front_of_the_gateway_alone_is_not_the_end(
    device: Device,
) -> None:
    device.paired()
    refused = Problem.answered(403, {"message": "Forbidden"})
    with Home(device.home).locked():
        line = Line(Home(device.home).membership(), Home(device.home).credential, device.present)
        assert line.refused(refused) is None
        line.close()


def dying(monkeypatch: pytest.MonkeyPatch, what: str, *, sent: bool) -> Callable[[], None]:
    """Let the node die at a call, before or after it was made; return what lets it live."""
    post = Api.post

    def deadly(self: Api, path: str, body: Any = None) -> Any:
        is_question = what == "/claim" and not body  # Of the nonce alone.
        if path.endswith(what) and not is_question:
            if sent:
                post(self, path, body)
            raise Death
        return post(self, path, body)

    monkeypatch.setattr(Api, "post", deadly)
    return lambda: monkeypatch.setattr(Api, "post", post)


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("what", ["/recover", "/claim", "/activate"])
def test_a_death_around_a_call_is_made_up_for(
    asleep: Device, monkeypatch: pytest.MonkeyPatch, what: str, *, sent: bool
) -> None:
    live = dying(monkeypatch, what, sent=sent)
    # The operator decides about what is asked last: of a death at once after it, nobody hears.
    if what != "/recover":
        approving(asleep)
    with pytest.raises(Death):
        run(asleep)
    live()
    waiting = asleep.operator.requests()
    if what == "/recover" and sent:
        (lost,) = waiting
        asleep.operator.reject_all()
        assert lost["state"] == "pending_approval"
    approving(asleep)

    assert run(asleep)

    assert asleep.operator.node(asleep.id)["state"] == "active"
    assert asleep.operator.requests() == []
    assert Home(asleep.home).noted(NOTE) is None


def test_who_goes_on_after_a_death_waits_for_the_same_request(
    asleep: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = dying(monkeypatch, "/claim", sent=True)
    with pytest.raises(Death):
        run(asleep)
    live()
    (waiting,) = asleep.operator.requests()
    approving(asleep)

    assert run(asleep)

    decided = asleep.operator.api.get(f"/v1/pairing/requests/{waiting['request_id']}").body
    assert decided["state"] == "active"


def test_the_status_of_a_node_that_waits_says_so(
    asleep: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(monkeypatch, "/claim", sent=True)
    with pytest.raises(Death):
        run(asleep)
    with Home(asleep.home).locked():
        told = asleep.run("status")
    assert told.code == Exit.UNAVAILABLE
    assert "waits for an operator to let it come back" in told.err


@pytest.mark.parametrize("minutes", [11, 60])
def test_what_was_asked_long_ago_is_asked_anew(
    asleep: Device, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    live = dying(monkeypatch, "/claim", sent=True)
    with pytest.raises(Death):
        run(asleep)
    live()
    asleep.move(minutes=minutes)
    approving(asleep)

    assert run(asleep)

    assert asleep.told("undecided") == []


def test_the_next_key_is_nobody_elses(asleep: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    dying(monkeypatch, "/claim", sent=False)
    with pytest.raises(Death):
        run(asleep)
    note = asleep.home / NOTE
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert "PRIVATE" in note.read_text()
    assert "PRIVATE" not in str(asleep.events)
    Home(asleep.home).forget()
    assert not note.exists()
