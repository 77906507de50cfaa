"""What every function stands on, and the rooms that several of them share."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from chalicelib.background.courier import Courier
from chalicelib.background.gate.store import GateStore
from chalicelib.background.looking import Pace
from chalicelib.background.queue import LaneQueue
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Lane
from chalicelib.clock import Clock, SystemClock
from chalicelib.functions.observability import measuring_bad_settings
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.store import JobStore
from chalicelib.settings import BAKED, Settings


@dataclass(kw_only=True, eq=False, repr=False)
class Container:
    """The settings, clock and randomness of one Lambda container, or of one test."""

    settings: Settings
    clock: Clock
    random_bytes: Callable[[int], bytes]


@cache
@measuring_bad_settings
def container() -> Container:
    """Return this container's.

    Raises:
        InvalidSettings: a setting is not valid.
    """
    settings = Settings.load(os.environ, BAKED)
    return Container(settings=settings, clock=SystemClock(), random_bytes=os.urandom)


@cache
def work(of: Container) -> WorkStore:
    """Return the tasks."""
    return WorkStore(of.settings.lease, timedelta(days=of.settings.ledger_retention_days))


@cache
def courier(of: Container) -> Courier:
    """Return what sends messages, to the queue of each lane."""
    lanes = {str(lane): LaneQueue(lane) for lane in Lane}
    return Courier(lanes=lanes, clock=of.clock, horizon=of.settings.horizon)


@cache
def pace(of: Container) -> Pace:
    """Return how long things may take."""
    return Pace(
        lease=of.settings.lease,
        horizon=of.settings.horizon,
        grace=timedelta(seconds=of.settings.cancel_grace_seconds),
        child_timeout=timedelta(seconds=of.settings.delegation_timeout_seconds),
    )


@cache
def handover(of: Container) -> Handover:
    """Return what hands slots over."""
    return Handover(
        jobs=JobStore(),
        work=work(of),
        courier=courier(of),
        gates=GateStore(),
        grace=of.settings.misfire_grace,
        shards=of.settings.shards,
    )
