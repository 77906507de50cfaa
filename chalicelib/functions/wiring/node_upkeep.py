"""What the sweep does about nodes; workers, which load `sweeps`, need none of it."""

from functools import cache

from chalicelib.background.heartbeats.collector import HeartbeatCollector
from chalicelib.functions.wiring.container import Container, work
from chalicelib.functions.wiring.node_requests import request_keeper
from chalicelib.functions.wiring.sweeps import heartbeats, incidents, journal
from chalicelib.ids import Ids
from chalicelib.nodes.authority.alarm import AuthorityAlarm
from chalicelib.nodes.authority.remote import RemoteIssuer
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.authority.truststore import S3Truststore
from chalicelib.nodes.authority.upkeep import AuthorityUpkeep
from chalicelib.nodes.capabilities.invocations.upkeep import RequestUpkeep
from chalicelib.nodes.certificates.alarms import NodeIncidents
from chalicelib.nodes.certificates.hearing import Hearing
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.certificates.watch import CertificateWatch
from chalicelib.nodes.pairing.store import PairingStore
from chalicelib.nodes.pairing.upkeep import PairingUpkeep


@cache
def collector(of: Container) -> HeartbeatCollector:
    """Return what clears the heartbeats that dead workers left."""
    return HeartbeatCollector(
        heartbeats=heartbeats(of),
        work=work(of),
        clock=of.clock,
        silence=2 * of.settings.lease,
        shards=of.settings.shards,
        is_out=Hearing(certificates=CertificateStore()).is_out,
    )


@cache
def pairing_upkeep(of: Container) -> PairingUpkeep:
    """Return what ends pairings that nobody ends in time."""
    return PairingUpkeep(
        store=PairingStore(), journal=journal(of), clock=of.clock, ids=Ids(of.random_bytes)
    )


@cache
def certificate_watch(of: Container) -> CertificateWatch:
    """Return what sees which certificates of nodes end and are not followed."""
    return CertificateWatch(
        certificates=CertificateStore(),
        alarm=NodeIncidents(incidents=incidents(of)),
        clock=of.clock,
    )


@cache
def request_upkeep(of: Container) -> RequestUpkeep:
    """Return what ends requests to nodes that nobody ends in time."""
    return RequestUpkeep(keeper=request_keeper(of))


@cache
def authority_upkeep(of: Container) -> AuthorityUpkeep:
    """Return what sees that the authorities of nodes look after themselves."""
    return AuthorityUpkeep(
        store=AuthorityStore(),
        truststore=S3Truststore(),
        issuer=RemoteIssuer(),
        alarm=AuthorityAlarm(incidents=incidents(of)),
        clock=of.clock,
    )
