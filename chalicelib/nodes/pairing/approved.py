"""Approved: whether somebody let in the device that a certificate is asked for.

Whoever may invoke the issuer could ask it for any device. So it looks for itself: there is a
request, it was approved for this very device and key, and its time is not over.
"""

from datetime import datetime

from chalicelib.errors import Conflict
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.service import DeviceName
from chalicelib.nodes.pairing.machine import SessionState
from chalicelib.nodes.pairing.session import PairingSession

# What was issued is asked for again where the answer was lost.
_APPROVED = frozenset({SessionState.APPROVED, SessionState.ISSUED})


def device(
    session: PairingSession | None, request: NodeRequest, asked: DeviceName, now: datetime
) -> DeviceName:
    """Return the device as its pairing names it.

    Args:
        session: the pairing that a certificate is asked for; None where there is none.
        request: what the certificate is asked for with.
        asked: owner and id of the device that it is asked for.
        now: the present instant.

    Raises:
        Conflict: there is no such pairing, it stands elsewhere, or is another device's or key's.
    """
    if session is None:
        raise _refused("there is no such pairing")
    if session.standing(now) not in _APPROVED:
        raise _refused(f"the pairing is {session.standing(now)}")
    if (session.owner, session.device_id) != (asked.owner, asked.device_id):
        raise _refused("the pairing is another device's")
    if session.spki_sha256 != request.public_key_sha256:
        raise _refused("the pairing is another key's")
    return DeviceName(session.owner, session.device_id, str(session.client_kind), session.label)


def _refused(detail: str) -> Conflict:
    return Conflict(detail, fix="pair the device, and let an operator approve it")
