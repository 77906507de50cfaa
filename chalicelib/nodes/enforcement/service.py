"""Gatekeeper: lets a node's call in, or not; whatever goes wrong, it does not.

A call costs one request to DynamoDB, strongly consistent, of authority, device and certificate. The
first call with a renewed certificate costs a second one, which lets it follow the other. Nothing is
remembered between calls, so a device that was revoked is out with its next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.clock import Clock
from chalicelib.errors import CertificateRefused, ClientCertRequired, Conflict
from chalicelib.nodes.certificates.certificate import Certificate, CertificateOrigin
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.certificates.service import DeviceService
from chalicelib.nodes.certificates.store import CertificateStore, Found
from chalicelib.nodes.enforcement import admission, presented
from chalicelib.nodes.enforcement.admission import Admitted, Purpose
from chalicelib.nodes.enforcement.presented import Presented
from chalicelib.nodes.enforcement.reason import NotAdmitted, Reason
from chalicelib.nodes.enforcement.telling import RefusalTeller

_PAIR = "call the nodes origin with the certificate of this device; pair it where it has none"


class NodeCaller(NamedTuple):
    """Who makes a call: a device, by a certificate that is good for it.

    Attributes:
        is_first: the certificate of a pairing, which `DeviceService.activate` has yet to let count.
    """

    owner: str
    device: Device
    certificate: Certificate
    is_first: bool = False

    @property
    def actor(self) -> str:
        """Return what the journal calls it."""
        return f"node:{self.device.id}"


class Call(NamedTuple):
    """A call as far as the gatekeeper looks at it.

    Attributes:
        context: the event's `requestContext`.
        path: the device that the path names.
        body: the device that the body names; None where it names none.
    """

    context: Mapping[str, Any]
    path: str
    body: str | None = None
    purpose: Purpose = Purpose.CALL


@dataclass(kw_only=True, eq=False, repr=False)
class Gatekeeper:
    """The gate of the nodes origin.

    Attributes:
        origin: the domain that asks for certificates; empty where there is none, and no node.
    """

    certificates: CertificateStore
    devices: DeviceService
    teller: RefusalTeller
    clock: Clock
    origin: str

    def admit(self, call: Call) -> NodeCaller:
        """Return who makes a call.

        Raises:
            ClientCertRequired: it came without a certificate, or not by the nodes origin.
            CertificateRefused: the certificate may not make it; which why is in the journal.
            Unavailable: DynamoDB did not answer; nobody is let in then.
        """
        pem = presented.shown(call.context, self.origin)
        if not pem:
            raise ClientCertRequired("the call was made without a client certificate", fix=_PAIR)
        now = self.clock.now()
        try:
            shown = presented.read(pem)
        except NotAdmitted as refusal:
            self.teller.of_misfit(pem, now)
            raise _refused() from refusal
        name = shown.name.device_id
        found = self.certificates.found(shown.owner, name, shown.fingerprint, shown.authority)
        self._check_authority(shown, found, now)
        return self._let_in(self._judged(shown, found, call, now), now)

    def not_asked(self, caller: NodeCaller) -> None:
        """Tell that a device took or answered what it was not asked."""
        self.teller.of_caller(caller.certificate, Reason.NOT_ASKED, self.clock.now())

    def _check_authority(self, shown: Presented, found: Found, now: datetime) -> None:
        try:
            admission.check_authority(shown, found, now)
        except NotAdmitted as refusal:
            if refusal.reason is Reason.EXPIRED:
                self.teller.of_device(shown, refusal.reason, now)
            elif found.authority is None or refusal.reason is Reason.BAD_SIGNATURE:
                self.teller.of_stranger(shown.certificate, refusal.reason, now)
            raise _refused() from refusal

    def _judged(self, shown: Presented, found: Found, call: Call, now: datetime) -> Admitted:
        try:
            admission.check_names(shown, call.path, call.body)
            return admission.judge(shown, found, call.purpose, now)
        except NotAdmitted as refusal:
            self._answer(shown, found, refusal.reason, now)
            raise _refused() from refusal

    def _let_in(self, admitted: Admitted, now: datetime) -> NodeCaller:
        device, certificate = admitted.device, admitted.certificate
        caller = NodeCaller(device.owner, device, certificate, admitted.is_first)
        if not admitted.is_first or certificate.origin is CertificateOrigin.PAIRING:
            return caller
        try:
            active = self.devices.activate(device, certificate, now)
        except Conflict as conflict:
            raise _refused() from conflict
        return NodeCaller(device.owner, active, certificate)

    def _answer(self, shown: Presented, found: Found, reason: Reason, now: datetime) -> None:
        """Tell of a refusal; a copy of a key ends the device."""
        if reason is Reason.SUPERSEDED and found.certificate is not None:
            self.devices.suspend(found.certificate, now)
        self.teller.of_device(shown, reason, now)


def _refused() -> CertificateRefused:
    return CertificateRefused(
        "this certificate may not make this call",
        fix="renew it or pair the device again; the operator sees why in the journal",
    )
