"""`palyra pairing`: an admin lets a device in, by the real API."""

import json
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib.nodes.pairing import padding
from cli import pairing_watch
from cli.node import handshake as node
from cli.pairing_requests import show
from cli.session import Session
from tests.cli.keyboard import typing
from tests.cli.terminal import Terminal
from tests.functions.http.test_pairing import REQUESTS, Device, a_device, pending
from tests.nodes.gateway import ORIGIN, Gateway, Node
from tests.support.world import MINUTE


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding.Padding, "slow", lambda _self: None)
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)


def mint(terminal: Terminal, *words: str) -> dict[str, str]:
    ended = terminal.run("pairing", "mint", *words, "--json")
    assert ended.code == 0, ended
    told: dict[str, str] = json.loads(ended.out)
    return told


def request_of(terminal: Terminal, device: Device) -> str:
    assert device.proving is not None
    assert terminal.api.get(f"{REQUESTS}/{device.proving.session_id}").status == 200
    return device.proving.session_id


def wrong(device: Device) -> str:
    return f"{(int(device.sas) + 1) % 10**6:06}"


def state(terminal: Terminal, request: str) -> str:
    return str(terminal.api.get(f"{REQUESTS}/{request}").body["state"])


def again(terminal: Terminal) -> Device:
    """Return a device that asks under the id of one that is paired."""
    paired = Gateway(terminal.api.world).node()
    device = Device(terminal.api, a_device(terminal.api).told, device_id=paired.id)
    assert device.begin().status == 201
    assert device.hello().status == 202
    return device


class TestCodes:
    def test_a_pin_is_shown_once_with_its_code_and_end(self, terminal: Terminal) -> None:
        ended = terminal.run("pairing", "mint", "--kind", "daemon", "--label", "garage pi")

        told = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
        assert ended.code == 0
        assert told["kind"] == "daemon"
        assert told["label"] == "garage pi"
        assert told["expires"] == "2026-11-22T12:10:00Z"
        assert len(told["PIN"]) == 6
        assert told["PIN"] not in terminal.run("pairing", "codes", "--json").out

    def test_it_lasts_as_long_as_it_is_told(self, terminal: Terminal) -> None:
        assert mint(terminal, "--ttl", "60")["expires_at"] == "2026-11-22T12:01:00Z"
        assert terminal.run("pairing", "mint", "--ttl", "5").code == 1

    def test_those_that_can_be_used_are_listed(self, terminal: Terminal) -> None:
        code = mint(terminal, "--label", "garage pi")["code_id"]

        _, line = terminal.run("pairing", "codes").out.splitlines()

        wanted = f"{code} pin cli 0 of 5 2026-11-22T12:10:00Z token:laptop garage pi"
        assert line.split() == wanted.split()

    def test_without_any_nothing_is_data(self, terminal: Terminal) -> None:
        ended = terminal.run("pairing", "codes")
        assert (ended.code, ended.out, ended.err) == (0, "", "no codes\n")

    def test_one_is_ended(self, terminal: Terminal) -> None:
        code = mint(terminal)["code_id"]

        ended = terminal.run("pairing", "revoke", code.lower())

        assert (ended.code, ended.out) == (0, f"{code}  dead\n")
        assert terminal.run("pairing", "revoke", code).code == 3
        assert json.loads(terminal.run("pairing", "codes", "--json").out)["items"] == []

    def test_what_is_no_code_is_not_sent(self, terminal: Terminal) -> None:
        assert terminal.run("pairing", "revoke", "../x").code == 2

    def test_a_qr_code_that_is_switched_off_is_refused_with_the_setting(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PALYRA_PAIRING_QR", "false")

        ended = terminal.run("pairing", "mint", "--method", "qr")

        assert (ended.code, ended.out) == (4, "")
        assert "field  method" in ended.err
        assert "set pairing.qr to true" in ended.err
        assert terminal.run("pairing", "mint").code == 0


class TestRequests:
    def test_they_are_listed_and_shown_without_the_number(self, terminal: Terminal) -> None:
        device = pending(terminal.api, label="garage pi")

        listed = terminal.run("pairing", "requests").out
        shown = terminal.run("pairing", "show", request_of(terminal, device)).out

        assert request_of(terminal, device) in listed
        for text in (device.device_id, "garage pi", "token:laptop", device.spki.hex()[:4]):
            assert text in shown
        assert device.sas not in listed + shown.replace(device.device_id, "")

    def test_json_is_the_apis_own(self, terminal: Terminal) -> None:
        request = request_of(terminal, pending(terminal.api))
        told = json.loads(terminal.run("pairing", "show", request, "--json").out)
        assert told == terminal.api.get(f"{REQUESTS}/{request}").body

    def test_one_is_approved_by_the_number_that_a_person_types(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = pending(terminal.api, label="garage pi")
        request = request_of(terminal, device)
        typing(monkeypatch, f"{device.sas[:3]} {device.sas[3:]}")

        ended = terminal.run("pairing", "approve", request, columns=120)

        assert ended.code == 0, ended
        assert ended.out.splitlines()[-1] == f"{request}  ✓ approved  garage pi"
        # What is decided about is shown before it is asked about.
        assert device.device_id in ended.out
        assert "Number that the device shows: " in ended.err
        assert device.claim().body["state"] == "issued"

    def test_a_script_says_the_number(self, terminal: Terminal) -> None:
        device = pending(terminal.api)
        words = ("pairing", "approve", request_of(terminal, device), "--number")

        assert terminal.run(*words, wrong(device)).code == 1
        ended = terminal.run(*words, device.sas, "--reason", "the new pi", "--json")

        assert (ended.code, json.loads(ended.out)["state"]) == (0, "approved")

    def test_nobody_is_asked_where_nobody_can_answer(self, terminal: Terminal) -> None:
        request = request_of(terminal, pending(terminal.api))
        ended = terminal.run("pairing", "approve", request)
        assert ended.code == 2
        assert "say --number" in ended.err
        assert state(terminal, request) == "pending_approval"

    def test_a_wrong_number_is_asked_for_again(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = pending(terminal.api)
        typing(monkeypatch, "12", wrong(device), device.sas)

        ended = terminal.run("pairing", "approve", request_of(terminal, device))

        assert ended.code == 0, ended
        # What is no number is no try.
        assert "2 more tries" in ended.err

    def test_the_third_wrong_number_is_the_last(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = pending(terminal.api)
        left = typing(monkeypatch, *[wrong(device)] * 3, device.sas)

        ended = terminal.run("pairing", "approve", request_of(terminal, device))

        assert (ended.code, left.lines) == (1, [device.sas])
        assert "the request was rejected" in ended.err
        assert state(terminal, request_of(terminal, device)) == "rejected"

    def test_who_types_nothing_approves_nothing(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = request_of(terminal, pending(terminal.api))
        typing(monkeypatch)

        ended = terminal.run("pairing", "approve", request)

        assert ended.code == 1
        assert f"palyra pairing reject {request}" in ended.err
        assert state(terminal, request) == "pending_approval"

    def test_another_version_is_another_state(self, terminal: Terminal) -> None:
        device = pending(terminal.api)
        words = ("--if-version", "9")
        request = request_of(terminal, device)
        approved = terminal.run("pairing", "approve", request, "--number", device.sas, *words)
        assert (approved.code, terminal.run("pairing", "reject", request, *words).code) == (5, 5)
        assert state(terminal, request) == "pending_approval"

    def test_one_is_rejected(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        device = pending(terminal.api)
        request = request_of(terminal, device)

        ended = terminal.run("pairing", "reject", request, "--reason", "not mine")

        assert (ended.code, ended.out) == (0, f"{request}  rejected  {device.device_id}\n")
        typing(monkeypatch, device.sas)
        late = terminal.run("pairing", "approve", request)
        assert late.code == 5
        assert "the request is rejected" in late.err

    @pytest.mark.parametrize(("word", "code"), [("y", 0), ("n", 1)])
    def test_a_paired_node_is_thrown_out_only_where_that_is_said(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, word: str, code: int
    ) -> None:
        device = again(terminal)
        typing(monkeypatch, word, device.sas)

        ended = terminal.run("pairing", "approve", request_of(terminal, device), columns=120)

        assert ended.code == code
        assert f"Throw out the paired node {device.device_id} for it? [y/N]" in ended.err
        decided = "pending_approval" if code else "approved"
        assert state(terminal, request_of(terminal, device)) == decided

    def test_a_script_says_whom_it_throws_out(self, terminal: Terminal) -> None:
        device = again(terminal)
        words = ("pairing", "approve", request_of(terminal, device), "--number", device.sas)

        unsaid = terminal.run(*words)

        assert unsaid.code == 1
        assert "replaces" in unsaid.err
        assert terminal.run(*words, "--replaces", device.device_id).code == 0

    def test_there_is_no_other_request(self, terminal: Terminal) -> None:
        assert terminal.run("pairing", "show", "01M81J18G00000000000000000").code == 3
        assert terminal.run("pairing", "show", "../codes").code == 2


@dataclass
class AtTheDevice:
    """Whoever holds the device, while the admin's command waits.

    Attributes:
        told: the code, as it was read from the admin's screen.
    """

    terminal: Terminal
    told: node.Told | None = None
    devices: list[Device] = field(default_factory=list)

    def act(self, seconds: float) -> None:
        """Begin with the code; then claim, and call as a node."""
        api = self.terminal.api
        api.world.clock.move(timedelta(seconds=seconds))
        if not self.devices:
            assert self.told is not None
            self.devices.append(Device(api, self.told))
            assert self.device.begin().status == 201
            assert self.device.hello().status == 202
            return
        claimed = self.device.claim().body
        if claimed["state"] == "issued":
            pem = claimed["certificate_pem"]
            paired = Node(Gateway(api.world), "main", self.device.device_id, self.device.key, pem)
            assert paired.call("POST", "activate").status == 200

    @property
    def device(self) -> Device:
        return self.devices[0]


class TestWatch:
    @pytest.fixture
    def there(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> AtTheDevice:
        monkeypatch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        there = AtTheDevice(terminal)
        terminal.while_waiting = there.act

        def follow(session: Session, minted: dict[str, str], timeout: float | None) -> None:
            scanned = node.scanned(minted["qr"]) if "qr" in minted else None
            there.told = scanned or node.typed(minted["code_id"], minted["pin"])
            pairing_watch.follow(session, minted, timeout)

        monkeypatch.setattr("cli.pairing.follow", follow)
        return there

    @pytest.mark.parametrize("method", ["pin", "qr"])
    def test_the_device_is_waited_for_and_decided_about_in_place(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, there: AtTheDevice, method: str
    ) -> None:
        typing(monkeypatch, lambda: wrong(there.device), lambda: there.device.sas)
        words = ("pairing", "mint", "--kind", "daemon", "--method", method, "--watch")

        ended = terminal.run(*words, columns=160)

        assert ended.code == 0, ended
        assert "2 more tries" in ended.err
        assert ended.out.splitlines()[-1] == f"paired  {there.device.device_id}"
        paired = terminal.api.get(f"/v1/nodes/{there.device.device_id}").body
        assert (paired["state"], paired["kind"]) == ("active", "daemon")

    def test_times_are_told_from_when_the_device_came(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, there: AtTheDevice
    ) -> None:
        def late(seconds: float) -> None:
            terminal.api.world.clock.move(timedelta(seconds=seconds))
            if sum(terminal.waits) > 120:
                there.act(0)

        terminal.while_waiting = late
        typing(monkeypatch)
        words = ("pairing", "mint", "--kind", "daemon", "--watch")

        told = terminal.run(*words, columns=160).out

        assert "\nbegun        now  " in told
        assert "\nexpires      in 10 m  " in told

    def test_programs_follow_it_as_json(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, there: AtTheDevice
    ) -> None:
        typing(monkeypatch, lambda: there.device.sas)

        ended = terminal.run("pairing", "mint", "--kind", "daemon", "--watch", "--json")

        events = [json.loads(line) for line in ended.out.splitlines()]
        told = [each["event"] for each in events]
        assert (ended.code, told[:2], told[-1]) == (0, ["code", "request"], "end")
        states = [each["state"] for each in events[1:]]
        assert (states[0], states[1], states[-1]) == ("pending_approval", "approved", "active")
        assert events[-1]["device_id"] == there.device.device_id

    def test_the_waiting_ends_in_time_and_the_pairing_goes_on(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, there: AtTheDevice
    ) -> None:
        typing(monkeypatch, lambda: there.device.sas)
        words = ("pairing", "mint", "--kind", "daemon", "--watch", "--timeout", "1")

        ended = terminal.run(*words)

        assert ended.code == 69
        assert state(terminal, request_of(terminal, there.device)) == "approved"

    def test_a_code_that_ends_without_a_device_is_told(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        typing(monkeypatch)
        terminal.while_waiting = lambda _: terminal.api.world.clock.move(MINUTE)

        ended = terminal.run("pairing", "mint", "--watch")

        assert ended.code == 1
        assert "the code has ended" in ended.err

    def test_what_is_not_approved_stays_to_be_decided(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, there: AtTheDevice
    ) -> None:
        typing(monkeypatch)

        ended = terminal.run("pairing", "mint", "--kind", "daemon", "--watch", columns=120)

        assert ended.code == 1
        assert "nothing was approved" in ended.err
        assert state(terminal, request_of(terminal, there.device)) == "pending_approval"

    def test_nothing_is_minted_where_nobody_can_type(self, terminal: Terminal) -> None:
        assert terminal.run("pairing", "mint", "--watch").code == 2
        assert terminal.run("pairing", "codes").err == "no codes\n"


def test_ids_are_completed(terminal: Terminal) -> None:
    request = request_of(terminal, pending(terminal.api, label="garage pi"))
    session = Session(environment=terminal.environment)
    context = show.make_context("show", [request], obj=session)
    (argument,) = [each for each in show.params if each.name == "request_id"]

    (found,) = argument.shell_complete(context, request[:5])

    assert (found.value, found.help) == (request, "garage pi")
