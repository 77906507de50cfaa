"""What changes requests to nodes."""

from functools import cache

from chalicelib.functions.wiring.container import Container, courier, work
from chalicelib.functions.wiring.sweeps import journal
from chalicelib.nodes.capabilities.invocations.keeper import RequestKeeper
from chalicelib.nodes.capabilities.invocations.store import InvocationStore
from chalicelib.nodes.certificates.store import CertificateStore


@cache
def request_keeper(of: Container) -> RequestKeeper:
    """Return what changes requests to nodes."""
    return RequestKeeper(
        store=InvocationStore(),
        certificates=CertificateStore(),
        work=work(of),
        courier=courier(of),
        journal=journal(of),
        clock=of.clock,
    )
