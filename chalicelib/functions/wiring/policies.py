"""What policies are made of: who decides, and what operators do with them."""

from functools import cache

from chalicelib.functions.wiring.authority import alarm, authority
from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.searching import journal_search
from chalicelib.functions.wiring.sweeps import journal, runs
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.ids import Ids
from chalicelib.policy.service import PolicyService
from chalicelib.policy.store import PolicyStore
from chalicelib.runs.decisions import RunDecisions
from chalicelib.scheduler.store import JobStore

__all__ = ["alarm", "authority", "policies"]


@cache
def policies(of: Container) -> PolicyService:
    """Return what operators do with policies."""
    return PolicyService(
        store=PolicyStore(),
        authority=authority(of),
        journal=journal(of),
        alarm=alarm(of),
        recent=RunDecisions(
            name_of=JobStore().name,
            runs=runs(of),
            journal=journal_search(of),
            tools=toolbox(of),
            clock=of.clock,
        ),
        clock=of.clock,
        ids=Ids(of.random_bytes),
    )
