"""Pake: from a PIN that could be guessed to a key that cannot, without anybody sending the PIN.

The gateway's side of SPAKE2 on Ed25519, by the library `spake2`. It says of itself that it does not
take constant time: a code stands five attempts, each in a session of its own, and failures are
answered after a time that does not depend on them. Its instances are never stored: the node sends
first, so that one request sees both the beginning and the end of the gateway's side.

The library takes some texts for points that no node ever sends: the neutral element with its sign
bit set, or with its coordinate not reduced, passes its check of the group. So a point must be the
one text that it is written as.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, Protocol

MESSAGE_BYTES = 33
_NODE = b"A"


class NotAPoint(Exception):
    """A message is none that the other side of the protocol could have sent."""


class Reply(NamedTuple):
    """What is sent back, and the key that both sides have if both knew the PIN."""

    message: bytes
    key: bytes


class Pake(Protocol):
    """Something that answers the first message of a PAKE."""

    def respond(self, pin: str, node: bytes, gateway: bytes, message: bytes) -> Reply:
        """Return the answer to a node's message, and the key.

        Args:
            pin: what both sides know.
            node: who the node is.
            gateway: who the gateway is.
            message: what the node sent.

        Raises:
            NotAPoint: nobody who follows the protocol sends this.
        """


class Spake2:
    """SPAKE2 on Ed25519; the randomness is an argument, so that tests have their own."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes

    def respond(self, pin: str, node: bytes, gateway: bytes, message: bytes) -> Reply:
        """Return the answer to a node's message, and the key."""
        # Loaded by those alone who pair: it makes its group when it is imported.
        library = import_module("spake2")
        check_point(message)
        side = library.SPAKE2_B(pin.encode(), idA=node, idB=gateway, entropy_f=self._random_bytes)
        answer = side.start()
        try:
            return Reply(answer, side.finish(message))
        except library.SPAKEError as error:
            raise NotAPoint(type(error).__name__) from error


def check_point(message: bytes) -> None:
    """Refuse what is not the one text of a point of the group, sent by the node's side.

    Raises:
        NotAPoint: it is not.
    """
    if len(message) != MESSAGE_BYTES or message[:1] != _NODE:
        raise NotAPoint("it has another length, or is from another side")
    group = import_module("spake2.ed25519_basic")
    try:
        written = group.bytes_to_element(message[1:]).to_bytes()
    except (ValueError, group.NotOnCurve) as error:
        raise NotAPoint("it is not in the group") from error
    if written != message[1:]:
        raise NotAPoint("it is not written as points are")
