"""Pairings that stand somewhere, without the way there."""

from datetime import timedelta
from typing import Any

from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.pairing.machine import SessionState
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.sealing import Sealed
from chalicelib.nodes.pairing.session import Origin, PairingSession, Polling
from chalicelib.nodes.pairing.store import PairingStore
from chalicelib.nodes.rows import SessionRow
from tests.nodes.gateway import Node

SESSION = "01JDPA1R1NG000000000000000"


def stands(node: Node, session_id: str = SESSION, **changes: Any) -> PairingSession:
    """Keep an approved pairing of a node, but for what is said, and return it."""
    now = node.gateway.world.clock.now()
    facts: dict[str, Any] = {
        "owner": node.owner,
        "device_id": node.id,
        "label": "garage pi",
        "spki_sha256": NodeRequest.read(node.csr(), node.id).public_key_sha256,
        "state": SessionState.APPROVED,
        "deadline": now + timedelta(minutes=10),
    }
    made = PairingSession(
        id=session_id,
        code_id="K7QM",
        code_serial=session_id,
        method=PairingMethod.PIN,
        client_kind=ClientKind.DAEMON,
        minted_by="token:laptop",
        transcript_sha256="0" * 64,
        origin=Origin("192.0.2.7"),
        version=3,
        op=session_id,
        created_at=now,
        nonce="A" * 43,
        polling=Polling(now),
        **(facts | changes),
    )
    SessionRow.transact(PairingStore().beginning(made, Sealed("", "")))
    return made
