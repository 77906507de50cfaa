"""Issuer: what asks for certificates, and what it is answered.

The one implementation that signs is `issuing.CertificateIssuer`, in the function `node_issuer`; the
API reaches it by `remote.RemoteIssuer`. Both keep this contract.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    # Not for those who only know what was issued: what reads requests is slow to load.
    from chalicelib.nodes.authority.csr import NodeRequest


class DeviceName(NamedTuple):
    """A device, as its certificate names it.

    Attributes:
        owner: the workspace that it belongs to.
        device_id: a ULID.
        kind: cli, desktop or daemon.
        label: what the operator called it.
    """

    owner: str
    device_id: str
    kind: str = "daemon"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate that was issued.

    Attributes:
        pem: the leaf.
        chain_pem: the authority's certificate, which the leaf was signed with.
        serial: as 40 lower-case hexadecimal digits.
        fingerprint: SHA-256 over the leaf's DER, as 64 lower-case hexadecimal digits.
        not_before: from when it is valid, whole seconds.
        not_after: until when, whole seconds.
    """

    pem: str
    chain_pem: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


class Gateway(NamedTuple):
    """Who this gateway is, as nodes pin it.

    Attributes:
        gateway_id: the trust domain of its nodes' names; stays the same for ever.
        ca_spki_sha256: SHA-256 over the authority's public key, 64 lower-case hexadecimal digits.
        ca_pem: the authority's certificate, that signs at present.
    """

    gateway_id: str
    ca_spki_sha256: str
    ca_pem: str


class Issuer(Protocol):
    """Something that issues certificates to devices."""

    def gateway(self, now: datetime) -> Gateway:
        """Return who this gateway is; the authority is made where there is none yet.

        Raises:
            Unavailable: the authority cannot be reached.
        """

    def issue(
        self, request: "NodeRequest", device: DeviceName, serial_of: str, now: datetime
    ) -> IssuedCertificate:
        """Issue the certificate of an approved pairing; the same one whenever it is asked again.

        The certificate can be used for nothing before it is activated, and only for ten minutes
        then; see `chalicelib.nodes.certificates`.

        Args:
            request: with the device's public key.
            device: whom it is for.
            serial_of: what it is issued for: the id of the pairing session.
            now: the present instant.

        Raises:
            Conflict: it was issued for another key or device before, the device was revoked and
                not cleared, or the key belongs to another device or was revoked.
            Unavailable: the authority cannot be reached; ask again.
        """
