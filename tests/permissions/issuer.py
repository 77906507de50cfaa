"""What the issuer of nodes' certificates does."""

from typing import Any

from chalicelib.functions.issuer import node_issuer
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.authority.store import IdentityRow
from tests.nodes.approving import stands
from tests.nodes.gateway import Gateway, Node, new_key
from tests.permissions.recorder import Recorder
from tests.support.world import MINUTE, World


def asked(node: Node, session: str) -> dict[str, Any]:
    stands(node, session)
    return {
        "do": "issue",
        "csr_pem": node.csr(),
        "device": {"owner": node.owner, "device_id": node.id},
        "serial_of": session,
    }


def issuing(world: World, record: Recorder) -> None:
    node = Node(Gateway(world), "main", "01JDABCDEFGHJKMNPQRSTVWXYZ")
    first = asked(node, "first")
    node.key = new_key()  # An offer that replaces the first one.
    second = asked(node, "second")
    with record():
        assert "answer" in node_issuer({"do": "gateway"}, None)
        assert "answer" in node_issuer(first, None)
        assert "answer" in node_issuer(second, None)


def rolling_over(world: World, record: Recorder) -> None:
    first = asked(Node(Gateway(world), "main", "01JDABCDEFGHJKMNPQRSTVWXYZ"), "first")
    with record():
        for step in ("prepare", "switch"):
            assert "answer" in node_issuer({"do": step, "actor": "token:laptop"}, None)
        assert "answer" in node_issuer(first, None)


def failing(world: World, record: Recorder) -> None:
    node = Node(Gateway(world), "main", "01JDABCDEFGHJKMNPQRSTVWXYZ")
    assert "answer" in node_issuer(asked(node, "first"), None)
    IdentityRow("system#authority", "head").update([IdentityRow.signing.set("00")])
    for _ in range(2):  # The incident is opened again.
        with record():
            assert "refusal" in node_issuer({"do": "gateway"}, None)
        incident = (IncidentDomain.NODE, "issuing-fails:node_issuer")
        now = world.clock.now()
        assert IncidentStore().resolve("system", incident, "it is well again", now)
        world.clock.move(MINUTE)


FLOWS = (issuing, rolling_over, failing)
