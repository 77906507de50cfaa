"""NodeRuntimeState: all that can be done about nodes that are not paired yet."""

from dataclasses import dataclass

from chalicelib.nodes.pairing.activating import Activating
from chalicelib.nodes.pairing.claiming import Claiming
from chalicelib.nodes.pairing.deciding import Deciding
from chalicelib.nodes.pairing.handshake import Handshake
from chalicelib.nodes.pairing.minting import Minting
from chalicelib.nodes.pairing.recovering import Recovering
from chalicelib.nodes.pairing.upkeep import PairingUpkeep


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NodeRuntimeState:
    """The life of a node from the code that it is told to its first call with a certificate.

    Attributes:
        codes: what operators mint.
        handshake: what a node proves its code with.
        recovery: what a node comes back by whose certificate has ended.
        requests: what operators decide.
        claims: what a node is handed its certificate by.
        activation: the end of a pairing that worked.
        upkeep: the end of all others.
    """

    codes: Minting
    handshake: Handshake
    recovery: Recovering
    requests: Deciding
    claims: Claiming
    activation: Activating
    upkeep: PairingUpkeep
