"""Activating: a device has called with its certificate; its pairing is over, and it is a node.

Until then its certificate is good for nothing else, and ten minutes after it was issued it is not
even good for this. The device, its certificate and the end of the session are one transaction.
"""

from dataclasses import dataclass
from hmac import compare_digest

from chalicelib.clock import Clock
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ids import Ids
from chalicelib.nodes.certificates.certificate import Certificate, CertificateOrigin
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.certificates.service import DeviceService
from chalicelib.nodes.pairing.devices import is_as_asked
from chalicelib.nodes.pairing.machine import SessionState, Step
from chalicelib.nodes.pairing.session import PairingSession
from chalicelib.nodes.pairing.store import PairingStore
from chalicelib.tables import Cancelled

_TRIES = 4
_PREFIX = f"{CertificateOrigin.PAIRING}#"


@dataclass(kw_only=True, eq=False, repr=False)
class Activating:
    """Ends the sessions of devices that have become nodes; nothing of their secrets is left."""

    store: PairingStore
    devices: DeviceService
    clock: Clock
    ids: Ids

    def activate(self, device: Device, certificate: Certificate) -> Device:
        """Make a device a node by its first call; making it one again changes nothing.

        Args:
            device: as it was admitted.
            certificate: that it called with.

        Raises:
            Conflict: the certificate is from no pairing, or the pairing has expired.
            Unavailable: AWS did not answer; call again.
        """
        for _ in range(_TRIES):
            if compare_digest(device.current, certificate.fingerprint):
                return device
            now = self.clock.now()
            session = self._session(certificate)
            if session.standing(now) is not SessionState.ISSUED:
                raise Conflict(f"the pairing is {session.standing(now)}", fix="pair again")
            if not is_as_asked(device, session):
                raise Conflict(
                    "a device of this id was paired or thrown out meanwhile", fix="pair again"
                )
            after = session.moved(Step.ACTIVATE, now, self.ids.ulid(now))
            end = self.store.moving(session, after, None, now)
            try:
                return self.devices.activate(device, certificate, now, [end])
            except Cancelled:
                device = self.devices.get(device.owner, device.id)
        raise Unavailable("the pairing keeps changing", fix="try again")

    def _session(self, certificate: Certificate) -> PairingSession:
        stored = self.store.session(certificate.serial_of.removeprefix(_PREFIX))
        is_its = stored is not None and stored.session.owner == certificate.owner
        if stored is None or not is_its or certificate.origin is not CertificateOrigin.PAIRING:
            raise Conflict("the certificate is from no pairing", fix="there is nothing to activate")
        return stored.session
