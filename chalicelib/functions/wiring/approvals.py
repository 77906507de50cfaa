"""What asks people and follows what they decide: who waits for prompts of each kind."""

from datetime import timedelta
from functools import cache

from chalicelib.approvals.prompt import Kind
from chalicelib.approvals.service import Approvals, Waiter
from chalicelib.approvals.store import ApprovalStore
from chalicelib.approvals.watch import ApprovalWatch
from chalicelib.functions.wiring.container import Container, courier, pace, work
from chalicelib.functions.wiring.sweeps import incidents, journal
from chalicelib.runs.waking import RunWaker


@cache
def approvals(of: Container) -> Approvals:
    """Return the prompts."""
    return Approvals(
        store=store(of),
        journal=journal(of),
        incidents=incidents(of),
        waiters=approval_decided(of),
        clock=of.clock,
        timeout=timedelta(seconds=of.settings.approval_timeout_seconds),
        standing=timedelta(days=of.settings.approval_standing_days),
        two_person=of.settings.approval_people > 1,
    )


@cache
def approval_decided(of: Container) -> dict[str, Waiter]:
    """Return who waits for a decision, by the kind of prompt."""
    runs = RunWaker(work=work(of), courier=courier(of), clock=of.clock, pace=pace(of))
    return {Kind.TOOL_CALL: runs, Kind.DISPATCH: runs}


@cache
def store(of: Container) -> ApprovalStore:
    """Return the prompts as they are stored."""
    return ApprovalStore(of.settings.shards, timedelta(days=of.settings.runs_retention_days))


@cache
def watch(of: Container) -> ApprovalWatch:
    """Return what looks after pending prompts."""
    return ApprovalWatch(approvals=approvals(of), clock=of.clock)
