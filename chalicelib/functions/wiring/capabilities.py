"""What capabilities are made of: what nodes can do, may do and are asked to do."""

from functools import cache

from chalicelib.access.store import IdempotencyStore
from chalicelib.functions.wiring.authority import authority
from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.node_requests import request_keeper
from chalicelib.functions.wiring.sweeps import heartbeats, journal
from chalicelib.ids import Ids
from chalicelib.nodes.capabilities.invocations.dispatching import Dispatcher
from chalicelib.nodes.capabilities.invocations.invoking import Invoker
from chalicelib.nodes.capabilities.service import CapabilityService
from chalicelib.nodes.capabilities.store import CapabilityStore
from chalicelib.nodes.certificates.store import CertificateStore


@cache
def capabilities(of: Container) -> CapabilityService:
    """Return what says what nodes can and may do."""
    return CapabilityService(
        store=CapabilityStore(),
        certificates=CertificateStore(),
        journal=journal(of),
        clock=of.clock,
    )


@cache
def invoker(of: Container) -> Invoker:
    """Return what asks nodes."""
    return Invoker(
        keeper=request_keeper(of),
        capabilities=CapabilityStore(),
        policy=authority(of),
        requests=IdempotencyStore(),
        ids=Ids(of.random_bytes),
    )


@cache
def dispatcher(of: Container) -> Dispatcher:
    """Return what hands requests to nodes."""
    return Dispatcher(
        keeper=request_keeper(of), capabilities=CapabilityStore(), heartbeats=heartbeats(of)
    )
