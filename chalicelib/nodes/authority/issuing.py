"""CertificateIssuer: the one place where certificates come to be.

What was issued is known by what it was issued for, so that a reply that was lost is given again.
The certificate, the device that is offered it, the key that is nobody else's from then on and the
journal's event are one transaction: there is no certificate of which the table does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import Conflict, Unavailable
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority import profile, renewal
from chalicelib.nodes.authority.authorities import Authorities, Signing
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.naming import NodeName
from chalicelib.nodes.authority.renewal import Renewal
from chalicelib.nodes.authority.service import DeviceName, Gateway, IssuedCertificate
from chalicelib.nodes.authority.signing import signed
from chalicelib.nodes.certificates import events, moves
from chalicelib.nodes.certificates.certificate import (
    ACTIVATE_WITHIN,
    Certificate,
    CertificateOrigin,
    CertificateState,
)
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.tables import Cancelled, Write

_TRIES = 8
_ACTOR = "system:node-issuer"
_NEW_KEY = "make a new key on the device, and begin again"


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateIssuer:
    """Signs, and keeps what was signed."""

    authorities: Authorities
    certificates: CertificateStore
    journal: JournalStore
    random_bytes: Callable[[int], bytes]

    def gateway(self, now: datetime) -> Gateway:
        """Return who this gateway is."""
        return self.authorities.signing(now).gateway

    def issue(
        self, request: NodeRequest, device: DeviceName, serial_of: str, now: datetime
    ) -> IssuedCertificate:
        """Issue the certificate of an approved pairing, or return it."""
        serial_of = f"{CertificateOrigin.PAIRING}#{serial_of}"
        for _ in range(_TRIES):
            if known := self._known(request, device, serial_of):
                return known
            seen = self.certificates.device(device.owner, device.device_id)
            moves.check_pairable(seen)
            offer = self._offer(request, device, seen, CertificateOrigin.PAIRING, serial_of, now)
            if offer.kept():
                return offer.answer()
        raise Unavailable("others keep changing the device", fix="try again")

    def renew(self, asked: Renewal, owner: str, shown: str, now: datetime) -> IssuedCertificate:
        """Issue the certificate that follows a device's current one, or return it.

        Args:
            asked: what the node asked for.
            owner: the workspace of the device.
            shown: the fingerprint of the certificate that the node called with.
            now: the present instant.

        Raises:
            Conflict: the nonce or the key cannot be used, or the certificate that was shown is not
                the device's current one.
            Unavailable: AWS did not answer; ask again with the same request.
        """
        request, name = asked.request, DeviceName(owner, asked.request.device_id)
        for _ in range(_TRIES):
            if known := self._known(request, name, asked.serial_of):
                return known
            try:
                offer = self._renewal(asked, name, shown, now)
            except Conflict:
                if self.certificates.issued(owner, asked.serial_of) is None:
                    raise
                continue  # Meanwhile the same request was answered: its key is no new one now.
            use = self.certificates.nonce_use(owner, name.device_id, asked.nonce, now)
            if offer.kept(use):
                return offer.answer()
        raise Unavailable("others keep changing the device", fix="try again")

    def read_renewal(self, request: NodeRequest, nonce: str, proof: str, now: datetime) -> Renewal:
        """Return a renewal whose proof is valid.

        Raises:
            Invalid: names what is wrong.
        """
        return renewal.read(self.gateway(now).gateway_id, request, nonce, proof)

    def _known(
        self, request: NodeRequest, device: DeviceName, serial_of: str
    ) -> IssuedCertificate | None:
        known = self.certificates.issued(device.owner, serial_of)
        if known is None:
            return None
        same = (known.device_id, known.spki_sha256)
        if same != (device.device_id, request.public_key_sha256):
            raise Conflict("it was issued for another key or device before", fix=_NEW_KEY)
        authority = self.authorities.store.get(known.authority)
        if authority is None:
            raise Unavailable("the authority of the certificate is not in the table")
        return _answer(known, authority.pem)

    def _renewal(self, asked: Renewal, name: DeviceName, shown: str, now: datetime) -> "_Offer":
        seen = self.certificates.device(name.owner, name.device_id)
        _check_renewable(seen, shown, now)
        origin = CertificateOrigin.RENEWAL
        return self._offer(asked.request, name, seen, origin, asked.serial_of, now)

    def _offer(
        self,
        request: NodeRequest,
        name: DeviceName,
        seen: Device | None,
        origin: CertificateOrigin,
        serial_of: str,
        now: datetime,
    ) -> "_Offer":
        signing = self.authorities.signing(now)
        if now >= signing.certificate.not_valid_after_utc:
            raise Unavailable(
                "the authority that signs has ended",
                fix="let another one follow: `palyra authority prepare`, then `switch`",
            )
        self.authorities.vouch(signing, now)
        self._check_key(request, name, signing, origin)
        certificate = self._certificate(request, name, seen, signing, origin, serial_of, now)
        return _Offer(self, signing, seen, name, certificate, now)

    def _check_key(
        self, request: NodeRequest, name: DeviceName, signing: Signing, origin: CertificateOrigin
    ) -> None:
        key = request.public_key_sha256
        if key == signing.gateway.ca_spki_sha256:
            raise Conflict("the key is the authority's", fix=_NEW_KEY)
        use = self.certificates.key_use(key)
        if use is None:
            return
        if use.denied:
            raise Conflict("the key was revoked, or followed by another", fix=_NEW_KEY)
        if (use.owner, use.device_id) != (name.owner, name.device_id):
            raise Conflict("the key is another device's", fix=_NEW_KEY)
        if origin is CertificateOrigin.RENEWAL:
            raise Conflict("the key is not a new one", fix=_NEW_KEY)

    def _certificate(
        self,
        request: NodeRequest,
        name: DeviceName,
        seen: Device | None,
        signing: Signing,
        origin: CertificateOrigin,
        serial_of: str,
        now: datetime,
    ) -> Certificate:
        leaf = profile.Leaf(
            name.owner,
            NodeName(signing.head.gateway_id, name.device_id),
            profile.p256(request.public_key),
            profile.serial_number(self.random_bytes(profile.SERIAL_BYTES)),
            now,
        )
        builder = profile.node_builder(leaf, signing.certificate)
        made = signed(builder, signing.signer, signing.certificate)
        until = leaf.not_after if origin is CertificateOrigin.RENEWAL else now + ACTIVATE_WITHIN
        return Certificate(
            owner=name.owner,
            device_id=name.device_id,
            fingerprint=profile.fingerprint(made),
            serial=f"{leaf.serial:040x}",
            spki_sha256=request.public_key_sha256,
            authority=signing.authority.key_id,
            pem=profile.pem(made),
            serial_of=serial_of,
            origin=origin,
            generation=seen.generation + 1 if seen else 1,
            state=CertificateState.ISSUED,
            issued_at=from_ms(to_ms(now)),
            not_before=leaf.not_before,
            not_after=leaf.not_after,
            usable_until=from_ms(to_ms(until)),
        )


@dataclass(frozen=True, slots=True)
class _Offer:
    """A certificate that was signed, and counts for nothing before it is kept."""

    issuer: CertificateIssuer
    signing: Signing
    seen: Device | None
    name: DeviceName
    certificate: Certificate
    now: datetime

    def kept(self, *others: Write) -> bool:
        """Keep it with all that depends on it; False where what it was decided on has changed.

        Raises:
            Conflict: it is the others that were refused.
        """
        issuer, certificate = self.issuer, self.certificate
        device = moves.offered(self.seen, self.name, certificate, self.now, _ACTOR)
        writes = issuer.certificates.offer(self.seen, device, certificate, self._replaced())
        event = events.issued(certificate, self.signing.authority.key_id, self.now, _ACTOR)
        try:
            issuer.journal.append_with(event, [*writes, *others])
        except Cancelled as cancelled:
            own = cancelled.refusals[: len(writes)]
            if any(cancelled.refusals[len(writes) : len(writes) + len(others)]) and not any(own):
                raise Conflict(
                    "the nonce was used, has expired or is not this device's", fix="ask for one"
                ) from cancelled
            return False
        return True

    def answer(self) -> IssuedCertificate:
        """Return what is handed out."""
        return _answer(self.certificate, self.signing.authority.pem)

    def _replaced(self) -> Certificate | None:
        if self.seen is None or not self.seen.offered:
            return None
        store, name = self.issuer.certificates, self.name
        return store.certificate(name.owner, name.device_id, self.seen.offered)


def _check_renewable(device: Device | None, shown: str, now: datetime) -> None:
    state = device.state if device else None
    if device is None or state is not DeviceState.ACTIVE:
        raise Conflict(f"the device is {state or 'unknown'}", fix="pair it")
    if device.current != shown or device.has_lapsed(now):
        raise Conflict(
            "the certificate was followed by another", fix="call with the newest certificate"
        )


def _answer(certificate: Certificate, authority_pem: str) -> IssuedCertificate:
    return IssuedCertificate(
        pem=certificate.pem,
        chain_pem=authority_pem,
        serial=certificate.serial,
        fingerprint=certificate.fingerprint,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )
