"""The shapes of answers about nodes."""

from typing import Annotated, TypedDict

from pydantic import WithJsonSchema

from chalicelib.functions.http.views import Instant
from chalicelib.nodes.authority.view import Part
from chalicelib.nodes.certificates.certificate import CertificateOrigin, CertificateState
from chalicelib.nodes.certificates.device import DeviceState

Sha256 = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})]
NodeState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*DeviceState]})]
CertState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*CertificateState]})]
AuthorityPart = Annotated[str, WithJsonSchema({"type": "string", "enum": [*Part]})]
CertOrigin = Annotated[str, WithJsonSchema({"type": "string", "enum": [*CertificateOrigin]})]


class Node(TypedDict):
    """A device; `expires_at` is the end of the certificate that it calls with.

    `rotation_asked_at` is since when it is to renew at once; null once it has.
    """

    id: str
    kind: str
    label: str | None
    state: NodeState
    reason: str | None
    fingerprint: Sha256 | None
    offered: Sha256 | None
    generation: int
    paired_at: Instant | None
    expires_at: Instant | None
    rotation_asked_at: Instant | None
    changed_at: Instant
    changed_by: str
    version: int


class NodeCertificate(TypedDict):
    """A certificate that was issued to a device."""

    fingerprint: Sha256
    serial: str
    public_key_sha256: Sha256
    state: CertState
    origin: CertOrigin
    generation: int
    issued_at: Instant
    not_before: Instant
    not_after: Instant
    reason: str | None


class Authority(TypedDict):
    """An authority whose certificates count.

    Nothing that it signed counts from `trusted_until` on; null says until the end of its own.
    """

    part: AuthorityPart
    public_key_sha256: Sha256
    not_after: Instant
    trusted_until: Instant | None


class NodeAuthority(TypedDict):
    """Who this gateway is to nodes, and the certificate of the authority that signs.

    `authorities` are all whose certificates count: that one first, then one that was prepared, then
    those that sign no more.
    """

    gateway_id: str
    public_key_sha256: Sha256
    certificate_pem: str
    authorities: list[Authority]


class NodeIdentity(TypedDict):
    """Which device calls, with which certificate; `renew_from` is when to ask for the next one.

    With `renew_now` an operator has asked for that: it is not to be put off.
    """

    device_id: str
    owner: str
    kind: str
    label: str | None
    fingerprint: Sha256
    serial: str
    generation: int
    not_after: Instant
    renew_from: Instant
    renew_now: bool
    time: Instant


class NodeNonce(TypedDict):
    """What a renewal has to be signed with, and until when."""

    gateway_id: str
    nonce: str
    expires_at: Instant


class RenewedCertificate(TypedDict):
    """The next certificate, and that of its authority; it counts from its first use on."""

    certificate_pem: str
    ca_pem: str
    serial: str
    fingerprint: Sha256
    not_before: Instant
    not_after: Instant
    renew_from: Instant
