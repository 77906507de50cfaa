"""The first call of a device: in its time, with its certificate, and no other before it."""

from datetime import timedelta

import pytest

from tests.functions.http.api import Api, assert_problem
from tests.functions.http.test_pairing import NOBODY, Device, a_device, approved, at_once, pending
from tests.nodes.gateway import Gateway, Node

__all__ = ["at_once"]
LATE = [timedelta(minutes=10), timedelta(hours=1)]


def claimed(api: Api, gateway: Gateway) -> tuple[Device, Node]:
    device = pending(api)
    assert approved(api, device).status == 200
    pem = device.claim().body["certificate_pem"]
    return device, Node(gateway, "main", device.device_id, device.key, pem)


def test_before_its_activation_a_certificate_is_good_for_that_alone(
    api: Api, gateway: Gateway
) -> None:
    _, node = claimed(api, gateway)
    assert node.whoami().status == 403
    assert node.call("POST", "register", {"capabilities": []}).status == 403
    assert node.call("POST", "nonce").status == 403
    assert node.call("POST", "activate").status == 200
    assert node.whoami().status == 200


@pytest.mark.parametrize("late", LATE)
def test_a_certificate_that_is_not_used_in_time_never_counts(
    api: Api, gateway: Gateway, late: timedelta
) -> None:
    device, node = claimed(api, gateway)
    api.world.clock.move(late)
    assert node.call("POST", "activate").status == 403
    assert node.whoami().status == 403
    assert device.proving is not None
    reply = api.post(f"{device.path}/claim", {}, headers=NOBODY)
    assert_problem(reply, 409)
    assert gateway.device(node).current == ""


def test_an_activation_that_is_sent_again_changes_nothing(api: Api, gateway: Gateway) -> None:
    _, node = claimed(api, gateway)
    replies = [node.call("POST", "activate") for _ in range(10)]
    assert {each.status for each in replies} == {200}
    assert {str(each.body) for each in replies} == {str(replies[0].body)}
    assert gateway.device(node).version == 2


def test_another_devices_certificate_activates_nothing(api: Api, gateway: Gateway) -> None:
    _, one = claimed(api, gateway)
    other = gateway.node()
    reply = gateway.call("POST", one.path("activate"), certificate=other.der)
    assert reply.status == 403
    stolen = gateway.call(
        "POST", one.path("activate"), {"device_id": other.id}, certificate=one.der
    )
    assert stolen.status == 403
    assert one.call("POST", "activate").status == 200


def test_a_paired_device_stays_what_it_is_until_the_next_one_calls(
    api: Api, gateway: Gateway
) -> None:
    _, old = claimed(api, gateway)
    assert old.call("POST", "activate").status == 200
    device = pending_again(api, old)
    assert_problem(approved(api, device), 422, "replaces")
    assert approved(api, device, replaces=old.id).status == 200
    pem = device.claim().body["certificate_pem"]
    assert old.whoami().status == 200
    new = Node(gateway, "main", old.id, device.key, pem)
    assert new.call("POST", "activate").status == 200
    assert (old.whoami().status, new.whoami().status) == (403, 200)


def pending_again(api: Api, old: Node) -> Device:
    made = Device(api, a_device(api).told, device_id=old.id)
    assert made.begin().status == 201
    assert made.hello().status == 202
    return made
