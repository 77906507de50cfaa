"""The shapes of requests about nodes, and of those that nodes make."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.functions.http.fields import Reason

_UNSAID = "not said"


class NodeDecision(BaseModel):
    """Why a node is thrown out, or may be paired again."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = _UNSAID


class NodeSays(BaseModel):
    """What every request of a node may say: which device it is, as the path does."""

    model_config = ConfigDict(extra="forbid")

    device_id: Annotated[
        str | None, Field(description="The device that calls; it must be the path's.")
    ] = None


class NodeRenewal(NodeSays):
    """A request for the next certificate."""

    csr_pem: Annotated[
        str, Field(description="A signing request (PKCS #10) for a new P-256 key, as PEM.")
    ]
    nonce: Annotated[str, Field(description="What the gateway gave for it.")]
    proof: Annotated[
        str,
        Field(
            description="base64url of the new key's signature (ECDSA, SHA-256, DER) over SHA-256 of"
            " `renew`, gateway id, device id, nonce and SHA-256 of the public key (DER), each with"
            " its length in front of it as eight bytes, big-endian."
        ),
    ]
