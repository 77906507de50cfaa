"""What lets nodes in, and what operators do with them."""

from collections.abc import Sequence
from functools import cache

from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.sweeps import heartbeats, incidents, journal
from chalicelib.nodes.authority.remote import RemoteIssuer
from chalicelib.nodes.authority.service import Gateway
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.authority.view import AuthorityView, KnownAuthority
from chalicelib.nodes.certificates.alarms import NodeIncidents
from chalicelib.nodes.certificates.service import DeviceService
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.enforcement.service import Gatekeeper
from chalicelib.nodes.enforcement.telling import RefusalTeller


@cache
def gatekeeper(of: Container) -> Gatekeeper:
    """Return what lets nodes in."""
    return Gatekeeper(
        certificates=CertificateStore(),
        devices=devices(of),
        teller=RefusalTeller(
            journal=journal(of),
            authorities=AuthorityStore(),
            alarm=NodeIncidents(incidents=incidents(of)),
        ),
        clock=of.clock,
        origin=of.settings.nodes_origin or "",
    )


@cache
def devices(of: Container) -> DeviceService:
    """Return what is done with devices."""
    return DeviceService(
        certificates=CertificateStore(),
        journal=journal(of),
        alarm=NodeIncidents(incidents=incidents(of)),
        heartbeats=heartbeats(of),
        random_bytes=of.random_bytes,
    )


@cache
def remote_issuer(_of: Container) -> RemoteIssuer:
    """Return who issues certificates."""
    return RemoteIssuer()


def gateway(of: Container) -> Gateway:
    """Return who this gateway is; where nobody knows yet, the issuer is asked.

    Raises:
        Unavailable: AWS did not answer.
    """
    known = AuthorityView(AuthorityStore()).gateway()
    return known or remote_issuer(of).gateway(of.clock.now())


def authorities(of: Container) -> Sequence[KnownAuthority]:
    """Return the authorities whose certificates count.

    Raises:
        Unavailable: DynamoDB did not answer.
    """
    return AuthorityView(AuthorityStore()).authorities(of.clock.now())
