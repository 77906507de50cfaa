"""Incidents of nodes end when their cause has, and not before."""

import os
from datetime import timedelta

import pytest

from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.node_upkeep import certificate_watch
from chalicelib.incidents import node_kinds
from chalicelib.incidents.incident import IncidentState, RuntimeIncidentRecord
from chalicelib.incidents.kind import IncidentKind, IncidentSeverity
from tests.healing.ward import Ward
from tests.nodes.gateway import Gateway, Node
from tests.support.world import World

HOUR = timedelta(hours=1)
ENDING, EXPIRED = node_kinds.CERTIFICATE_ENDING, node_kinds.CERTIFICATE_EXPIRED


class Nodes(Gateway):
    """The gateway, in a container on the world's clock."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.container = Container(
            settings=world.settings, clock=world.clock, random_bytes=os.urandom
        )

    @property
    def of(self) -> Container:
        return self.container

    def watched(self, hours: float) -> None:
        """Let time pass, and the sweep see which certificates end."""
        self.world.clock.move(hours * HOUR)
        certificate_watch(self.of).run()


@pytest.fixture
def nodes(world: World) -> Nodes:
    return Nodes(world)


@pytest.fixture
def ward(world: World) -> Ward:
    return Ward(world)


def incident(ward: Ward, kind: IncidentKind) -> RuntimeIncidentRecord:
    return ward.one(kind.name)


def is_open(ward: Ward, kind: IncidentKind) -> bool:
    ward.swept()
    return incident(ward, kind).state is IncidentState.OPEN


def paired_again(nodes: Nodes, node: Node) -> None:
    following = Node(nodes, node.owner, node.id)
    following.takes(nodes.issue(following))
    nodes.activate(following)


def test_a_certificate_that_ends_is_an_incident_until_the_next_one_is_used(
    nodes: Nodes, ward: Ward
) -> None:
    node = nodes.node()
    nodes.watched(hours=20)
    assert is_open(ward, ENDING)
    following = Node(nodes, node.owner, node.id)
    following.takes(nodes.issue(following))
    assert is_open(ward, ENDING)  # It was offered, and may never be used.
    nodes.activate(following)
    assert not is_open(ward, ENDING)


def test_the_end_is_an_incident_of_its_own_and_of_its_own_severity(
    nodes: Nodes, ward: Ward
) -> None:
    nodes.node()
    nodes.watched(hours=20)
    nodes.watched(hours=5)
    assert not is_open(ward, ENDING)
    assert is_open(ward, EXPIRED)
    assert incident(ward, EXPIRED).severity is IncidentSeverity.HIGH
    ward.minute(60 * 24)
    assert is_open(ward, EXPIRED)


def test_the_end_is_over_when_the_node_is_paired_again(nodes: Nodes, ward: Ward) -> None:
    node = nodes.node()
    nodes.watched(hours=25)
    assert is_open(ward, EXPIRED)
    paired_again(nodes, node)
    assert not is_open(ward, EXPIRED)


@pytest.mark.parametrize("way", ["revoke", "clear"])
def test_a_copy_is_an_incident_until_an_operator_has_done_something(
    nodes: Nodes, ward: Ward, way: str
) -> None:
    node, now = nodes.node(), nodes.world.clock.now()
    wiring.devices(nodes.of).suspend(nodes.certificate(node), now)
    ward.minute(60)
    assert is_open(ward, node_kinds.NODE_CLONED)
    assert incident(ward, node_kinds.NODE_CLONED).severity is IncidentSeverity.CRITICAL
    getattr(nodes, way)(node)
    assert not is_open(ward, node_kinds.NODE_CLONED)


def test_an_incident_of_a_device_that_there_is_not_is_over(nodes: Nodes, ward: Ward) -> None:
    looks = ward.healer.looks
    node = nodes.node()
    nodes.watched(hours=20)
    record = incident(ward, ENDING)
    nodes.revoke(node)
    for kind in (ENDING, EXPIRED, node_kinds.NODE_CLONED):
        assert looks[kind.name](record, nodes.world.clock.now()) == "gone"
