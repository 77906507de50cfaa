"""What policies are made of: who decides, and what operators do with them."""

from functools import cache

from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.sweeps import incidents, journal, runs
from chalicelib.functions.wiring.tools import journal_search, toolbox
from chalicelib.ids import Ids
from chalicelib.policy.alarm import PolicyAlarm
from chalicelib.policy.authority import Authority
from chalicelib.policy.service import PolicyService
from chalicelib.policy.store import PolicyStore
from chalicelib.runs.decisions import RunDecisions
from chalicelib.scheduler.store import JobStore


@cache
def authority(of: Container) -> Authority:
    """Return what decides, its policies parsed once."""
    return Authority(store=PolicyStore(), alarm=alarm(of), clock=of.clock)


@cache
def alarm(of: Container) -> PolicyAlarm:
    """Return who is told that policies cannot decide."""
    return PolicyAlarm(incidents=incidents(of), clock=of.clock)


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
