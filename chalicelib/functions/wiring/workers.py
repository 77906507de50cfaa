"""What the workers are made of: the kinds of tasks that they know, and the tools of runs."""

from datetime import timedelta
from functools import cache

from chalicelib.background.kinds import Kind
from chalicelib.background.worker import Worker
from chalicelib.functions.wiring.container import Container, queues, work
from chalicelib.functions.wiring.sweeps import firing_conclusion, journal
from chalicelib.functions.wiring.sweeps import runs as run_store
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.policy.engine import PolicyEngine
from chalicelib.providers import OfflineProvider
from chalicelib.runs.service import RunService
from chalicelib.runs.transcripts import Transcripts
from chalicelib.scheduler.dispatch import Dispatch
from chalicelib.scheduler.job import KIND, LANE
from chalicelib.scheduler.store import JobStore


@cache
def worker(of: Container) -> Worker:
    """Return the worker of the normal lane."""
    return Worker(
        work=work(of),
        queue=queues(of)[LANE],
        journal=journal(of),
        kinds=kinds(of),
        clock=of.clock,
        random_bytes=of.random_bytes,
        retry_base=timedelta(seconds=of.settings.retry_base_seconds),
    )


@cache
def kinds(of: Container) -> dict[str, Kind]:
    """Return the kinds of tasks that workers know."""
    return {
        KIND: Dispatch(
            jobs=JobStore(),
            work=work(of),
            runs=runs(of),
            policy=policy(of),
            clock=of.clock,
            conclusion=firing_conclusion(of),
        )
    }


@cache
def runs(of: Container) -> RunService:
    """Return what carries out runs."""
    return RunService(
        transcripts=Transcripts(runs=run_store(of), work=work(of)),
        provider=OfflineProvider(),
        tools=toolbox(of),
        policy=policy(of),
        clock=of.clock,
        max_steps=of.settings.max_steps,
    )


@cache
def policy(_of: Container) -> PolicyEngine:
    """Return what decides, its policies parsed once."""
    return PolicyEngine()
