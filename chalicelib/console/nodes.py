"""The pages of nodes: the devices, what each may do and was asked, and who signs for them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from chalicelib.background.heartbeats.record import SILENCE, WorkHeartbeatKind
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.console.pairing import Refused
from chalicelib.console.status import Status, Tone
from chalicelib.console.words import pretty
from chalicelib.errors import NotFound
from chalicelib.nodes.authority import profile
from chalicelib.nodes.authority.store import Authority, AuthorityStore, Head
from chalicelib.nodes.capabilities.invocations.invoking import Invoker
from chalicelib.nodes.capabilities.invocations.request import CapabilityRequest, RequestState
from chalicelib.nodes.capabilities.service import Capabilities, CapabilityService
from chalicelib.nodes.certificates import moves
from chalicelib.nodes.certificates.certificate import Certificate, CertificateState
from chalicelib.nodes.certificates.device import ENDS_SOON, Device, DeviceState, Move
from chalicelib.nodes.certificates.service import DeviceService

_CERTIFICATES = 10
_REQUESTS = 20
_AT_ONCE = 200
_STATES = {
    DeviceState.PENDING: Status("Pending", Tone.WARN, "clock"),
    DeviceState.ACTIVE: Status("Active", Tone.GOOD, "on"),
    DeviceState.SUSPENDED: Status("Suspended", Tone.BAD, "alert"),
    DeviceState.REVOKED: Status("Revoked", Tone.BAD, "cross"),
    DeviceState.CLEARED: Status("Cleared", Tone.CALM, "stop"),
}
_EXPIRED = Status("Expired", Tone.BAD, "clock")
_ENDING = Status("Ends soon", Tone.WARN, "clock")
_OFFLINE = Status("Offline", Tone.CALM, "clock")
_CERTIFICATE_STATES = {
    CertificateState.ISSUED: Status("Offered", Tone.WARN, "clock"),
    CertificateState.ACTIVE: Status("Active", Tone.GOOD, "check"),
    CertificateState.SUPERSEDED: Status("Superseded", Tone.CALM, "skip"),
    CertificateState.REVOKED: Status("Revoked", Tone.BAD, "cross"),
}
_REQUEST_STATES = {
    RequestState.QUEUED: Status("Queued", Tone.CALM, "clock"),
    RequestState.DISPATCHED: Status("Under way", Tone.ACTIVE, "turning"),
    RequestState.AWAITING_LOCAL_MEDIATION: Status("Asks its person", Tone.WARN, "question"),
    RequestState.SUCCEEDED: Status("Succeeded", Tone.GOOD, "check"),
    RequestState.FAILED: Status("Failed", Tone.BAD, "cross"),
    RequestState.TIMED_OUT: Status("Timed out", Tone.WARN, "clock"),
    RequestState.REJECTED: Status("Rejected", Tone.BAD, "shield"),
}
_SIGNS = Status("Signs", Tone.GOOD, "check")
_FOLLOWS = Status("Signs next", Tone.ACTIVE, "clock")
_LEAVES = Status("Counts for a while", Tone.WARN, "clock")
_ENDED = Status("Ended", Tone.CALM, "stop")


class NodeLine(NamedTuple):
    """A device at a glance.

    Attributes:
        heard: when it last gave a sign of life, or None.
    """

    device: Device
    status: Status
    heard: datetime | None


class AuthorityLine(NamedTuple):
    """An authority: until when it may sign, and until when what it signed counts."""

    key: str
    status: Status
    ends_at: datetime
    trusted_until: datetime | None


class AuthorityPart(NamedTuple):
    """Who this gateway is to nodes; the authorities, that which signs first."""

    gateway_id: str
    lines: Sequence[AuthorityLine]
    is_prepared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesPage:
    """A page of devices.

    Attributes:
        authority: who signs, or None before the first device was paired.
        asking: how many devices wait for a decision.
    """

    lines: Sequence[NodeLine]
    authority: AuthorityPart | None
    asking: int
    older: str | None
    is_first: bool


class CertificateLine(NamedTuple):
    """A certificate of a device; `is_current` is that it calls with it."""

    certificate: Certificate
    status: Status
    is_current: bool


class InvocationLine(NamedTuple):
    """What a device was asked; `content` is what it was told and answered, as JSON."""

    request: CapabilityRequest
    status: Status
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePage:
    """A device.

    Attributes:
        certificates: the newest.
        earlier: how many more there were.
        refused: why the request that this page answers changed nothing, or None.
    """

    line: NodeLine
    certificates: Sequence[CertificateLine]
    earlier: int
    capabilities: Capabilities
    requests: Sequence[InvocationLine]
    can_grant: bool
    can_rotate: bool
    can_revoke: bool
    can_clear: bool
    refused: Refused | None


@dataclass(kw_only=True, eq=False, repr=False)
class NodesPages:
    """Builds the pages of an owner's nodes."""

    devices: DeviceService
    capabilities: CapabilityService
    invoker: Invoker
    heartbeats: HeartbeatStore
    authorities: AuthorityStore
    owner: str
    now: datetime

    def nodes(self, after: str | None, limit: int, asking: int) -> NodesPage:
        """Return a page of devices.

        Raises:
            Unavailable: AWS did not answer.
        """
        found = self.devices.devices(self.owner, after, limit)
        heard = self._heard(after, limit)
        return NodesPage(
            lines=[self._line(each, heard.get(each.id)) for each in found.items],
            authority=self._authority(),
            asking=asking,
            older=found.next,
            is_first=after is None,
        )

    def node(self, device_id: str, refused: Refused | None = None) -> NodePage:
        """Return the page of a device.

        Raises:
            NotFound: the owner has no such device.
            Unavailable: AWS did not answer.
        """
        device = self.devices.get(self.owner, device_id)
        kind = WorkHeartbeatKind.CHANNEL_WORKER
        beat = self.heartbeats.get(self.owner, kind, device_id)
        certificates = self._certificates(device)
        asked = self.invoker.list(self.owner, device_id, None, _REQUESTS).items
        return NodePage(
            line=self._line(device, beat.updated_at if beat else None),
            certificates=certificates[:_CERTIFICATES],
            earlier=len(certificates[_CERTIFICATES:]),
            capabilities=self.capabilities.list(self.owner, device_id),
            requests=[_invocation(each) for each in asked],
            can_grant=device.state is DeviceState.ACTIVE,
            can_rotate=_can_rotate(device, self.now),
            can_revoke=moves.can(device, Move.REVOKE),
            can_clear=moves.can(device, Move.CLEAR),
            refused=refused,
        )

    def _line(self, device: Device, heard: datetime | None) -> NodeLine:
        status, ends = _STATES[device.state], device.expires_at
        if device.state is DeviceState.ACTIVE and ends is not None:
            if ends <= self.now:
                status = _EXPIRED
            elif ends - self.now < ENDS_SOON:
                status = _ENDING
            elif heard is not None and self.now - heard > SILENCE:
                status = _OFFLINE
        return NodeLine(device, status, heard)

    def _heard(self, after: str | None, limit: int) -> Mapping[str, datetime]:
        """Return when devices were last heard; those that are heard are some of those listed."""
        kind = WorkHeartbeatKind.CHANNEL_WORKER
        beats = self.heartbeats.list(self.owner, kind, after, limit)
        return {each.object_id: each.updated_at for each in beats}

    def _certificates(self, device: Device) -> Sequence[CertificateLine]:
        """Return all certificates of a device, the newest first."""
        found: list[Certificate] = []
        after: str | None = None
        while True:
            page = self.devices.certificates_of(self.owner, device.id, after, _AT_ONCE)
            found += page.items
            after = page.next
            if after is None:
                break
        newest = sorted(found, key=lambda each: (each.issued_at, each.generation), reverse=True)
        return [_certificate(each, device, self.now) for each in newest]

    def _authority(self) -> AuthorityPart | None:
        head = self.authorities.head()
        if head is None:
            return None
        lines = [_authority(each, head, self.now) for each in self.authorities.known()]
        order = [_SIGNS, _FOLLOWS, _LEAVES, _ENDED]
        lines.sort(key=lambda each: order.index(each.status))
        return AuthorityPart(head.gateway_id, lines, bool(head.following))


def _can_rotate(device: Device, now: datetime) -> bool:
    """Return whether a device can still renew, and was not asked to yet."""
    is_in_use = device.state is DeviceState.ACTIVE and device.rotation_asked_at is None
    return is_in_use and device.expires_at is not None and now < device.expires_at


def _authority(of: Authority, head: Head, now: datetime) -> AuthorityLine:
    certificate = x509.load_pem_x509_certificate(of.pem.encode())
    if of.key_id == head.signing:
        status = _SIGNS
    elif of.key_id == head.following:
        status = _FOLLOWS
    else:
        status = _LEAVES if of.is_trusted(now) else _ENDED
    ends_at = certificate.not_valid_after_utc
    return AuthorityLine(profile.spki_sha256(certificate), status, ends_at, of.trusted_until)


def _certificate(of: Certificate, device: Device, now: datetime) -> CertificateLine:
    is_current = of.fingerprint == device.current and of.state is CertificateState.ACTIVE
    status = _CERTIFICATE_STATES[of.state]
    is_hoped_for = of.state in {CertificateState.ISSUED, CertificateState.ACTIVE}
    if is_hoped_for and now > of.not_after:
        status = _EXPIRED
    return CertificateLine(of, status, is_current)


def _invocation(of: CapabilityRequest) -> InvocationLine:
    content = {"arguments": json.loads(of.arguments)}
    if of.output:
        content["output"] = json.loads(of.output)
    return InvocationLine(of, _REQUEST_STATES[of.state], pretty(content))


def missing(device_id: str) -> NotFound:
    """Return what is told about a device that there is not."""
    return NotFound(f"there is no node {device_id[:80]!r}")
