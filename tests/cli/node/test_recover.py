"""`palyra node recover`: a device comes back, by the real API and the real front."""

import json
from datetime import timedelta

from chalicelib.clock import to_ms
from chalicelib.nodes.authority.store import IdentityRow
from chalicelib.nodes.certificates import columns
from cli.node.home import Home
from cli.problem import Exit
from tests.cli.node.device import Device


def ended(device: Device, by: timedelta = timedelta(hours=1)) -> Device:
    """Let the certificate have ended for Palyra; OpenSSL knows the machine's clock alone."""
    device.paired()
    now = device.front.gateway.world.clock.now()
    current = device.operator.node(device.id)["fingerprint"]
    key = columns.certificate_key("main", device.id, current)
    IdentityRow.change(*key, [IdentityRow.not_after.set(to_ms(now - by))], IdentityRow.pk.exists())
    return device


def approving(device: Device) -> None:
    """Let the operator approve by one click while the device waits."""

    def approve() -> None:
        if device.operator.requests():
            (request,) = device.operator.requests()
            said = {
                "version": request["version"],
                "identity_fingerprint": request["verified"]["identity_fingerprint"],
            }
            where = f"/v1/pairing/requests/{request['request_id']}/approve"
            assert device.operator.api.post(where, said).status == 200

    device.while_waiting = approve


def test_a_device_comes_back_and_works_on(device: Device) -> None:
    name, before = ended(device).id, Home(device.home).credential.read_text()
    approving(device)

    told = device.run("recover")

    assert told.code == 0, told
    assert told.out.splitlines()[-1] == f"paired  {name}"
    assert Home(device.home).credential.read_text() != before
    assert json.loads(device.run("status", "--json").out)["device_id"] == name
    assert "PRIVATE" not in told.out + told.err


def test_the_operator_may_ask_for_the_number(device: Device) -> None:
    ended(device)
    device.approved()
    assert device.run("recover").code == 0
    assert len(device.number) == 6


def test_one_that_is_rejected_keeps_what_it_has(device: Device) -> None:
    ended(device)
    before = Home(device.home).credential.read_text()
    device.while_waiting = device.operator.reject_all
    assert device.run("recover").code == Exit.DENIED
    assert Home(device.home).credential.read_text() == before


def test_one_whose_certificate_has_not_ended_is_told_what_to_do(device: Device) -> None:
    told = device.paired().run("recover")
    assert told.code == Exit.CONFLICT
    assert "within seven days" in told.err


def test_a_device_that_was_never_paired_does_not_come_back(device: Device) -> None:
    assert device.run("recover").code == Exit.NOT_FOUND


def test_another_gateway_is_not_trusted(device: Device) -> None:
    ended(device)
    path = device.home / "node.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"gateway_id": "gw-other"}))
    assert device.run("recover").code == Exit.DENIED
    assert device.operator.requests() == []
