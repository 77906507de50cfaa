"""Who decides by the policies; asked by triggers, by runs, and by what reaches nodes."""

from functools import cache

from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.sweeps import incidents
from chalicelib.policy.alarm import PolicyAlarm
from chalicelib.policy.authority import Authority
from chalicelib.policy.store import PolicyStore


@cache
def authority(of: Container) -> Authority:
    """Return what decides, its policies parsed once."""
    return Authority(store=PolicyStore(), alarm=alarm(of), clock=of.clock)


@cache
def alarm(of: Container) -> PolicyAlarm:
    """Return who is told that policies cannot decide."""
    return PolicyAlarm(incidents=incidents(of), clock=of.clock)
