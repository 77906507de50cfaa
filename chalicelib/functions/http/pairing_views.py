"""The shapes of answers about pairing."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import WithJsonSchema

from chalicelib.functions.http.views import Instant
from chalicelib.nodes.pairing.machine import SessionState
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod

State = Annotated[str, WithJsonSchema({"type": "string", "enum": [*SessionState]})]
Method = Annotated[str, WithJsonSchema({"type": "string", "enum": [*PairingMethod]})]
Kind = Annotated[str, WithJsonSchema({"type": "string", "enum": [*ClientKind]})]


class PairingCode(TypedDict):
    """A code that a device may begin with; `attempts` counts those that did, of five."""

    code_id: str
    method: Method
    client_kind: Kind
    label: str
    minted_by: str
    created_at: Instant
    expires_at: Instant
    attempts: int


class MintedPairingCode(PairingCode):
    """A code with its secret, which is shown this once: a PIN, or what a QR code says."""

    pin: NotRequired[str]
    qr: NotRequired[str]


class EndedPairingCode(TypedDict):
    """A code that nobody can begin with any more."""

    code_id: str
    state: Literal["dead"]


class ApprovalPrompt(TypedDict):
    """What is asked about a request; no option is chosen beforehand."""

    title: str
    summary: str
    risk: Literal["high"]
    policy: str
    subject: str
    principal: str
    channel: str
    options: list[str]


class VerifiedPairing(TypedDict):
    """What is known of a device that has proven its code."""

    session_id: str
    device_id: str
    client_kind: Kind
    method: Method
    code_issued_by: str
    identity_fingerprint: str
    transcript_sha256: str


class PairingRequest(TypedDict):
    """A device that has proven a code; a decision names `version` and the fingerprint.

    `fingerprint_groups` is the identity's fingerprint in groups of four, for people; `replaces` is
    the paired device that would be thrown out, or null.
    """

    request_id: str
    code_id: str
    version: int
    state: State
    label: str
    address: str
    agent: str
    created_at: Instant
    expires_at: Instant
    fingerprint_groups: str
    replaces: str | None
    numbers_typed: int
    decided_by: str | None
    decided_at: Instant | None
    certificate_fingerprint: str | None
    verified: VerifiedPairing
    prompt: ApprovalPrompt


class PairingBegun(TypedDict):
    """A session that was begun; base64url without padding."""

    session_id: str
    msg_b: str
    gateway_id: str
    ca_spki_sha256: str
    expires_at: Instant


class PairingRequested(TypedDict):
    """A request that waits for a decision. The device works `sas` out by itself: it is not sent."""

    state: State
    request_id: str
    confirm: str
    sas: None
    poll_after_s: int
    expires_at: Instant


class RecoveryBegun(TypedDict):
    """What the last key of a device has to sign, and until when."""

    nonce: str
    gateway_id: str
    expires_at: Instant


class NodeReturned(TypedDict):
    """A device that has proven its last key, and waits for a decision; claimed as a session.

    `msg_b` is the gateway's public key of the exchange with the new one, an uncompressed point.
    """

    state: State
    session_id: str
    request_id: str
    msg_b: str
    confirm: str
    gateway_id: str
    ca_spki_sha256: str
    poll_after_s: int
    expires_at: Instant


class PairingClaimed(TypedDict):
    """What became of a request.

    `nonce` is for the next question. Only a proven question is told `state` and `confirm`, and the
    certificate where it is issued; without a proof the state is `unproven`.
    """

    state: Literal["unproven", "pending_approval", "issued"]
    nonce: str
    poll_after_s: int
    expires_at: NotRequired[Instant]
    confirm: NotRequired[str]
    certificate_pem: NotRequired[str]
    ca_pem: NotRequired[str]
    not_after: NotRequired[Instant]
    activate_by: NotRequired[Instant]


class ActivatedNode(TypedDict):
    """A device that is a node from now on."""

    state: Literal["active"]
    device_id: str
    certificate_fingerprint: str
    not_after: Instant | None
