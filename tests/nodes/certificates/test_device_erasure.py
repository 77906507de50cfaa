"""What was written on a device that is out can be erased; what became of the device stays."""

import pytest

from chalicelib.background.task import State
from chalicelib.errors import Conflict, NotFound
from chalicelib.nodes.certificates.device import DeviceState
from tests.background.test_erasure import ask, carried_out, erasures, readable
from tests.nodes.gateway import Gateway, Node
from tests.support.faults import before

WHY = "Ada has taken it with her"
LABEL = "garage pi"


def test_what_was_written_on_a_device_is_readable_nowhere_at_the_end(gateway: Gateway) -> None:
    node = gateway.node()
    out = gateway.revoke(node, WHY)
    assert (out.label, out.reason) == (LABEL, WHY)
    assert readable()

    carried_out(gateway.world, ask(gateway.world, node.id))

    found = gateway.device(node)
    assert (found.label, found.reason) == ("", "")
    assert (found.state, found.changed_by) == (DeviceState.REVOKED, out.changed_by)
    assert readable() == []


@pytest.mark.parametrize("way", ["paired", "suspended", "being paired again"])
def test_a_device_must_be_out_first(gateway: Gateway, way: str) -> None:
    node = gateway.node()
    if way == "suspended":
        node.renewed().whoami()
        assert node.whoami().status == 403
    if way == "being paired again":
        gateway.revoke(node)
        gateway.clear(node)
        gateway.issue(Node(gateway, node.owner, node.id))

    with pytest.raises(Conflict) as refused:
        ask(gateway.world, node.id)

    assert "/revoke" in refused.value.fix


def test_a_device_that_was_erased_is_paired_again_under_another_label(gateway: Gateway) -> None:
    node = gateway.node()
    gateway.revoke(node, WHY)
    carried_out(gateway.world, ask(gateway.world, node.id))

    gateway.clear(node)
    again = gateway.node(device_id=node.id)

    assert again.whoami().status == 200
    assert gateway.device(again).label == LABEL


def test_a_device_that_changes_meanwhile_is_looked_at_again(gateway: Gateway) -> None:
    node = gateway.node()
    gateway.revoke(node, WHY)
    task = ask(gateway.world, node.id)

    with before("UpdateItem", "nodes", lambda: gateway.clear(node)):
        gateway.world.container().handle(task.ref)

    assert gateway.device(node).label == LABEL
    assert carried_out(gateway.world, gateway.world.task(task.ref)).state is State.SUCCEEDED
    found = gateway.device(node)
    assert (found.state, found.label) == (DeviceState.CLEARED, "")
    assert readable() == []


def test_whoever_saw_the_device_before_does_not_write_it_back(gateway: Gateway) -> None:
    node = gateway.node()
    gateway.revoke(node, WHY)
    task = ask(gateway.world, node.id)

    with before("TransactWriteItems", "", lambda: carried_out(gateway.world, task)):
        gateway.clear(node)

    found = gateway.device(node)
    assert (found.state, found.label) == (DeviceState.CLEARED, "")


def test_another_owners_device_is_not_there(gateway: Gateway) -> None:
    node = gateway.node()
    gateway.revoke(node, WHY)
    fields = {"subject": node.id, "reason": "asked for"}
    with pytest.raises(NotFound):
        erasures(gateway.world).ask("other", "token:other", fields)
