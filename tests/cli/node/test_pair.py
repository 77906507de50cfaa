"""`palyra node pair`: from a code to a node, by the real API and the real front."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from cli.client import Api as Client
from cli.client import Unanswered
from cli.node.home import Home
from cli.node.line import Line
from cli.problem import Exit
from tests.cli.node.device import Device


def test_a_device_is_paired_by_a_pin_that_is_typed(device: Device) -> None:
    minted = device.operator.mint()
    device.approved()

    ended = device.run("pair", sent=f"{minted['code_id'].lower()}\n{minted['pin']}\n")

    assert ended.code == 0, ended
    number, *key, paired = ended.out.splitlines()[-4:]
    assert (number, paired) == (f"number  {device.number}", f"paired  {device.id}")
    compared = " ".join(line.removeprefix("key").strip() for line in key)
    assert compared == device.operator.decided["fingerprint_groups"]
    node = device.operator.node(device.id)
    assert (node["state"], node["kind"], node["id"]) == ("active", "cli", device.id)


def test_a_device_is_paired_by_a_qr_code(device: Device) -> None:
    code = device.operator.mint(method="qr", client_kind="desktop")
    device.approved()
    qr = code["qr"].replace("u=http%3A%2F%2Flocalhost", f"u={device.url}")

    ended = device.run("pair", "--qr-stdin", "--kind", "desktop", sent=qr)

    assert ended.code == 0, ended
    assert device.operator.node(device.id)["kind"] == "desktop"


def test_programs_follow_a_pairing_as_json(device: Device) -> None:
    minted = device.operator.mint(client_kind="daemon")

    def approve() -> None:
        lines = device.out.getvalue().splitlines()
        if lines and device.operator.requests():
            assert device.operator.approve(json.loads(lines[0])["number"]) == 200

    device.while_waiting = approve
    words = ("pair", minted["code_id"], "--pin-stdin", "--kind", "daemon", "--json")

    ended = device.run(*words, sent=minted["pin"])

    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [each["event"] for each in events] == ["number", "paired"]
    assert events[1]["device_id"] == device.id


def test_nobody_else_may_read_what_is_kept(device: Device) -> None:
    device.paired()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in device.home.iterdir()}
    assert modes.pop("work") == stat.S_IMODE(device.home.stat().st_mode) == 0o700
    assert set(modes) == {"lock", "node.json", "node.pem"}
    assert set(modes.values()) == {0o600}


def test_neither_key_nor_pin_is_shown_or_sent(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    post = Client.post

    def noted(self: Client, path: str, body: Any = None, **how: Any) -> Any:
        sent.append(json.dumps(body))
        return post(self, path, body, **how)

    monkeypatch.setattr(Client, "post", noted)
    minted = device.operator.mint()
    device.approved()
    ended = device.run("pair", minted["code_id"], "--pin-stdin", sent=minted["pin"])
    key = (device.home / "node.pem").read_text().splitlines()[1]
    assert len(sent) > 3
    for text in (*sent, ended.out, ended.err):
        assert key not in text
        assert "PRIVATE" not in text
        assert f'"{minted["pin"]}"' not in text
        assert f" {minted['pin']}" not in text


def test_a_wrong_pin_is_refused_and_leaves_nothing(device: Device) -> None:
    minted = device.operator.mint()
    wrong = "000000" if minted["pin"] != "000000" else "000001"

    ended = device.run("pair", minted["code_id"], "--pin-stdin", sent=wrong)

    assert ended.code == Exit.CONFLICT
    assert "check the code, the PIN and --kind" in ended.err
    assert not (device.home / "node.pem").exists()


def test_a_device_that_is_rejected_is_told(device: Device) -> None:
    minted = device.operator.mint()
    device.while_waiting = device.operator.reject_all

    ended = device.run("pair", minted["code_id"], "--pin-stdin", sent=minted["pin"])

    assert ended.code == Exit.DENIED
    assert "rejected" in ended.err


def test_a_device_that_nobody_decides_about_stops_waiting(device: Device) -> None:
    minted = device.operator.mint()
    ended = device.run("pair", minted["code_id"], "--pin-stdin", sent=minted["pin"])
    assert ended.code == Exit.DENIED
    assert sum(device.waits) < 700


@pytest.mark.parametrize("step", ["hello", "claim", "activate"])
def test_an_answer_that_is_lost_costs_nothing(
    device: Device, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    post = Client.post
    lost: list[str] = []

    def losing(self: Client, path: str, body: Any = None, **how: Any) -> Any:
        answer = post(self, path, body, **how)
        if path.endswith(step) and not lost:
            lost.append(path)
            raise Unanswered.of(Exit.UNAVAILABLE, "the answer is lost", "")
        return answer

    monkeypatch.setattr(Client, "post", losing)
    ended = device.pair()
    assert (ended.code, len(lost)) == (0, 1), ended
    assert device.operator.node(device.id)["state"] == "active"


def test_a_pairing_whose_first_call_failed_goes_on_later(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Line, "post", _silent)
        ended = device.pair()
    assert ended.code == Exit.UNAVAILABLE
    assert "within ten minutes" in ended.err
    assert Home(device.home).known() is None

    again = device.run("pair")

    assert again.code == 0, again
    assert "going on" in again.err
    assert device.operator.node(device.id)["state"] == "active"


def test_an_offer_that_is_too_old_is_forgotten(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Line, "post", _silent)
        device.pair()
    device.move(minutes=11)
    assert device.run("pair").code == Exit.DENIED
    assert Home(device.home).offered() is None
    assert device.pair().code == 0


def test_one_that_was_thrown_out_is_told_what_comes_first(device: Device) -> None:
    device.paired()
    device.operator.revoke(device.id)
    refused = device.pair()
    assert refused.code == Exit.CONFLICT
    assert "`palyra node unpair` first" in refused.err


def test_a_device_that_is_paired_again_keeps_its_name_and_gets_another_key(
    device: Device,
) -> None:
    device.paired()
    before = (device.id, (device.home / "node.pem").read_text())

    assert device.pair().code == 0

    assert device.id == before[0]
    assert (device.home / "node.pem").read_text() != before[1]
    assert device.run("status").code == 0


def test_a_death_in_the_middle_of_the_acceptance_is_made_up_for(device: Device) -> None:
    device.paired()
    membership = (device.home / "node.json").rename(device.home / "offer.json")
    assert device.run("status").code == Exit.NOT_FOUND
    with Home(device.home).locked():
        assert not membership.exists()
    assert device.run("status").code == 0


def _silent(_line: Line, what: str, **_said: Any) -> Any:
    raise Unanswered.of(Exit.UNAVAILABLE, f"{what}: nobody answers", "")


class TestWhatIsSaidWrongly:
    @pytest.mark.parametrize(
        ("words", "sent", "told"),
        [
            (("--pin-stdin",), "123456", "needs the CODE"),
            (("K7QM", "--qr-stdin"), "gwpair:1?", "stands alone"),
            (("K7QM", "--pin-stdin"), "12345", "six digits"),
            (("K7QM", "--pin-stdin"), "", "six digits"),
            (("K7", "--pin-stdin"), "123456", "four letters"),
            (("--qr-stdin",), "https://example.com", "gwpair:1?"),
            (("K7QM", "--kind", "phone"), "", "phone"),
            (("K7QM", "--pin-stdin", "--nodes", "http://a.example"), "123456", "--nodes"),
            (("K7QM", "--pin-stdin", "--api", "http://a.example"), "123456", "--api"),
            (("K7QM", "--pin-stdin", "--nodes-ca", "/no/file"), "123456", "/no/file"),
        ],
    )
    def test_it_is_told_and_nothing_is_sent(
        self, device: Device, words: tuple[str, ...], sent: str, told: str
    ) -> None:
        ended = device.run("pair", *words, sent=sent)
        assert ended.code == Exit.USAGE
        assert told in ended.err


def test_a_folder_that_others_may_write_to_is_refused(device: Device) -> None:
    device.home.mkdir(mode=0o700)
    Path(device.home).chmod(0o777)
    ended = device.run("pair")
    assert ended.code == Exit.DENIED
    assert "chmod 700" in ended.err
